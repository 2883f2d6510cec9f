"""How a gift ends: canceled, withdrawn, expired, forgotten."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from api import actors
from api.delivery.models import Message
from api.delivery.services import withdraw_queued
from api.exceptions import InvalidStateError
from api.gifts import lifecycle
from api.gifts.models import Gift
from api.gifts.states import EDGES, GiftStatus
from api.outbox.services import enqueue
from api.rendering import services as renders
from api.rendering.models import Render
from api.viewing.models import Thanks


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


def expire_gift(gift_id: UUID, *, now: datetime) -> bool:
    """False if another call was there first. Raises DeliveryInProgressError while a mail is on its way."""
    with transaction.atomic():
        gift = lifecycle.lock(gift_id)
        if GiftStatus.EXPIRED not in EDGES[GiftStatus(gift.status)]:
            return False
        withdraw_queued(gift.pk)
        lifecycle.move_to(gift, GiftStatus.EXPIRED, actor=actors.SYSTEM, now=now)
        _take_films_away(gift, now=now)
        lifecycle.save(gift, now=now)
        return True


def delete_untouched_draft(gift_id: UUID, *, now: datetime) -> None:
    """A draft nobody came back to, with the uploads that no other gift uses."""
    with transaction.atomic():
        gift = lifecycle.lock(gift_id)
        if gift.status != GiftStatus.DRAFT:
            return
        for upload in gift.media.all():
            enqueue("upload.delete", upload.pk, now=now, dedupe_key=f"upload.delete:{upload.pk}:{gift.pk}")
        gift.delete()


def forget_gift(gift_id: UUID, *, now: datetime) -> None:
    """Blank the names, addresses and words of a gift that ended a year ago; its states and times stay."""
    with transaction.atomic():
        gift = lifecycle.lock(gift_id)
        gift.sender_name = gift.sender_email = gift.recipient_name = gift.recipient_email = ""
        gift.message = gift.bounced_email = gift.order_reference = ""
        gift.fields, gift.metadata, gift.product = {}, {}, None
        gift.forgotten_at = now
        Message.objects.filter(gift=gift).update(to_email="", to_name="", failure=None)
        Thanks.objects.filter(gift=gift).update(message="")
        lifecycle.record_event(gift, "gift.forgotten", actor=actors.SYSTEM, now=now)
        lifecycle.save(gift, now=now)


def _take_films_away(gift: Gift, *, now: datetime) -> None:
    renders.abandon_renders(gift.pk, now=now)
    renders.queue_film_removal(Render.objects.filter(gift=gift), now=now)
    gift.due_at = None
