"""Reading batches and their items, by index however many there are."""

from collections.abc import Collection, Iterator
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from api.batches.models import Batch, BatchItem
from api.batches.states import JOB, ItemState
from api.outbox.models import Job, JobState


def newest_batches(*, before: UUID | None = None, kinds: Collection[str] | None = None) -> QuerySet[Batch]:
    """`before`: those that were started before that one. `kinds`: of these only."""
    batches = Batch.objects.order_by("-id")
    if kinds is not None:
        batches = batches.filter(kind__in=kinds)
    return batches if before is None else batches.filter(pk__lt=before)


def waiting_items(batch_id: UUID) -> QuerySet[BatchItem]:
    """In their order."""
    return BatchItem.objects.filter(batch_id=batch_id, state=ItemState.WAITING).order_by("position")


def items_in(batch_id: UUID, state: ItemState) -> QuerySet[BatchItem]:
    return BatchItem.objects.filter(batch_id=batch_id, state=state).order_by("position")


def has_job(batch_id: UUID) -> bool:
    """Whether somebody works it off, or will; else its job was given up."""
    return Job.objects.filter(ref_id=batch_id, kind=JOB, state=JobState.WAITING).exists()


def counts_of(batch_id: UUID) -> tuple[int, int]:
    """How many of a batch's items are done and failed."""
    found = BatchItem.objects.filter(batch_id=batch_id).aggregate(
        done=Count("pk", filter=Q(state=ItemState.DONE)), failed=Count("pk", filter=Q(state=ItemState.FAILED))
    )
    return found["done"], found["failed"]


def all_items(batch_id: UUID, *, at_once: int = 1_000) -> Iterator[BatchItem]:
    """Every item without its payload, in slices: a result of 50,000 lines takes the memory of one slice."""
    items = BatchItem.objects.filter(batch_id=batch_id).defer("payload").order_by("position")
    position = 0
    while some := list(items.filter(position__gt=position)[:at_once]):
        yield from some
        position = some[-1].position
