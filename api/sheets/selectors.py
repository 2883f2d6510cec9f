"""Reading sheets, their rows and exports."""

from collections.abc import Iterator
from uuid import UUID

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Cast

from api.batches.models import BatchItem
from api.batches.states import ItemState
from api.exceptions import NotFoundError
from api.sheets.models import Export, Sheet, SheetRow
from api.sheets.states import APPLIED, RowOutcome, SheetState


def sheet_with(sheet_id: UUID) -> Sheet:
    """Raises NotFoundError."""
    try:
        return Sheet.objects.select_related("batch").get(pk=sheet_id)
    except Sheet.DoesNotExist:
        raise NotFoundError("There is no upload with this id.") from None


def latest_sheets(kinds: list[str], *, limit: int = 20) -> list[Sheet]:
    """Newest first, without those whose file has not arrived."""
    arrived = Sheet.objects.filter(kind__in=kinds, scope_id=None).exclude(state=SheetState.UPLOADING)
    return list(arrived.select_related("batch").order_by("-id")[:limit])


def sheets_of(scope_id: UUID) -> QuerySet[Sheet]:
    """Newest first."""
    return Sheet.objects.select_related("batch").filter(scope_id=scope_id).order_by("-id")


def rows_that(sheet: Sheet, outcome: RowOutcome) -> QuerySet[SheetRow]:
    return SheetRow.objects.filter(sheet=sheet, outcome=outcome).order_by("number")


def rows_to_apply(sheet: Sheet) -> QuerySet[SheetRow]:
    return SheetRow.objects.filter(sheet=sheet, outcome__in=sorted(APPLIED)).order_by("number")


def rows_that_failed(sheet: Sheet) -> Iterator[tuple[SheetRow, str]]:
    """Those that the check found wrong, and those that the batch could not take in, with what was wrong."""
    failed = BatchItem.objects.filter(batch=sheet.batch_id, state=ItemState.FAILED, ref_id=OuterRef("pk_text"))
    rows = SheetRow.objects.filter(sheet=sheet)
    if sheet.batch_id is None:
        rows = rows.filter(outcome=RowOutcome.WRONG)
    else:
        rows = rows.annotate(pk_text=Cast("pk", CharField())).filter(Q(outcome=RowOutcome.WRONG) | Exists(failed))
    details = dict(
        BatchItem.objects.filter(batch=sheet.batch_id, state=ItemState.FAILED).values_list("ref_id", "detail")
        if sheet.batch_id
        else []
    )
    for row in rows.order_by("number").iterator(chunk_size=1_000):
        yield row, told(row.errors) or details.get(str(row.pk), "")


def told(errors: dict[str, str]) -> str:
    return " ".join(f"{column}: {words}" if column else words for column, words in errors.items())


def latest_exports(*, limit: int = 20) -> list[Export]:
    return list(Export.objects.order_by("-id")[:limit])


def export_with(export_id: UUID) -> Export:
    """Raises NotFoundError."""
    try:
        return Export.objects.get(pk=export_id)
    except Export.DoesNotExist:
        raise NotFoundError("There is no export with this id.") from None
