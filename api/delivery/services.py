"""Mails by intent, call and outcome; and what the mail service's events make of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from django.db import transaction

from api import actors
from api.delivery import backends, failures, selectors
from api.delivery.backends.base import Accepted
from api.delivery.content import compose_mail
from api.delivery.events import Report
from api.delivery.models import MailEvent, Message
from api.delivery.outcomes import NotAccepted, Outcome, Recorded, Refused, Unknown
from api.delivery.resolution import LOOK_AGAIN_AFTER, Wait, resolve
from api.delivery.states import OPEN, TAKEN, EventType, MessageKind, MessageStatus
from api.exceptions import BackendError, DeliveryInProgressError
from api.outbox.registry import Postpone
from api.outbox.services import enqueue
from api.suppressions.addresses import address_hash, masked_address
from api.suppressions.selectors import suppression_with
from api.suppressions.services import suppress_hash
from api.suppressions.states import SuppressionReason
from api.viewing.models import Thanks
from giftflick import metrics

# A call takes 8 s at most; a caller who comes again after this finds most mails settled.
TRY_AGAIN_AFTER = timedelta(seconds=10)

# What an event says of a mail; any other says no more than that it was accepted.
STATUS_BY_EVENT = {
    EventType.DELIVERED: MessageStatus.DELIVERED,
    EventType.BOUNCED: MessageStatus.BOUNCED,
    EventType.DROPPED: MessageStatus.BOUNCED,
}
# Whoever says so is not mailed again, by no shop.
SUPPRESSED_BY_EVENT = {
    EventType.COMPLAINED: SuppressionReason.COMPLAINED,
    EventType.UNSUBSCRIBED: SuppressionReason.ASKED,
}
# Events come in any order, so a mail only ever moves to the right. A server may take a mail and return it later.
PROGRESS = [MessageStatus.ACCEPTED, MessageStatus.DELIVERED, MessageStatus.BOUNCED]


class MailedGift(Protocol):
    """What a message needs of the gift it is about."""

    @property
    def id(self) -> UUID: ...
    @property
    def account_id(self) -> UUID: ...
    @property
    def livemode(self) -> bool: ...


class MailedEndpoint(Protocol):
    """What a message needs of the webhook endpoint it is about."""

    @property
    def id(self) -> UUID: ...
    @property
    def account_id(self) -> UUID: ...
    @property
    def livemode(self) -> bool: ...


def queue_message(
    gift: MailedGift, kind: MessageKind, *, to_email: str, to_name: str, now: datetime, thanks: Thanks | None = None
) -> Message:
    """Write the intent and its job; call inside the transaction that causes the mail, with the gift locked.

    Raises IntegrityError if the gift has an open mail of kind `gift` already.
    """
    message = Message.objects.create(
        account_id=gift.account_id,
        livemode=gift.livemode,
        gift_id=gift.id,
        thanks=thanks,
        kind=kind,
        to_email=to_email,
        to_name=to_name,
        created_at=now,
    )
    enqueue("mail.send", message.id, now=now)
    return message


def queue_endpoint_mail(endpoint: MailedEndpoint, *, to_email: str, to_name: str, now: datetime) -> Message:
    """Write the intent to tell a shop that its webhook endpoint was switched off, in the transaction that does so."""
    message = Message.objects.create(
        account_id=endpoint.account_id,
        livemode=endpoint.livemode,
        endpoint_id=endpoint.id,
        kind=MessageKind.WEBHOOK_DISABLED,
        to_email=to_email,
        to_name=to_name,
        created_at=now,
    )
    enqueue("mail.send", message.id, now=now)
    return message


def begin_sending(message_id: UUID, *, now: datetime) -> Message | None:
    """Commit that a call is about to be made, and return the message to make it with; None if nothing is to be sent.

    A message found in `sending` belongs to a process that was killed during its call: it becomes `unknown`.
    Raises Postpone while it is open whether an earlier call was accepted (`api.delivery.resolution`).
    """
    with transaction.atomic():
        message = Message.objects.select_for_update(no_key=True).filter(pk=message_id, status__in=OPEN).first()
        if message is None:
            return None
        if message.status == MessageStatus.SENDING:
            message.status = MessageStatus.UNKNOWN
        wait_until = _settle_earlier_call(message, now=now)
        if wait_until is None:
            message.status = MessageStatus.SENDING
            message.attempts += 1
            message.sending_started_at = now
        message.save()
    if wait_until is not None:
        raise Postpone(wait_until)
    return Message.objects.select_related("gift", "endpoint", "account", "thanks").get(pk=message_id)


def _settle_earlier_call(message: Message, *, now: datetime) -> datetime | None:
    """Until when to wait before the next call; None: make it now."""
    if message.attempts and message.events.exists():
        return now + LOOK_AGAIN_AFTER  # accepted, whatever we heard: the event's own job is about to say so
    if message.status != MessageStatus.UNKNOWN or message.sending_started_at is None or not message.livemode:
        return None
    decision = resolve(started_at=message.sending_started_at, feed_is_past=selectors.feed_is_past(message), now=now)
    if isinstance(decision, Wait):
        return decision.until
    message.is_possible_double = message.is_possible_double or decision.is_possible_double
    return None


def send(message: Message, *, now: datetime) -> Outcome:
    """Make the call; never inside a transaction. A test gift's mail is composed as well, but does not leave.

    None is made to an address that must not be mailed.
    """
    mail = compose_mail(message, now=now)
    if not message.livemode:
        return Recorded()
    suppression = suppression_with(address_hash(message.to_email))
    if suppression is not None:
        return Refused(failures.suppressed(suppression.get_reason_display()))
    try:
        accepted = backends.send(mail)
    except BackendError as error:
        metrics.put(MailsFailed=1)
        if error.outcome_unknown:
            return Unknown(error)
        if error.retryable:
            return NotAccepted(error)
        return Refused({"code": error.code, "detail": error.detail})
    metrics.put(MailsAccepted=1)
    return accepted


def record_outcome(message_id: UUID, attempt: int, outcome: Outcome, *, now: datetime) -> Message:
    """Write what became of attempt number `attempt`, inside the caller's transaction; lock the gift before.

    That a mail was accepted is true whenever it is heard. Any other outcome counts only from the process that made the
    last call and while the message waits for it: a loser who comes late changes nothing.
    """
    message = Message.objects.select_for_update(no_key=True).get(pk=message_id)
    is_awaited = message.status == MessageStatus.SENDING and message.attempts == attempt
    match outcome:
        case Accepted(provider_id) if message.status not in TAKEN:
            _take(message, MessageStatus.ACCEPTED, now=now)
            message.provider_id = provider_id
        case Recorded() if is_awaited:
            _take(message, MessageStatus.RECORDED, now=now)
        case NotAccepted(error) if is_awaited:
            message.status = MessageStatus.QUEUED
            message.failure = {"code": error.code, "detail": error.detail}
        case Refused(failure) if is_awaited:
            message.status = MessageStatus.REFUSED
            message.failure = failure
        case Unknown(error) if is_awaited:
            message.status = MessageStatus.UNKNOWN
            message.failure = {"code": error.code, "detail": error.detail}
        case _:
            return message
    message.save()
    return message


def withdraw_queued(gift_id: UUID) -> bool:
    """Call back the gift's mail to the recipient, because the gift changes or ends; the gift's row is locked already.

    Only a mail that was certainly refused and waits for its next try can be called back. Raises DeliveryInProgressError
    if one may be on its way. False if there was none.
    """
    messages = list(
        Message.objects.select_for_update(no_key=True).filter(gift_id=gift_id, kind=MessageKind.GIFT, status__in=OPEN)
    )
    if any(message.status != MessageStatus.QUEUED or message.attempts == 0 for message in messages):
        raise DeliveryInProgressError(
            "The gift's mail is being sent; try again in a moment.", retry_after=TRY_AGAIN_AFTER
        )
    for message in messages:
        message.status = MessageStatus.WITHDRAWN
        message.save(update_fields=["status"])
    return bool(messages)


def record_events(reports: Sequence[Report], *, now: datetime) -> None:
    """Store each event once, and a job for each that is about a message of ours, in one transaction."""
    # Always in the same order, so that two posts with the same events wait for each other instead of deadlocking.
    ordered = sorted(reports, key=lambda report: report.sg_event_id)
    with transaction.atomic():
        named = {report.message_id for report in ordered if report.message_id is not None}
        ours = set(Message.objects.filter(pk__in=named).values_list("pk", flat=True))
        MailEvent.objects.bulk_create(
            [
                MailEvent(
                    sg_event_id=report.sg_event_id,
                    message_id=report.message_id if report.message_id in ours else None,
                    type=report.type,
                    at=report.at,
                    received_at=now,
                    raw=report.raw,
                )
                for report in ordered
            ],
            ignore_conflicts=True,
        )
        for report in ordered:
            if report.message_id is not None and report.message_id in ours:
                enqueue("mail.events", report.message_id, now=now, dedupe_key=f"mail.events:{report.sg_event_id}")


def apply_events(message_id: UUID, *, now: datetime) -> Message:
    """Bring the message up to date with events that are new, inside the caller's transaction; lock the gift before.

    An event counts once: an address that somebody let be mailed again since then stays so.
    """
    message = Message.objects.select_for_update(no_key=True).get(pk=message_id)
    events = list(message.events.filter(applied_at=None).order_by("at", "id"))
    for event in events:
        message.reported_at = message.reported_at or now
        reason = SUPPRESSED_BY_EVENT.get(EventType(event.type))
        if reason is not None and message.to_email:
            _suppress(message, reason, now=now)
        status = STATUS_BY_EVENT.get(EventType(event.type), MessageStatus.ACCEPTED)
        if _is_progress(message.status, status):
            _take(message, status, now=now)
            message.failure = failures.explain(event.raw) if status == MessageStatus.BOUNCED else None
    MailEvent.objects.filter(pk__in=[event.pk for event in events]).update(applied_at=now)
    message.save()
    return message


def _suppress(message: Message, reason: SuppressionReason, *, now: datetime) -> None:
    address = message.to_email
    suppress_hash(address_hash(address), masked=masked_address(address), reason=reason, actor=actors.SENDGRID, now=now)


def _is_progress(old: str, new: MessageStatus) -> bool:
    """Whatever we believed of a mail before, an event proves that it was taken."""
    return old not in PROGRESS or PROGRESS.index(new) > PROGRESS.index(MessageStatus(old))


def _take(message: Message, status: MessageStatus, *, now: datetime) -> None:
    message.status = status
    message.accepted_at = message.accepted_at or now
    message.failure = None
