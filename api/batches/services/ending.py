"""How a batch ends before its time, and how it is forgotten."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from api.batches.models import Batch, BatchItem
from api.batches.selectors import counts_of
from api.batches.states import OPEN, BatchState, ItemState
from api.exceptions import InvalidStateError

KEEP_CONTENT = timedelta(days=30)
KEEP = timedelta(days=400)
AT_ONCE = 20  # batches a sweep; the next tick goes on


def cancel_batch(batch_id: UUID, *, now: datetime) -> Batch:
    """Call off what has not had its turn; what is being done is done. Raises InvalidStateError once it is over."""
    with transaction.atomic():
        batch = Batch.objects.select_for_update().get(pk=batch_id)
        if batch.state == BatchState.CANCELED:
            return batch
        if batch.state not in OPEN:
            raise InvalidStateError("This batch is done: there is nothing left to cancel.")
        BatchItem.objects.filter(batch=batch, state=ItemState.WAITING).update(
            state=ItemState.SKIPPED, detail="called off", finished_at=now
        )
        batch.state, batch.canceled_at, batch.finished_at = BatchState.CANCELED, now, now
        batch.done_count, batch.failed_count = counts_of(batch.pk)
        batch.save(update_fields=["state", "canceled_at", "finished_at", "done_count", "failed_count"])
    return batch


def forget_row(ref_id: str, *, batch_id: UUID | None = None) -> int:
    """Blank what batches hold about a row whose person asks to be forgotten; an item that waits will fail.

    A row whose key is a number is one of `batch_id` only: other kinds of rows have the same keys.
    """
    items = BatchItem.objects.filter(ref_id=ref_id)
    if batch_id is not None:
        items = items.filter(batch=batch_id)
    return items.update(label="", payload=None, detail="")


def blank_old(*, now: datetime) -> int:
    """A month after its end a batch keeps its items' outcomes and the rows' ids, and no word about them."""
    over = Batch.objects.filter(finished_at__lt=now - KEEP_CONTENT, blanked_at=None).order_by("finished_at")
    found = list(over.values_list("pk", flat=True)[:AT_ONCE])
    for batch_id in found:
        with transaction.atomic():
            BatchItem.objects.filter(batch_id=batch_id).update(label="", payload=None, detail="")
            Batch.objects.filter(pk=batch_id).update(blanked_at=now)
    return len(found)


def purge_old(*, now: datetime) -> int:
    """Remove batches that ended 400 days ago."""
    old = Batch.objects.filter(finished_at__lt=now - KEEP, blanked_at__isnull=False).order_by("id")
    found = list(old.values_list("pk", flat=True)[:AT_ONCE])
    BatchItem.objects.filter(batch__in=found).delete()
    Batch.objects.filter(pk__in=found).delete()
    return len(found)
