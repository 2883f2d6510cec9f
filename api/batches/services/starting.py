"""Writing a batch down."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import transaction
from uuid6 import uuid7

from api.batches.models import Batch, BatchItem
from api.batches.registry import kind_of
from api.batches.states import JOB
from api.exceptions import ApplicationError, InvalidStateError, TooLargeError
from api.outbox.services import enqueue

LARGEST = 50_000
WRITTEN_AT_ONCE = 1_000


@dataclass(frozen=True)
class ItemIn:
    """`ref_id` is the row that it is about, `payload` what the row does not say: blanked once the item is done."""

    ref_id: str
    payload: Mapping[str, Any] | None = None
    label: str = ""


def start_batch(
    kind: str,
    *,
    title: str,
    items: Iterable[ItemIn],
    actor: str,
    why: str,
    now: datetime,
    params: Mapping[str, Any] | None = None,
    batch_id: UUID | None = None,
) -> Batch:
    """Write a batch with all its items and the job that works it off; all of it or, if `items` raises, nothing.

    `items` may be a generator: a thousand are held at a time. With `batch_id`, which a form brings along, a second call
    answers with the batch that the first one made. Raises TooLargeError beyond 50,000 items, and ApplicationError if
    there are none.
    """
    kind_of(kind)  # one that nobody knows is a mistake here, not in every item
    told = {
        "kind": kind,
        "title": title[:200],
        "total": 0,
        "created_by": actor,
        "why": why,
        "params": dict(params or {}),
        "created_at": now,
    }
    with transaction.atomic():
        batch, is_new = Batch.objects.get_or_create(pk=batch_id or uuid7(), defaults=told)
        if not is_new:
            if (batch.kind, batch.created_by) != (kind, actor):
                raise InvalidStateError("This form was used for another batch: open it again.")
            return batch
        batch.total = sum(_write(batch, items))
        if batch.total == 0:
            raise ApplicationError("There is nothing to do: no row was chosen.", code="empty_batch")
        batch.save(update_fields=["total"])
        enqueue(JOB, batch.pk, now=now)
    return batch


def _write(batch: Batch, items: Iterable[ItemIn]) -> Iterator[int]:
    given, written = iter(items), 0
    while some := list(islice(given, WRITTEN_AT_ONCE)):
        if written + len(some) > LARGEST:
            raise TooLargeError(f"A batch has at most {LARGEST:,} rows: choose fewer, for instance month by month.")
        BatchItem.objects.bulk_create(
            BatchItem(
                batch=batch,
                position=position,
                ref_id=item.ref_id,
                label=item.label[:200],
                payload=None if item.payload is None else dict(item.payload),
            )
            for position, item in enumerate(some, start=written + 1)
        )
        written += len(some)
        yield len(some)
