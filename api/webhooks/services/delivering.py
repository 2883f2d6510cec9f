"""A delivery's attempts: intent, call, outcome; and asking for one again."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from uuid6 import uuid7

from api.audit.changes import Changes
from api.audit.services import record
from api.exceptions import InvalidStateError, NotFoundError
from api.outbox.models import Job, JobState
from api.outbox.registry import Postpone
from api.outbox.services import LEASE, enqueue
from api.outbox.wakers import wake_after_commit
from api.webhooks.content import without_shops_own, write_body
from api.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from api.webhooks.outcomes import Outcome
from api.webhooks.services.endpoints import disable_endpoint, lock_endpoint, signing_secrets
from api.webhooks.states import TEST, DeliveryStatus, DisabledReason

JOB = "webhook.deliver"
WAITS = tuple(timedelta(seconds=seconds) for seconds in (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600))
FAILS_AT_MOST = timedelta(days=5)
KEPT_FOR = timedelta(days=30)
PURGED_AT_ONCE = 1000
GONE = 410


@dataclass(frozen=True)
class Call:
    """An attempt that is about to be made."""

    attempt_id: int
    delivery_id: UUID
    endpoint_id: UUID
    url: str
    event_id: UUID
    body: str
    signing_secrets: tuple[str, ...] = field(repr=False)


def begin_attempt(delivery_id: UUID, *, now: datetime) -> Call | None:
    """Commit that a call is about to be made; None if none is to be.

    An attempt found without an outcome belongs to a process that was killed: whether it arrived is not known, so it is
    made again, with the same `webhook-id`. Raises Postpone before the delivery's time.
    """
    with transaction.atomic():
        delivery = _lock_delivery(delivery_id)
        if delivery is None or delivery.status != DeliveryStatus.PENDING or delivery.next_attempt_at is None:
            return None
        if delivery.next_attempt_at > now:
            raise Postpone(delivery.next_attempt_at)
        delivery.attempts.filter(ended_at=None).update(ended_at=now, error="interrupted")
        if not delivery.endpoint.enabled:
            _end(delivery, DeliveryStatus.FAILED, now=now)
            return None
        delivery.tries += 1
        delivery.next_attempt_at = now + LEASE
        delivery.save(update_fields=["tries", "next_attempt_at"])
        attempt = WebhookAttempt.objects.create(delivery=delivery, started_at=now)
    return Call(
        attempt_id=attempt.pk,
        delivery_id=delivery.pk,
        endpoint_id=delivery.endpoint_id,
        url=delivery.endpoint.url,
        event_id=delivery.event_id,
        body=delivery.body,
        signing_secrets=signing_secrets(delivery.endpoint, now=now),
    )


def record_outcome(call: Call, outcome: Outcome, *, now: datetime) -> datetime | None:
    """Write what came of a call; until when to wait before the next one, None if there is none.

    A success is true whenever it is heard. A failure counts only from the process whose attempt is the delivery's last.
    """
    with transaction.atomic():
        try:
            endpoint = lock_endpoint(call.endpoint_id)
        except NotFoundError:  # deleted during the call
            return None
        delivery = WebhookDelivery.objects.select_for_update(no_key=True).get(pk=call.delivery_id)
        is_awaited = _note(call.attempt_id, outcome, now=now)
        if outcome.is_success:
            _forgive(endpoint)
            if delivery.status != DeliveryStatus.SUCCEEDED:
                _end(delivery, DeliveryStatus.SUCCEEDED, now=now)
        elif is_awaited:
            _fail(endpoint, delivery, outcome, now=now)
        return delivery.next_attempt_at


def send_test(endpoint: WebhookEndpoint, *, now: datetime) -> WebhookDelivery:
    """Deliver an event that is about no gift. Raises InvalidStateError if the endpoint is off."""
    with transaction.atomic():
        endpoint = lock_endpoint(endpoint.pk)
        _check_enabled(endpoint)
        delivery = WebhookDelivery.objects.create(
            endpoint=endpoint,
            event_id=uuid7(),
            type=TEST,
            body=write_body(TEST, at=now, data={"endpoint_id": str(endpoint.pk), "livemode": endpoint.livemode}),
            created_at=now,
            next_attempt_at=now,
        )
        enqueue(JOB, delivery.pk, now=now, dedupe_key=f"{JOB}:{delivery.pk}:0")
        _record("webhook_delivery.test_sent", delivery, {"endpoint": [None, str(endpoint.pk)]}, now=now)
        return delivery


def redeliver(delivery: WebhookDelivery, *, now: datetime) -> WebhookDelivery:
    """Deliver it once more, with all its retries; one that waits for its next try is tried now.

    The same event, byte for byte. During a try it changes nothing. Raises InvalidStateError if the endpoint is off.
    """
    with transaction.atomic():
        locked = _lock_delivery(delivery.pk)
        if locked is None:
            raise NotFoundError("There is no delivery with this id.")
        delivery = locked
        _check_enabled(delivery.endpoint)
        if delivery.status == DeliveryStatus.PENDING:
            _bring_forward(delivery, now=now)
            return delivery
        changes: Changes = {"status": [delivery.status, DeliveryStatus.PENDING], "tries": [delivery.tries, 0]}
        delivery.status, delivery.finished_at = DeliveryStatus.PENDING, None
        delivery.next_attempt_at = now
        delivery.tries, delivery.runs = 0, delivery.runs + 1
        delivery.save()
        enqueue(JOB, delivery.pk, now=now, dedupe_key=f"{JOB}:{delivery.pk}:{delivery.runs}")
        _record("webhook_delivery.redelivered", delivery, changes, now=now)
        return delivery


def forget_words(account_id: UUID, event_ids: Collection[UUID]) -> None:
    """Take what is the shop's own out of the deliveries of a gift's events, and what was answered to them.

    A delivery that waits for a try goes out without, too.
    """
    for delivery in WebhookDelivery.objects.filter(endpoint__account_id=account_id, event_id__in=event_ids):
        WebhookDelivery.objects.filter(pk=delivery.pk).update(body=without_shops_own(delivery.body))
        delivery.attempts.update(response="")


def purge_old(now: datetime) -> int:
    """Forget what ended and is a month old, some at a time, but nothing that is in anybody's hands."""
    old = WebhookDelivery.objects.filter(created_at__lt=now - KEPT_FOR).exclude(status=DeliveryStatus.PENDING)
    with transaction.atomic():
        free = old.select_for_update(skip_locked=True).order_by("created_at")
        ids = list(free.values_list("pk", flat=True)[:PURGED_AT_ONCE])
        WebhookDelivery.objects.filter(pk__in=ids).delete()
    return len(ids)


