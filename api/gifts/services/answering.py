"""What the recipient does: watching, and saying thanks."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from api import actors
from api.delivery.services import queue_message
from api.delivery.states import MessageKind
from api.exceptions import GoneError, NotFoundError, TooManyError
from api.gifts import lifecycle
from api.gifts.models import Gift
from api.gifts.states import ENDED, OPENABLE, GiftStatus
from api.viewing.models import THANKS_A_GIFT, Thanks

WATCHED_FROM = 25  # per cent played


def record_progress(gift_id: UUID, *, percent: int, now: datetime) -> None:
    """Note how far the film was watched; from a quarter on the gift counts as watched. Less than before is no news."""
    with transaction.atomic():
        gift = _lock_openable(gift_id)
        if percent <= gift.watched_percent:
            return
        gift.watched_percent = percent
        if percent >= WATCHED_FROM:
            lifecycle.move_to(gift, GiftStatus.WATCHED, actor=actors.RECIPIENT, now=now)
        lifecycle.record_event(gift, "video.progress", actor=actors.RECIPIENT, now=now, data={"percent": percent})
        lifecycle.save(gift, now=now)


def leave_thanks(gift_id: UUID, *, text: str, now: datetime) -> Thanks:
    """Keep the recipient's words and mail them to the sender; raises TooManyError after the third."""
    with transaction.atomic():
        gift = _lock_openable(gift_id)
        if Thanks.objects.filter(gift=gift).count() >= THANKS_A_GIFT:
            raise TooManyError("You have said thanks as often as a gift allows.", code="thanks_used_up")
        thanks = Thanks.objects.create(gift=gift, message=text, created_at=now)
        lifecycle.record_event(gift, "gift.thanked", actor=actors.RECIPIENT, now=now, data={"thanks": str(thanks.pk)})
        queue_message(
            gift, MessageKind.THANKS, to_email=gift.sender_email, to_name=gift.sender_name, now=now, thanks=thanks
        )
        lifecycle.save(gift, now=now)
        return thanks


def _lock_openable(gift_id: UUID) -> Gift:
    gift = lifecycle.lock(gift_id)
    if gift.status in ENDED and gift.sent_at is not None:
        raise GoneError("This gift is no longer available.")
    if gift.status not in OPENABLE:
        raise NotFoundError("There is nothing here.")
    return gift
