"""Taking a file in: through the site while it is small, else from the browser straight into the bucket."""

from datetime import datetime, timedelta
from typing import IO
from uuid import UUID

from django.db import transaction
from uuid6 import uuid7

from api.exceptions import InvalidStateError, TooLargeError
from api.outbox.services import enqueue
from api.sheets import storage
from api.sheets.kinds import SheetKind
from api.sheets.limits import KEPT_FOR, MAX_BYTES, MAX_POSTED, MB, READ_AT_ONCE
from api.sheets.models import Sheet
from api.sheets.states import SheetState

# A small file is read, or written, at once by whoever waits for it; its job is for the case that this process is killed
# meanwhile, or S3 away.
IN_CASE_OF_DEATH = timedelta(seconds=30)

TOO_LARGE = (
    f"The file is too large: at most {MAX_BYTES // MB} MB can be taken in. Leave out what is not needed, or split it "
    "into several files."
)
TOO_LARGE_TO_POST = (
    f"Without JavaScript a file may have {MAX_POSTED // MB} MB. Switch it on for this page, or split the file."
)


def begin_upload(kind: SheetKind, *, size: int, scope_id: UUID | None, actor: str, now: datetime) -> tuple[Sheet, str]:
    """A sheet whose file is yet to come, and the address that a browser puts exactly `size` bytes to."""
    if not 0 < size <= MAX_BYTES:
        raise TooLargeError(TOO_LARGE)
    sheet = _sheet(kind, size=size, scope_id=scope_id, actor=actor, now=now)
    return sheet, storage.put_address(sheet.key, size)


def finish_upload(sheet_id: UUID, kind: SheetKind, *, scope_id: UUID | None, actor: str, now: datetime) -> Sheet:
    """The browser says that the file is there; only whoever began the upload may. Saying it twice changes nothing."""
    sheet = Sheet.objects.filter(pk=sheet_id, kind=kind.name, scope_id=scope_id, created_by=actor).first()
    if sheet is None or (sheet.state == SheetState.UPLOADING and storage.size_of(sheet.key) != sheet.size):
        raise InvalidStateError("The file did not arrive whole. Upload it again.")
    return _is_there(sheet.pk, now=now)


def receive_file(
    kind: SheetKind, file: IO[bytes], *, size: int, scope_id: UUID | None, actor: str, now: datetime
) -> Sheet:
    if size > MAX_POSTED:
        raise TooLargeError(TOO_LARGE_TO_POST if size <= MAX_BYTES else TOO_LARGE)
    sheet = _sheet(kind, size=size, scope_id=scope_id, actor=actor, now=now)
    storage.keep(sheet.key, file)
    return _is_there(sheet.pk, now=now)


def _sheet(kind: SheetKind, *, size: int, scope_id: UUID | None, actor: str, now: datetime) -> Sheet:
    sheet_id = uuid7()
    return Sheet.objects.create(
        id=sheet_id,
        kind=kind.name,
        scope_id=scope_id,
        state=SheetState.UPLOADING,
        key=storage.import_key(sheet_id),
        size=size,
        created_by=actor,
        created_at=now,
        expires_at=now + KEPT_FOR,
    )


def _is_there(sheet_id: UUID, *, now: datetime) -> Sheet:
    with transaction.atomic():
        sheet = Sheet.objects.select_for_update().get(pk=sheet_id)
        if sheet.state == SheetState.UPLOADING:
            sheet.state = SheetState.WAITING
            sheet.save(update_fields=["state"])
            is_small = sheet.size <= READ_AT_ONCE
            enqueue("sheet.read", sheet.pk, now=now, run_at=now + IN_CASE_OF_DEATH if is_small else now)
    return sheet
