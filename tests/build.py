"""Gifts in every state, built by the services that build them in earnest."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from uuid6 import uuid7

from accounts.models import Account
from api.delivery.backends.base import Accepted
from api.delivery.models import MailEvent, Message
from api.delivery.services import begin_sending
from api.delivery.states import MessageStatus
from api.gifts import services
from api.gifts.content import GiftContent
from api.gifts.models import Gift
from api.gifts.states import GiftStatus
from api.media.models import Upload
from api.media.mp4 import Film
from api.outbox.models import Job
from api.rendering.models import Render
from api.rendering.services import Failure, VerifiedFilm

FILM = VerifiedFilm(Film(duration_s=31.4, width=1280, height=720), size_bytes=8_123_456, has_poster=True)
HOPELESS = Failure("render_failed", "The rendering service could not make the video.", retryable=False)
CONTENT: GiftContent = {
    "template": "plain-birthday",
    "sender": {"name": "Ana", "email": "ana@example.com"},
    "recipient": {"name": "Ben", "email": "ben@example.com"},
    "message": "Happy 30th!",
}
ACTOR = "tests"


def draft(account: Account, now: datetime, *, livemode: bool = True, **content: Any) -> Gift:
    merged: Any = {**CONTENT, **content}
    return services.create_gift(account, merged, livemode=livemode, actor=ACTOR, now=now)


def ready_upload(account: Account, now: datetime, *, livemode: bool = True, content_type: str = "image/jpeg") -> Upload:
    """An upload's row; its bytes are not in the bucket."""
    upload_id = uuid7()
    return Upload.objects.create(
        id=upload_id,
        account=account,
        livemode=livemode,
        status="ready",
        filename="photo.jpg",
        content_type=content_type,
        size=1000,
        key=f"uploads/{account.pk}/{upload_id}",
        part_size=8 * 1024 * 1024,
        created_at=now,
        expires_at=now + timedelta(days=1),
        completed_at=now,
    )


def rendering(account: Account, now: datetime, **content: Any) -> Gift:
    return services.submit_gift(draft(account, now, **content).pk, actor=ACTOR, now=now)


def awaited(gift: Gift) -> Render:
    """The render whose result the gift waits for, or waited for last."""
    gift.refresh_from_db()
    assert gift.render is not None
    return gift.render


def filmed(gift: Gift, now: datetime) -> Gift:
    """The gift after its render's result came in."""
    services.apply_film(awaited(gift), FILM, now=now)
    gift.refresh_from_db()
    return gift


def ready(account: Account, now: datetime, **content: Any) -> Gift:
    """Waits for its order, unless `content` says otherwise."""
    return filmed(rendering(account, now, **{"order": {"required": True}, **content}), now)


def scheduled(account: Account, now: datetime, **content: Any) -> Gift:
    """Due in a day, unless `content` says otherwise."""
    later = (now + timedelta(days=1)).isoformat()
    return filmed(rendering(account, now, **{"deliver_at": later, **content}), now)


def mailed(gift: Gift, now: datetime, *, kind: str = "gift") -> Message:
    """The gift's newest mail of a kind, after the mail service accepted it."""
    message = Message.objects.filter(gift=gift, kind=kind).latest("id")
    begun = begin_sending(message.pk, now=now)
    assert begun is not None
    services.apply_outcome(begun, Accepted(provider_id=uuid4().hex), now=now)
    message.refresh_from_db()
    return message


def sent(account: Account, now: datetime, **content: Any) -> Gift:
    gift = filmed(rendering(account, now, **content), now)
    if gift.status == GiftStatus.SCHEDULED:
        mailed(gift, now)
        gift.refresh_from_db()
    return gift


def bounce(gift: Gift, now: datetime) -> Gift:
    message = Message.objects.filter(gift=gift, kind="gift").latest("id")
    MailEvent.objects.create(
        sg_event_id=uuid4().hex, message=message, type="bounced", at=now, received_at=now, raw={"reason": "550 unknown"}
    )
    services.apply_mail_events(message.pk, now=now)
    gift.refresh_from_db()
    return gift


def watched(account: Account, now: datetime) -> Gift:
    gift = sent(account, now)
    services.record_progress(gift.pk, percent=25, now=now)
    return gift


def failed(account: Account, now: datetime) -> Gift:
    gift = rendering(account, now)
    services.apply_render_failure(awaited(gift), HOPELESS, now=now)
    return gift


def expired(account: Account, now: datetime) -> Gift:
    gift = sent(account, now)
    services.expire_gift(gift.pk, now=now + timedelta(days=90))
    return gift


BUILDERS: dict[GiftStatus, Callable[[Account, datetime], Gift]] = {
    GiftStatus.DRAFT: draft,
    GiftStatus.RENDERING: rendering,
    GiftStatus.READY: ready,
    GiftStatus.SCHEDULED: scheduled,
    GiftStatus.SENT: sent,
    GiftStatus.WATCHED: watched,
    GiftStatus.BOUNCED: lambda account, now: bounce(sent(account, now), now),
    GiftStatus.FAILED: failed,
    GiftStatus.EXPIRED: expired,
    GiftStatus.CANCELED: lambda account, now: services.cancel_gift(draft(account, now).pk, actor=ACTOR, now=now),
}


def in_state(status: GiftStatus, account: Account, now: datetime) -> Gift:
    gift = BUILDERS[status](account, now)
    gift.refresh_from_db()
    return gift


def open_mails(gift: Gift, kind: str = "gift") -> int:
    return Message.objects.filter(gift=gift, kind=kind, status__in=[MessageStatus.QUEUED, "sending", "unknown"]).count()


def jobs(kind: str) -> int:
    return Job.objects.filter(kind=kind, state="waiting").count()
