"""How a batch ends before its time, and how it is forgotten."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from api.audit.changes import Changes
from api.audit.services import record
from api.batches.models import Batch, BatchItem
from api.batches.selectors import counts_of, waiting_items
from api.batches.states import OPEN, BatchState, ItemState
from api.exceptions import InvalidStateError

KEEP_CONTENT = timedelta(days=30)
KEEP = timedelta(days=400)
AT_ONCE = 5_000  # items of one batch: a sweep takes one batch, and the next tick goes on


def cancel_batch(batch_id: UUID, *, actor: str, now: datetime) -> Batch:
    """Call off what has not had its turn; what is being done is done. Raises InvalidStateError once it is over."""
    with transaction.atomic():
        batch = Batch.objects.select_for_update().get(pk=batch_id)
        if batch.state == BatchState.CANCELED:
            return batch
        if batch.state not in OPEN:
            raise InvalidStateError("This batch is done: there is nothing left to cancel.")
        changes: Changes = {"state": [batch.state, BatchState.CANCELED]}
        record("batch.canceled", actor=actor, subject=batch, changes=changes, now=now)
        skip_waiting(batch.pk, now=now)
        batch.state, batch.canceled_at, batch.finished_at = BatchState.CANCELED, now, now
        batch.done_count, batch.failed_count = counts_of(batch.pk)
        batch.save(update_fields=["state", "canceled_at", "finished_at", "done_count", "failed_count"])
    return batch


def skip_waiting(batch_id: UUID, *, now: datetime) -> None:
    """Those that no worker has in hand: waiting for one could be waiting for each other."""
    free = waiting_items(batch_id).order_by().select_for_update(skip_locked=True)
    with transaction.atomic():
        BatchItem.objects.filter(pk__in=free.values("pk")).update(
            state=ItemState.SKIPPED, detail="called off", finished_at=now
        )


def forget_row(ref_id: str, *, batch_id: UUID | None = None) -> int:
    """Blank what batches hold about a row whose person asks to be forgotten; an item that waits will fail.

    A row whose key is a number is one of `batch_id` only: other kinds of rows have the same keys.
    """
    items = BatchItem.objects.filter(ref_id=ref_id)
    if batch_id is not None:
        items = items.filter(batch=batch_id)
    return items.update(label="", payload=None, detail="")


def forget_labels(batch: Batch) -> None:
    """Blank what it calls its items by, once the rows that they were made of are gone."""
    for items in _slices(batch):
        items.update(label="")


def blank_old(*, now: datetime) -> int:
    """A month after its end a batch keeps its items' outcomes and the rows' ids, and no word about them."""
    over = Batch.objects.filter(finished_at__lt=now - KEEP_CONTENT, blanked_at=None).order_by("finished_at").first()
    if over is None:
        return 0
    for items in _slices(over):
        items.update(label="", payload=None, detail="")
    Batch.objects.filter(pk=over.pk).update(blanked_at=now)
    return 1


def purge_old(*, now: datetime) -> int:
    """Remove a batch that ended 400 days ago."""
    old = Batch.objects.filter(finished_at__lt=now - KEEP, blanked_at__isnull=False).order_by("id").first()
    if old is None:
        return 0
    for items in _slices(old):
        items.delete()
    old.delete()
    return 1


def _slices(batch: Batch) -> Iterator[QuerySet[BatchItem]]:
    """All its items by their places, a statement's worth at a time."""
    for first in range(1, batch.total + 1, AT_ONCE):
        yield BatchItem.objects.filter(batch=batch, position__range=(first, first + AT_ONCE - 1))
