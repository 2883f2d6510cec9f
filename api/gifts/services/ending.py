"""How a gift ends: canceled, withdrawn, expired, forgotten, erased."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from api import actors
from api.console.forgetting import forget_addresses
from api.delivery.models import MailEvent, Message
from api.delivery.services import withdraw_queued
from api.delivery.states import OPEN, MessageStatus
from api.exceptions import InvalidStateError
from api.gifts import auditing, lifecycle
from api.gifts.models import Gift, GiftMedia
from api.gifts.selectors import media_ids_of
from api.gifts.states import EDGES, ENDED, GiftStatus
from api.idempotency import services as idempotency
from api.outbox.services import enqueue
from api.rendering import services as renders
from api.rendering.models import Render
from api.viewing.models import Thanks
from api.webhooks import services as webhooks

GIFTS = "/v1/gifts"


def cancel_gift(gift_id: UUID, *, actor: str, now: datetime) -> Gift:
    """Call a gift off; one that was sent is withdrawn: its link answers 410, its films are deleted."""
    with transaction.atomic():
        gift = lifecycle.lock(gift_id)
        if gift.status == GiftStatus.CANCELED:
            return gift
        end_by_cancel(gift, actor=actor, now=now)
        return lifecycle.save(gift, now=now)


def end_by_cancel(gift: Gift, *, actor: str, now: datetime) -> None:
    """The caller holds the lock and saves. Raises DeliveryInProgressError while a mail is on its way."""
    if GiftStatus.CANCELED not in EDGES[GiftStatus(gift.status)]:
        raise InvalidStateError(lifecycle.refusal(gift.status, "cannot be canceled"))
    withdraw_queued(gift.pk)
    lifecycle.move_to(gift, GiftStatus.CANCELED, actor=actor, now=now)
    _take_films_away(gift, now=now)


def expire_gift(gift_id: UUID, *, now: datetime, due: Q | None = None) -> bool:
    """False if another call was there first, or it is not `due` any more. Raises DeliveryInProgressError while a mail
    is on its way.
    """
    with transaction.atomic():
        gift = lifecycle.lock(gift_id)
        if GiftStatus.EXPIRED not in EDGES[GiftStatus(gift.status)]:
            return False
        if due is not None and not Gift.objects.filter(due, pk=gift.pk).exists():
            return False
        withdraw_queued(gift.pk)
        lifecycle.move_to(gift, GiftStatus.EXPIRED, actor=actors.SYSTEM, now=now)
        _take_films_away(gift, now=now)
        lifecycle.save(gift, now=now)
        return True


def delete_untouched_draft(gift_id: UUID, *, untouched_since: datetime, now: datetime) -> bool:
    """A draft nobody came back to, with the uploads that no other gift uses; False if somebody did."""
    with transaction.atomic():
        gift = lifecycle.lock(gift_id)
        if gift.status != GiftStatus.DRAFT or gift.updated_at > untouched_since:
            return False
        for upload in gift.media.all():
            enqueue("upload.delete", upload.pk, now=now, dedupe_key=f"upload.delete:{upload.pk}:{gift.pk}")
        auditing.record_deletion(gift, actor=actors.SYSTEM, now=now)
        gift.delete()
        return True


def forget_gift(gift_id: UUID, *, now: datetime) -> bool:
    """Blank the names, addresses and words of a gift that ended a year ago; its states and times stay. False if it was
    forgotten before.
    """
    with transaction.atomic():
        gift = lifecycle.lock(gift_id)
        if gift.forgotten_at is not None:
            return False
        _blank(gift, actor=actors.SYSTEM, now=now)
        lifecycle.save(gift, now=now)
        auditing.forget_people(gift)
        return True


def erase_gift(gift_id: UUID, *, actor: str, now: datetime) -> bool:
    """Forget a gift at once, because a person in it asks for it: withdraw it, blank it, delete film and uploads.

    An upload that another gift uses as well stays. False if the gift was forgotten before. Raises NotFoundError, and
    DeliveryInProgressError while its mail to the recipient is on its way.
    """
    with transaction.atomic():
        gift = lifecycle.lock(gift_id)
        if gift.forgotten_at is not None:
            return False
        if GiftStatus(gift.status) not in ENDED:
            end_by_cancel(gift, actor=actor, now=now)
        # The mails to the sender that have not left would only say what is no longer known.
        Message.objects.filter(gift=gift, status__in=OPEN).update(status=MessageStatus.WITHDRAWN)
        media = media_ids_of(gift.pk)
        for upload_id in media:
            enqueue("upload.delete", upload_id, now=now, dedupe_key=f"upload.delete:{upload_id}:{gift.pk}")
        GiftMedia.objects.filter(gift=gift).delete()
        forget_addresses([gift.sender_email, gift.recipient_email, gift.bounced_email])
        _blank(gift, actor=actor, now=now)
        idempotency.forget_answers(gift.account_id, GIFTS, gift.pk)
        webhooks.forget_words(gift.account_id, list(gift.events.values_list("pk", flat=True)))
        lifecycle.save(gift, now=now, action="gift.erased", media=auditing.media_changes(media, []))
        auditing.forget_people(gift)
        return True


def _blank(gift: Gift, *, actor: str, now: datetime) -> None:
    """Take away names, addresses and words, also as vendors quoted them. The caller holds the lock and saves.

    What batches and files say of it jobs take away: whoever works a row off holds that first and then the gift.
    """
    gift.sender_name = gift.sender_email = gift.recipient_name = gift.recipient_email = ""
    gift.message = gift.bounced_email = gift.order_reference = ""
    gift.fields, gift.metadata, gift.product, gift.failure = {}, {}, None, None
    gift.forgotten_at = now
    Message.objects.filter(gift=gift).update(to_email="", to_name="", failure=None)
    MailEvent.objects.filter(message__gift=gift).update(raw={})
    Thanks.objects.filter(gift=gift).update(message="")
    renders.forget_words(gift.pk)
    for kind in ("gift.forget_items", "campaign.forget_row"):
        enqueue(kind, gift.pk, now=now)
    lifecycle.record_event(gift, "gift.forgotten", actor=actor, now=now)


def _take_films_away(gift: Gift, *, now: datetime) -> None:
    renders.abandon_renders(gift.pk, now=now)
    renders.queue_film_removal(Render.objects.filter(gift=gift), now=now)
    gift.due_at = None
