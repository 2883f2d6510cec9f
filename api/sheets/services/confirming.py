"""Saying yes to what a check found, or throwing it away."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django.db import transaction

from api.audit.changes import Changes
from api.audit.services import record
from api.batches.models import Batch
from api.batches.services import ItemIn, start_batch
from api.exceptions import BackendError, InvalidStateError
from api.sheets import storage
from api.sheets.kinds import SheetKind, kind_called
from api.sheets.models import Sheet
from api.sheets.selectors import rows_to_apply
from api.sheets.services.ending import forget_content
from api.sheets.states import SheetState

GONE = "This upload was thrown away: uploads are kept for seven days. Upload the file again."
NOTHING = "No row of this file would change anything: there is nothing to confirm."


def confirm_sheet(sheet_id: UUID, *, title: str, actor: str, why: str, now: datetime) -> Batch:
    """Start the batch that takes the good rows in. Confirming again, in another tab or twice, is the same batch.

    Raises InvalidStateError while it is checked, once it was thrown away, and if no row would do anything.
    """
    with transaction.atomic():
        sheet = Sheet.objects.select_for_update().get(pk=sheet_id)
        if sheet.state == SheetState.CONFIRMED and sheet.batch is not None:
            return sheet.batch
        _check_confirmable(sheet, now=now)
        kind = kind_called(sheet.kind)
        rows = rows_to_apply(sheet)
        if not rows.exists():
            raise InvalidStateError(NOTHING)
        sheet.batch = start_batch(
            kind.batch_kind,
            title=title,
            items=_items(kind, sheet),
            actor=actor,
            why=why,
            now=now,
            params={"sheet": str(sheet.pk), **({"scope": str(sheet.scope_id)} if sheet.scope_id else {})},
        )
        sheet.state, sheet.confirmed_at = SheetState.CONFIRMED, now
        sheet.save(update_fields=["state", "confirmed_at", "batch"])
        told: Changes = {
            "kind": [None, sheet.kind],
            "rows": [None, sheet.batch.total],
            "batch": [None, str(sheet.batch.pk)],
        }
        record("sheet.confirmed", actor=actor, subject=sheet, changes=told, now=now)
        return sheet.batch


def discard_sheet(sheet_id: UUID, *, actor: str, now: datetime) -> Sheet:
    """Forget its rows and its file; one that was confirmed stays, its work is the batch's to call off."""
    with transaction.atomic():
        sheet = Sheet.objects.select_for_update().get(pk=sheet_id)
        source = SheetState(sheet.state)
        if sheet.state == SheetState.CONFIRMED:
            raise InvalidStateError("This upload is confirmed: cancel the rest on its batch's page.")
        if sheet.state not in {SheetState.DISCARDED, SheetState.EXPIRED}:
            forget_content([sheet.pk], state=SheetState.DISCARDED)
            changes: Changes = {"state": [source, SheetState.DISCARDED]}
            record("sheet.discarded", actor=actor, subject=sheet, changes=changes, now=now)
    if source in {SheetState.UPLOADING, SheetState.WAITING}:
        with suppress(BackendError):  # the bucket's own rule forgets it in a week
            storage.forget(sheet.key)
    sheet.refresh_from_db()
    return sheet


def _check_confirmable(sheet: Sheet, *, now: datetime) -> None:
    if sheet.state == SheetState.DISCARDED:
        raise InvalidStateError("This upload was thrown away, perhaps in another tab. Upload the file again.")
    if sheet.state == SheetState.EXPIRED or sheet.expires_at <= now:
        raise InvalidStateError(GONE)
    if sheet.state != SheetState.CHECKED:
        raise InvalidStateError("This upload is not checked to the end: wait for its report.")


def _items(kind: SheetKind, sheet: Sheet) -> Iterator[ItemIn]:
    """By row id: the row has its values, and is blanked once it is taken in."""
    rows = rows_to_apply(sheet).values_list("pk", "number", "row_key")
    for pk, number, key in rows.iterator(chunk_size=2_000):
        yield ItemIn(ref_id=str(pk), label=f"row {number}: {key}" if key and kind.shows_key else f"row {number}")