def _lock_delivery(delivery_id: UUID) -> WebhookDelivery | None:
    """With its endpoint, which is locked first, as who deletes it does; None if either is gone."""
    endpoint_id = WebhookDelivery.objects.filter(pk=delivery_id).values_list("endpoint_id", flat=True).first()
    if endpoint_id is None:
        return None
    try:
        endpoint = lock_endpoint(endpoint_id)
    except NotFoundError:
        return None
    delivery = WebhookDelivery.objects.select_for_update(no_key=True).filter(pk=delivery_id).first()
    if delivery is not None:
        delivery.endpoint = endpoint
    return delivery


def _note(attempt_id: int, outcome: Outcome, *, now: datetime) -> bool:
    """False if the attempt was taken for interrupted meanwhile."""
    attempt = WebhookAttempt.objects.get(pk=attempt_id)
    is_awaited = attempt.ended_at is None
    attempt.ended_at, attempt.code, attempt.ms = now, outcome.code, outcome.ms
    attempt.response, attempt.error = outcome.response, outcome.error
    attempt.save()
    return is_awaited


def _fail(endpoint: WebhookEndpoint, delivery: WebhookDelivery, outcome: Outcome, *, now: datetime) -> None:
    if delivery.tries > len(WAITS) or not endpoint.enabled:
        _end(delivery, DeliveryStatus.FAILED, now=now)
    else:
        delivery.next_attempt_at = now + WAITS[delivery.tries - 1]
        delivery.save(update_fields=["next_attempt_at"])
    if endpoint.failing_since is None:
        endpoint.failing_since = now
        endpoint.save(update_fields=["failing_since"])
    if endpoint.enabled and outcome.code == GONE:
        _give_up(endpoint, delivery, DisabledReason.GONE, now=now)
    elif endpoint.enabled and now - endpoint.failing_since >= FAILS_AT_MOST:
        _give_up(endpoint, delivery, DisabledReason.FAILING, now=now)


def _give_up(endpoint: WebhookEndpoint, delivery: WebhookDelivery, reason: DisabledReason, *, now: datetime) -> None:
    """Other deliveries that wait end when their jobs find the endpoint off."""
    disable_endpoint(endpoint, reason, now=now)
    _end(delivery, DeliveryStatus.FAILED, now=now)


def _forgive(endpoint: WebhookEndpoint) -> None:
    if endpoint.failing_since is not None:
        endpoint.failing_since = None
        endpoint.save(update_fields=["failing_since"])


def _end(delivery: WebhookDelivery, status: DeliveryStatus, *, now: datetime) -> None:
    delivery.status, delivery.finished_at, delivery.next_attempt_at = status, now, None
    delivery.save(update_fields=["status", "finished_at", "next_attempt_at"])


def _record(action: str, delivery: WebhookDelivery, changes: Changes, *, now: datetime) -> None:
    record(action, now=now, subject=delivery, account_id=delivery.endpoint.account_id, changes=changes)


def _bring_forward(delivery: WebhookDelivery, *, now: datetime) -> None:
    waiting = Job.objects.filter(kind=JOB, ref_id=delivery.pk, state=JobState.WAITING, lease_until=None)
    if waiting.update(run_at=now):
        changes: Changes = {"next_attempt_at": [delivery.next_attempt_at, now]}
        delivery.next_attempt_at = now
        delivery.save(update_fields=["next_attempt_at"])
        _record("webhook_delivery.redelivered", delivery, changes, now=now)
        wake_after_commit()


def _check_enabled(endpoint: WebhookEndpoint) -> None:
    if not endpoint.enabled:
        raise InvalidStateError("This endpoint is disabled; enable it first.")
