"""What lets a rendered gift go: its order paid, its approval given, its hour come."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from api import actors
from api.delivery.selectors import mails_sent_today
from api.delivery.services import queue_message, withdraw_queued
from api.delivery.states import MessageKind
from api.exceptions import InvalidStateError
from api.gifts import lifecycle
from api.gifts.models import Gift
from api.gifts.schedule import instant_of
from api.gifts.services.ending import end_by_cancel
from api.gifts.states import BEFORE_SENT, ENDED, Delivery, GiftStatus, OrderStatus


def set_order(gift_id: UUID, *, status: OrderStatus, reference: str, actor: str, now: datetime) -> Gift:
    """Record that the shop's order was paid, which may release the gift, or canceled, which cancels it."""
    with transaction.atomic():
        gift = lifecycle.lock(gift_id)
        if status == OrderStatus.CANCELED:
            if gift.status == GiftStatus.CANCELED:
                return gift
            gift.order_status = status
            gift.order_reference = reference or gift.order_reference
            lifecycle.record_event(gift, "order.canceled", actor=actor, now=now)
            end_by_cancel(gift, actor=actor, now=now)
            return lifecycle.save(gift, now=now)
        if gift.status == GiftStatus.CANCELED:
            raise InvalidStateError(lifecycle.refusal(gift.status, "its order cannot be paid any more"))
        if gift.order_status == OrderStatus.PAID:
            return gift
        _check_before_sent(gift, "its order cannot be paid any more")
        was_called_back = withdraw_queued(gift.pk)
        gift.order_status = status
        gift.order_reference = reference or gift.order_reference
        lifecycle.record_event(gift, "order.paid", actor=actor, now=now)
        if was_called_back and gift.status == GiftStatus.SCHEDULED:
            reschedule(gift, now=now)
        release_if_free(gift, actor=actor, now=now)
        return lifecycle.save(gift, now=now)


def approve_gift(gift_id: UUID, *, actor: str, now: datetime) -> Gift:
    """Record the approval, which may release the gift; approving twice changes nothing."""
    with transaction.atomic():
        gift = lifecycle.lock(gift_id)
        if gift.approved_at is not None and gift.status != GiftStatus.CANCELED:
            return gift
        _check_before_sent(gift, "cannot be approved any more")
        gift.approved_at = now
        lifecycle.record_event(gift, "gift.approved", actor=actor, now=now)
        release_if_free(gift, actor=actor, now=now)
        return lifecycle.save(gift, now=now)


def deliver_if_due(gift_id: UUID, *, now: datetime) -> bool:
    """Begin the delivery of a scheduled gift whose hour has come; False if it has not, or another call was first."""
    with transaction.atomic():
        gift = lifecycle.lock(gift_id)
        if gift.status != GiftStatus.SCHEDULED or gift.due_at is None or gift.due_at > now:
            return False
        deliver(gift, now=now)
        lifecycle.save(gift, now=now)
        return True


def recompute_wall_time(gift_id: UUID, *, now: datetime) -> bool:
    """Read a wall time again by the time zone rules known now; False if it still means the same instant."""
    with transaction.atomic():
        gift = lifecycle.lock(gift_id)
        if gift.status in ENDED or not gift.deliver_wall:
            return False
        instant = instant_of(gift.deliver_wall, gift.timezone)
        if instant == gift.deliver_at:
            return False
        gift.deliver_at = instant
        if gift.due_at is not None:
            gift.due_at = instant
        lifecycle.save(gift, now=now)
        return True


def has_mails_left(gift: Gift, *, now: datetime) -> bool:
    """Whether the account may send another mail today (UTC); test gifts send none."""
    return not gift.livemode or mails_sent_today(gift.account_id, now=now) < gift.account.mails_per_day


def next_midnight(now: datetime) -> datetime:
    return (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def is_released(gift: Gift) -> bool:
    is_paid = not gift.order_required or gift.order_status == OrderStatus.PAID
    return is_paid and (not gift.approval_required or gift.approved_at is not None)


def release_if_free(gift: Gift, *, actor: str, now: datetime) -> None:
    """Schedule a ready gift that waits for nothing but its hour, and send it if that has come.

    The caller holds the lock and saves.
    """
    if gift.status == GiftStatus.READY and is_released(gift):
        lifecycle.move_to(gift, GiftStatus.SCHEDULED, actor=actor, now=now)
        reschedule(gift, now=now)


def reschedule(gift: Gift, *, now: datetime) -> None:
    """Have a scheduled gift looked at when it is due, which may be now. The caller holds the lock and saves."""
    gift.due_at = gift.deliver_at or now
    if gift.due_at <= now:
        deliver(gift, now=now)


def deliver(gift: Gift, *, now: datetime) -> None:
    """Begin the delivery of a scheduled gift that is due: its mail's intent, or the link to its sender.

    A wall time that the zone's new rules have moved, or an account that has mailed its day's share, puts it off. The
    caller holds the lock and saves.
    """
    if gift.deliver_wall:
        gift.deliver_at = instant_of(gift.deliver_wall, gift.timezone)
        if gift.deliver_at > now:
            gift.due_at = gift.deliver_at
            return
    if not has_mails_left(gift, now=now):
        gift.due_at = next_midnight(now)
        lifecycle.record_event(gift, "delivery.deferred", actor=actors.SYSTEM, now=now, data={"until": gift.due_at})
        return
    gift.due_at = None
    if gift.delivery == Delivery.LINK:
        lifecycle.move_to(gift, GiftStatus.SENT, actor=actors.SYSTEM, now=now)
        queue_message(gift, MessageKind.LINK, to_email=gift.sender_email, to_name=gift.sender_name, now=now)
    else:
        queue_message(gift, MessageKind.GIFT, to_email=gift.recipient_email, to_name=gift.recipient_name, now=now)


def _check_before_sent(gift: Gift, what: str) -> None:
    if gift.status not in BEFORE_SENT:
        raise InvalidStateError(lifecycle.refusal(gift.status, what))
