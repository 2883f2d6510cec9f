"""Forgetting: a week after they came, rows and exports are gone, and what was said of them after 400 days.

The bucket forgets its files by its own rule.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from api.batches.services import KEEP, forget_labels, forget_row
from api.batches.states import OPEN
from api.sheets.models import Export, Sheet, SheetRow
from api.sheets.states import KEPT, ExportState, SheetState

AT_ONCE = 20  # sheets a sweep; the next tick goes on


def throw_old_away(*, now: datetime) -> int:
    """Rows that a batch still works on stay until it is over. With them goes what it calls them by, their keys."""
    old = Sheet.objects.filter(expires_at__lte=now, state__in=sorted(KEPT)).exclude(batch__state__in=sorted(OPEN))
    thrown = 0
    for sheet_id in list(old.order_by("expires_at").values_list("pk", flat=True)[:AT_ONCE]):
        with transaction.atomic():
            Sheet.objects.select_for_update().get(pk=sheet_id)
            sheet = old.filter(pk=sheet_id).select_related("batch").first()
            if sheet is None:  # confirmed in this instant
                continue
            forget_content([sheet_id], state=SheetState.EXPIRED)
            if sheet.batch is not None:
                forget_labels(sheet.batch)
            thrown += 1
    over = Export.objects.filter(expires_at__lte=now).exclude(state=ExportState.EXPIRED)
    return thrown + over.update(state=ExportState.EXPIRED, key="")


def forget_content(sheet_ids: Sequence[UUID], *, state: SheetState) -> None:
    """Also what quotes the file: without its first row, names and addresses stand for the columns' names."""
    SheetRow.objects.filter(sheet__in=sheet_ids).delete()
    kept = Sheet.objects.filter(pk__in=sheet_ids, state__in=sorted(KEPT))
    kept.update(state=state, header=[], problems=[])


def purge_old(*, now: datetime) -> int:
    """Remove sheets and exports that came 400 days ago: the oldest, which their ids begin with."""
    gone = 0
    for model in (Sheet, Export):
        oldest = model.objects.order_by("pk").values_list("pk", "created_at")[:AT_ONCE]
        old = [pk for pk, created_at in oldest if created_at < now - KEEP]
        model.objects.filter(pk__in=old).delete()
        gone += len(old)
    return gone


def forget_sheet_rows(scope_id: UUID, row_key: str) -> None:
    """Remove what any file of this scope has said under a key, with what batches say of it. One that waits fails."""
    rows = SheetRow.objects.filter(sheet__scope_id=scope_id, row_key=row_key)
    for pk, batch_id in rows.exclude(sheet__batch=None).values_list("pk", "sheet__batch"):
        forget_row(str(pk), batch_id=batch_id)
    rows.delete()
