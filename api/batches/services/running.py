"""Working a batch off, one transaction an item: a worker may be killed anywhere, and two may work at once."""

import logging
import secrets
import time
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction

from api.audit.doors import acting
from api.batches.models import Batch, BatchItem
from api.batches.registry import Kind, kind_of
from api.batches.selectors import counts_of, waiting_items
from api.batches.services.ending import skip_waiting
from api.batches.states import OPEN, BatchState, ItemState
from api.exceptions import ApplicationError, BackendError, refusal_words
from api.outbox.registry import Postpone
from giftflick import metrics

log = logging.getLogger("giftflick.jobs")

SLICE = timedelta(seconds=4)  # a job is begun with 15 s left, and one item may call out for 8
COUNT_EVERY = 1.0  # seconds between the counts that whoever watches sees
LOOK_AGAIN = timedelta(seconds=5)
DEAD_AFTER = timedelta(seconds=20)  # a slice that began so long ago and has not ended was cut off
MOST_TRIES = 3

CUT_OFF = f"The worker came to its end {MOST_TRIES} times while it did this, and it was left undone."

Stopwatch = Callable[[], float]
Outcome = tuple[ItemState, str]


def run_slice(
    batch_id: UUID, *, now: datetime, budget: timedelta = SLICE, stopwatch: Stopwatch = time.monotonic
) -> datetime | None:
    """Do items until none waits or the time is up; when to go on, None if the batch is over.

    After a slice that was cut off, the next one writes down what it begins: an item that takes its worker down with it
    again and again fails, instead of holding up the others.
    """
    batch = Batch.objects.filter(pk=batch_id, state__in=OPEN).first()
    if batch is None:
        skip_waiting(batch_id, now=now)  # what was in hand when the rest was called off, and came back
        _count(batch_id)
        return None
    kind = kind_of(batch.kind)
    is_wary = batch.slice_started_at is not None and batch.slice_started_at < now - DEAD_AFTER
    Batch.objects.filter(pk=batch_id, state__in=OPEN).update(
        state=BatchState.RUNNING, started_at=batch.started_at or now, slice_started_at=now
    )
    started = counted_at = stopwatch()

    def clock() -> datetime:
        return now + timedelta(seconds=stopwatch() - started)

    try:
        with acting(door=kind.door, actor=batch.created_by, why=batch.why):
            while is_more := _do_next(batch, kind, is_wary=is_wary, now=clock()):
                if stopwatch() - started >= budget.total_seconds():
                    break
                if stopwatch() - counted_at >= COUNT_EVERY:
                    _count(batch_id)
                    counted_at = stopwatch()
    except Postpone as later:  # its kind lets others go first: the item has not had its turn
        _count(batch_id, slice_started_at=None)
        return later.until
    _count(batch_id, slice_started_at=None)
    if _finish(batch_id, now=clock()):
        return None
    # What still waits and could not be had is in another worker's hands: should that be killed, it is done here.
    return clock() if is_more else clock() + LOOK_AGAIN


def _do_next(batch: Batch, kind: Kind, *, is_wary: bool, now: datetime) -> bool:
    """False if there was nothing that another worker does not have."""
    item: BatchItem | None = None
    if is_wary:
        item = _begin(batch)
        if item is None:
            return False
        if item.tries > MOST_TRIES:
            _end(item, (ItemState.FAILED, CUT_OFF), now=now)
            return True
    if not kind.is_atomic:
        item = item or waiting_items(batch.pk).first()
        if item is not None:
            item.batch = batch
            _end(item, _outcome(kind, item, actor=batch.created_by, now=now), now=now)
        return item is not None
    with transaction.atomic():
        waiting = waiting_items(batch.pk).select_for_update(skip_locked=True)
        locked = (waiting if item is None else waiting.filter(pk=item.pk)).first()
        if locked is not None:
            locked.batch = batch  # its params, without a query
            _end(locked, _outcome(kind, locked, actor=batch.created_by, now=now), now=now)
    return locked is not None or item is not None


def _begin(batch: Batch) -> BatchItem | None:
    """The next item, its try written down before it is made."""
    with transaction.atomic():
        item = waiting_items(batch.pk).select_for_update(skip_locked=True).first()
        if item is not None:
            item.tries += 1
            item.save(update_fields=["tries"])
    return item


def _outcome(kind: Kind, item: BatchItem, *, actor: str, now: datetime) -> Outcome:
    try:
        with transaction.atomic() if kind.is_atomic else nullcontext():
            return ItemState.DONE, kind.handler(item, actor=actor, now=now)
    except ApplicationError as refusal:
        return ItemState.FAILED, refusal_words(refusal)
    except BackendError as error:
        return ItemState.FAILED, error.detail
    except (OperationalError, InterfaceError):  # the database is away or in a knot: the job comes again, and is wary
        raise
    except Postpone:
        raise
    except Exception:
        reference = secrets.token_hex(4)
        told = {"batch": str(item.batch_id), "position": item.position, "kind": kind.name, "reference": reference}
        log.exception("batch item crashed", extra=told)
        metrics.put(Errors=1)
        return ItemState.FAILED, f"unexpected error (reference {reference})"


def _end(item: BatchItem, outcome: Outcome, *, now: datetime) -> None:
    """Also one that was called off while it was being done."""
    state, detail = outcome
    ended = {"state": state, "detail": detail[:500], "finished_at": now}
    if state == ItemState.DONE:
        ended["payload"] = None
    BatchItem.objects.filter(pk=item.pk, state__in=[ItemState.WAITING, ItemState.SKIPPED]).update(**ended)


def _count(batch_id: UUID, **changes: object) -> None:
    """While it is locked: else a worker that counted earlier could write later."""
    one = Batch.objects.filter(pk=batch_id)
    with transaction.atomic():
        if one.select_for_update().first() is not None:
            done, failed = counts_of(batch_id)
            one.update(done_count=done, failed_count=failed, **changes)


def _finish(batch_id: UUID, *, now: datetime) -> bool:
    with transaction.atomic():
        batch = Batch.objects.select_for_update().get(pk=batch_id)
        if batch.state not in OPEN:
            return True
        if waiting_items(batch_id).exists():
            return False
        batch.done_count, batch.failed_count = counts_of(batch_id)
        batch.state, batch.finished_at = BatchState.DONE, now
        batch.save(update_fields=["done_count", "failed_count", "state", "finished_at"])
    return True
