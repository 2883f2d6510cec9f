"""What a mail's outcome means for its gift, and sending once more."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from api import actors
from api.delivery import services as delivery
from api.delivery.models import Message
from api.delivery.outcomes import Outcome
from api.delivery.states import OPEN, TAKEN, MessageKind, MessageStatus
from api.exceptions import DeliveryInProgressError, InvalidStateError, TooManyError
from api.gifts import lifecycle
from api.gifts.models import Gift, GiftEvent
from api.gifts.services.releasing import has_mails_left, next_midnight
from api.gifts.states import Delivery, GiftStatus

RESENDS_A_DAY = 3
DAY = timedelta(days=1)
UNTAKEN = {"code": "mail_not_accepted", "detail": "The mail service did not take the mail, however often it was tried."}


def resend_gift(gift_id: UUID, *, actor: str, now: datetime) -> Gift:
    """A new mail of a sent gift, or to the corrected address of a bounced one; at most three a day."""
    with transaction.atomic():
        gift = lifecycle.lock(gift_id)
        if gift.status not in {GiftStatus.SENT, GiftStatus.BOUNCED}:
            raise InvalidStateError(lifecycle.refusal(gift.status, "cannot be sent again"))
        if gift.status == GiftStatus.BOUNCED and gift.recipient_email == gift.bounced_email:
            raise InvalidStateError("This gift is bounced: correct recipient.email first, then send it again.")
        _check_allowance(gift, now=now)
        if gift.delivery == Delivery.LINK:
            delivery.queue_message(
                gift, MessageKind.LINK, to_email=gift.sender_email, to_name=gift.sender_name, now=now
            )
        else:
            delivery.queue_message(
                gift, MessageKind.GIFT, to_email=gift.recipient_email, to_name=gift.recipient_name, now=now
            )
        lifecycle.record_event(gift, "gift.resent", actor=actor, now=now)
        return lifecycle.save(gift, now=now)


def apply_outcome(message: Message, outcome: Outcome, *, now: datetime) -> Message:
    """Write down how a mail's call ended, and move the gift that it is about, if it is about one."""
    with transaction.atomic():
        if message.gift_id is None:
            return delivery.record_outcome(message.pk, message.attempts, outcome, now=now)
        gift = lifecycle.lock(message.gift_id)
        was_open = Message.objects.get(pk=message.pk).status in OPEN
        recorded = delivery.record_outcome(message.pk, message.attempts, outcome, now=now)
        if was_open and _follow(gift, recorded, now=now):
            lifecycle.save(gift, now=now)
        return recorded


def apply_mail_events(message_id: UUID, *, now: datetime) -> None:
    """Bring a mail, and its gift, up to what the mail service reported; events may come twice and in any order."""
    with transaction.atomic():
        gift_id = Message.objects.values_list("gift_id", flat=True).get(pk=message_id)
        if gift_id is None:
            delivery.apply_events(message_id, now=now)
            return
        gift = lifecycle.lock(gift_id)
        before = Message.objects.get(pk=message_id).status
        message = delivery.apply_events(message_id, now=now)
        if message.status == before:
            return
        if before in OPEN:
            _follow(gift, message, now=now)
        if message.status == MessageStatus.DELIVERED and message.kind == MessageKind.GIFT:
            lifecycle.record_event(gift, "gift.delivered", actor=actors.SENDGRID, now=now, data=_told(message))
        elif message.status == MessageStatus.BOUNCED:
            _bounce(gift, message, now=now)
        lifecycle.save(gift, now=now)


def give_up_mail(message_id: UUID, *, now: datetime) -> None:
    """All tries are used up: the gift says so, and the mail waits for its job to be revived or for a better address."""
    message = Message.objects.get(pk=message_id)
    if message.gift_id is None:
        return
    with transaction.atomic():
        gift = lifecycle.lock(message.gift_id)
        message.refresh_from_db()
        if message.status not in OPEN:  # taken, or called back for a better address, meanwhile
            return
        if message.kind == MessageKind.GIFT:
            gift.failure = UNTAKEN
        lifecycle.record_event(gift, "mail.given_up", actor=actors.SYSTEM, now=now, data=_told(message))
        lifecycle.save(gift, now=now)


def _follow(gift: Gift, message: Message, *, now: datetime) -> bool:
    """A mail that was open no longer is: its gift is sent, or waits for a better address. False if it is still open.

    The caller saves.
    """
    if message.status in TAKEN:
        lifecycle.record_event(gift, "mail.accepted", actor=actors.SENDGRID, now=now, data=_told(message))
        if message.kind == MessageKind.GIFT and gift.status in {GiftStatus.SCHEDULED, GiftStatus.BOUNCED}:
            gift.failure = None
            lifecycle.move_to(gift, GiftStatus.SENT, actor=actors.SYSTEM, now=now)
    elif message.status == MessageStatus.REFUSED:
        lifecycle.record_event(gift, "mail.refused", actor=actors.SENDGRID, now=now, data=_told(message))
        if message.kind == MessageKind.GIFT:
            gift.failure = message.failure
    else:
        return False
    return True


def _bounce(gift: Gift, message: Message, *, now: datetime) -> None:
    """Only the newest mail's bounce speaks of the gift's address; an older one's is history."""
    lifecycle.record_event(gift, "mail.bounced", actor=actors.SENDGRID, now=now, data=_told(message))
    newest = Message.objects.filter(gift=gift, kind=MessageKind.GIFT).order_by("-id").first()
    if message.kind != MessageKind.GIFT or newest is None or newest.pk != message.pk or gift.status != GiftStatus.SENT:
        return
    gift.bounced_email = message.to_email
    lifecycle.move_to(gift, GiftStatus.BOUNCED, actor=actors.SENDGRID, now=now)
    delivery.queue_message(
        gift, MessageKind.ADDRESS_BOUNCED, to_email=gift.sender_email, to_name=gift.sender_name, now=now
    )


def _check_allowance(gift: Gift, *, now: datetime) -> None:
    if Message.objects.filter(gift=gift, kind=MessageKind.GIFT, status__in=OPEN).exists():
        raise DeliveryInProgressError("A mail of this gift is on its way.", retry_after=timedelta(seconds=10))
    latest = GiftEvent.objects.filter(gift=gift, type="gift.resent", at__gt=now - DAY).order_by("at")
    if len(latest) >= RESENDS_A_DAY:
        raise TooManyError(
            f"A gift can be sent again {RESENDS_A_DAY} times a day.", retry_after=latest[0].at + DAY - now
        )
    if not has_mails_left(gift, now=now):
        raise TooManyError("The account has sent its mails for today.", retry_after=next_midnight(now) - now)


def _told(message: Message) -> dict[str, str]:
    return {"message": str(message.pk), "kind": message.kind}
