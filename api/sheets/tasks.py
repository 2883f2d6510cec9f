"""The sheets' jobs, and the batches that take their rows in."""

from datetime import datetime
from uuid import UUID

from api.audit.states import Door
from api.batches.models import BatchItem
from api.batches.registry import batch_kind
from api.outbox.registry import Postpone, handles
from api.sheets import services
from api.sheets.taken import ACCOUNTS, SUPPRESSIONS, TEMPLATES


@handles("sheet.check")
def check_sheet(ref_id: UUID, *, now: datetime) -> None:
    """Read it, then a slice of its rows; the same job comes again for the next, behind what became due meanwhile."""
    services.read_sheet(ref_id, now=now)
    if services.check_slice(ref_id, now=now):
        raise Postpone(now, is_progress=True)


@handles("export.write")
def write_export(ref_id: UUID, *, now: datetime) -> None:
    services.write_export(ref_id, now=now)


for _kind in (ACCOUNTS, TEMPLATES, SUPPRESSIONS):

    @batch_kind(
        _kind.batch_kind,
        door=Door.IMPORT,
        look=_kind.permission,
        permission=_kind.permission,
    )
    def take_row(item: BatchItem, *, actor: str, now: datetime) -> str:  # noqa: ARG001 - the import acts
        return services.take_row(item, now=now)
