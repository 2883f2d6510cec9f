"""Writing a file out, and who may have its link."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from tempfile import TemporaryFile
from uuid import UUID

from django.db import transaction
from uuid6 import uuid7

from api.audit.services import record
from api.exceptions import BackendError, ForbiddenError, GoneError, InvalidStateError, TooLargeError
from api.outbox.services import enqueue
from api.sheets import storage
from api.sheets.exported import KINDS, ExportKind, Filters, cell
from api.sheets.limits import KEPT_FOR, LINK_LIVES, MAX_ROWS
from api.sheets.models import Export
from api.sheets.refusals import SheetRefusedError
from api.sheets.services.receiving import IN_CASE_OF_DEATH
from api.sheets.states import ExportState, SheetFormat
from api.sheets.writing import write_sheet

WAITED_FOR = 1_000  # rows that are written while their founder waits
READ_AT_ONCE = 1_000
BROKE_OFF = "The file could not be written, and the fault is ours. Tell whoever looks after Giftflick."


def order_export(
    kind: ExportKind, sheet_format: SheetFormat, filters: Filters, *, has_personal_data: bool, actor: str, now: datetime
) -> Export:
    """Have a file written: by a job, but a small one at once, whose job comes should that fail.

    The audit log has who took out how many of what, by which filters, and none of the data. Raises TooLargeError
    beyond 50,000 rows, and InvalidStateError if there are none.
    """
    rows = kind.chosen(filters).order_by()[: MAX_ROWS + 1].count()
    if rows == 0:
        raise InvalidStateError("There is nothing to export: no row fits these filters.")
    if rows > MAX_ROWS:
        raise TooLargeError(f"That is more than {MAX_ROWS:,} rows: choose a shorter time, or one shop.")
    with transaction.atomic():
        export = Export.objects.create(
            id=uuid7(),
            kind=kind.name,
            format=sheet_format,
            filters=dict(filters),
            has_personal_data=has_personal_data,
            rows=rows,
            created_by=actor,
            created_at=now,
            expires_at=now + KEPT_FOR,
        )
        told = {"kind": kind.name, "rows": rows, "filters": dict(filters), "personal_data": has_personal_data}
        changes = {name: [None, value] for name, value in told.items()}
        record("export.ordered", actor=actor, subject=export, changes=changes, now=now)
        is_small = rows <= WAITED_FOR
        enqueue("export.write", export.pk, now=now, run_at=now + IN_CASE_OF_DEATH if is_small else now)
    if is_small:
        with suppress(BackendError):  # its job finds the bucket back
            write_export(export.pk, now=now)
        export.refresh_from_db()
    return export


def write_export(export_id: UUID, *, now: datetime) -> None:
    """Write the file and put it into the bucket; run twice, the same place is written twice. Raises BackendError."""
    export = Export.objects.get(pk=export_id)
    if export.state != ExportState.QUEUED:
        return
    kind, key = KINDS[export.kind], storage.export_key(export.pk, SheetFormat(export.format))
    columns = [column for column in kind.columns if export.has_personal_data or not column.is_personal]
    rows = kind.chosen(export.filters).iterator(chunk_size=READ_AT_ONCE)
    cells: Iterator[list[str]] = ([cell(column.cell(row)) for column in columns] for row in rows)
    with TemporaryFile() as file:
        try:
            header = [column.name for column in columns]
            count = write_sheet(file, SheetFormat(export.format), header, cells)
        except SheetRefusedError as refusal:
            _end(export, state=ExportState.FAILED, problem=refusal.detail, finished_at=now)
            return
        storage.keep(key, file)
    _end(export, state=ExportState.DONE, rows=count, key=key, finished_at=now)


def give_up_export(export_id: UUID, *, now: datetime) -> None:
    """Tell whoever waits for the file."""
    Export.objects.filter(pk=export_id, state=ExportState.QUEUED).update(
        state=ExportState.FAILED, problem=BROKE_OFF, finished_at=now
    )


def download_link(export: Export, *, may_see_personal_data: bool, actor: str, now: datetime) -> str:
    """A link that works for an hour. Raises ForbiddenError, GoneError, and InvalidStateError while it is written."""
    if export.has_personal_data and not may_see_personal_data:
        raise ForbiddenError("This file has personal data: you may not have it.")
    if export.state == ExportState.EXPIRED or export.expires_at <= now:
        raise GoneError("This file was thrown away: files are kept for seven days. Export it again.")
    if export.state != ExportState.DONE:
        raise InvalidStateError("This file is not written yet: wait a moment.")
    record("export.downloaded", actor=actor, subject=export, now=now)
    name = f"giftflick-{export.kind}-{export.created_at:%Y-%m-%d}.{export.format}"
    return storage.download_address(export.key, name=name, sheet_format=SheetFormat(export.format), lives=LINK_LIVES)


def _end(export: Export, **changes: object) -> None:
    Export.objects.filter(pk=export.pk, state=ExportState.QUEUED).update(**changes)
