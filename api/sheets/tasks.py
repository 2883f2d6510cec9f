"""The sheets' jobs, and the batches that take their rows in."""

from datetime import datetime, timedelta
from uuid import UUID

from api.audit.states import Door
from api.batches.models import BatchItem
from api.batches.registry import batch_kind
from api.outbox.registry import Postpone, handles
from api.sheets import services
from api.sheets.taken import ACCOUNTS, SUPPRESSIONS, TEMPLATES

A_WHOLE_FILE = timedelta(seconds=40)  # 50,000 rows: 9 to 23 s to read, about 10 to write


def _check_given_up(ref_id: UUID, reason: str, *, now: datetime) -> None:  # noqa: ARG001
    services.give_up_check(ref_id)


def _export_given_up(ref_id: UUID, reason: str, *, now: datetime) -> None:  # noqa: ARG001
    services.give_up_export(ref_id, now=now)


@handles("sheet.read", on_dead=_check_given_up, needs=A_WHOLE_FILE)
def read_sheet(ref_id: UUID, *, now: datetime) -> None:
    services.read_sheet(ref_id, now=now)


@handles("sheet.check", on_dead=_check_given_up)
def check_sheet(ref_id: UUID, *, now: datetime) -> None:
    """A slice of its rows; the same job comes again for the next, behind what became due meanwhile."""
    if services.check_slice(ref_id, now=now):
        raise Postpone(now, is_progress=True)


@handles("export.write", on_dead=_export_given_up, needs=A_WHOLE_FILE)
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
