"""Taking one row in, by the services that everybody else uses."""

from datetime import datetime
from typing import TYPE_CHECKING

from api import actors
from api.batches.models import BatchItem
from api.exceptions import ApplicationError, InvalidStateError
from api.sheets.kinds import kind_called
from api.sheets.models import SheetRow
from api.sheets.services.confirming import GONE
from api.sheets.states import RowOutcome

if TYPE_CHECKING:
    from api.sheets.resources.base import Finding


def take_row(item: BatchItem, *, now: datetime) -> str:
    """What came of it, in words. Runs in the item's transaction: killed in it, nothing has happened.

    A row means what it meant when it was shown: if what it is about was changed meanwhile, it is refused.
    """
    row = SheetRow.objects.select_for_update(of=["self"]).select_related("sheet").filter(pk=item.ref_id).first()
    if row is None:
        raise InvalidStateError(GONE)
    if row.applied_at is not None:
        return "was taken in before"
    resource = kind_called(row.sheet.kind).resource_for(row.sheet.scope_id)
    finding = resource.take_in(row.values, number=row.number, actor=actors.importing(item.batch_id), now=now)
    _insist_on_the_same(row, finding)
    row.values, row.changes, row.applied_at = {}, {}, now
    row.save(update_fields=["values", "changes", "applied_at"])
    if finding.outcome == RowOutcome.UNCHANGED or finding.subject is None:
        return "is there already, just so"
    return resource.done(finding.subject, finding.outcome)


def _insist_on_the_same(row: SheetRow, finding: "Finding") -> None:
    if finding.outcome == RowOutcome.UNCHANGED:
        return
    shown = {column: tuple(values) for column, values in row.changes.items()}
    if (finding.outcome, finding.changes) == (row.outcome, shown):
        return
    moved = sorted(column for column in {*shown, *finding.changes} if shown.get(column) != finding.changes.get(column))
    raise ApplicationError(
        f"It was changed by somebody else since the file was checked ({', '.join(moved) or 'it exists by now'}): "
        "nothing was overwritten. Upload the row again to see the difference.",
        code="changed_meanwhile",
    )
