"""One upload's report: what it would do, row by row, what is wrong with it, and saying yes or no."""

from tempfile import SpooledTemporaryFile
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from accounts.reauthentication import fresh_sign_in, is_fresh
from api.audit.doors import acting
from api.audit.services import record
from api.exceptions import ApplicationError, BackendError, NotFoundError
from api.sheets import selectors, services, storage
from api.sheets.admin.uploading import allowed_kind, columns_of, download_again, scope_of
from api.sheets.kinds import SheetKind, kind_called
from api.sheets.limits import LINK_LIVES, MAX_CELL, MAX_POSTED, MB
from api.sheets.models import Sheet, SheetRow
from api.sheets.reading import ERROR
from api.sheets.states import BEFORE_CHECKED, RowOutcome, SheetFormat, SheetState, good_rows
from api.sheets.writing import CONTENT_TYPES, write_sheet
from giftflick.admin_confirm import ReasonForm
from giftflick.admin_door import actor_of
from giftflick.admin_pages import page, show

SHOWN = 20  # rows of each kind
SHOWN_WRONG = 100
TONES = {
    SheetState.CHECKED: "good",
    SheetState.CONFIRMED: "good",
    SheetState.REFUSED: "bad",
    SheetState.DISCARDED: "warn",
    SheetState.EXPIRED: "warn",
}


@page("imports/sheets/<uuid:pk>/", name="sheet", permission=None)
def sheet(request: HttpRequest, pk: UUID) -> HttpResponse:
    """With `?part=progress`, only the report: the page's script asks for it while the rows are checked."""
    found, kind = allowed_sheet(request, pk)
    if found.scope_id is not None:
        return redirect(f"admin:{SCOPE_PAGES[kind.name]}", pk=found.scope_id)
    template = "admin/sheets_report.html" if request.GET.get("part") == "progress" else "admin/sheets_sheet.html"
    form = ReasonForm(label_suffix="")
    title = f"Import: {kind.title.lower()}"
    return show(request, template, title, form=form, **report_context(found, kind))


# Where the sheets of a campaign are shown: a capability above says so.
SCOPE_PAGES: dict[str, str] = {}


def report_context(found: Sheet, kind: SheetKind) -> dict[str, Any]:
    counts = found.counts
    good = good_rows(counts)
    new, changed = (
        list(selectors.rows_that(found, which)[:SHOWN]) if counts.get(which) else []
        for which in (RowOutcome.NEW, RowOutcome.CHANGED)
    )
    is_checking = found.state in BEFORE_CHECKED
    wrong = list(selectors.rows_that(found, RowOutcome.WRONG)[: SHOWN_WRONG + 1])
    return {
        "sheet": found,
        "kind": kind,
        "tone": TONES.get(SheetState(found.state), "info"),
        "counts": [(RowOutcome(name), counts.get(name, 0)) for name in RowOutcome.values if name != "unchecked"],
        "good": good,
        "wrong_count": counts.get(RowOutcome.WRONG, len(wrong)),
        "wrong": [(row, row.errors.items()) for row in wrong[:SHOWN_WRONG]],
        "has_failed": bool(wrong) or (found.batch is not None and found.batch.failed_count > 0),
        "has_more_wrong": len(wrong) > SHOWN_WRONG,
        "new": preview(new, found.header),
        "changed": changed,
        "is_checking": is_checking,
        "percent": 100 * found.checked_rows // found.rows if found.rows else 0,
        "may_confirm": found.state == SheetState.CHECKED and good > 0,
        "empty_csv": reverse("admin:sheet_empty", args=[kind.name, "csv"])
        + (f"?scope={found.scope_id}" if found.scope_id else ""),
    }


def preview(rows: list[SheetRow], header: list[str]) -> dict[str, Any]:
    """New rows as a table of the columns that any of them fills in, the file's own first."""
    filled = {column for row in rows for column in row.changes}
    columns = [column for column in header if column in filled]
    columns += sorted(filled.difference(columns))
    return {
        "columns": columns,
        "rows": [(row.number, [row.changes.get(column, ["", ""])[1] for column in columns]) for row in rows],
    }


@page("imports/sheets/<uuid:pk>/confirm/", name="sheet_confirm", permission="api.import_data")
@fresh_sign_in
def confirm(request: HttpRequest, pk: UUID) -> HttpResponse:
    found, kind = allowed_sheet(request, pk)
    if request.method != "POST" or found.scope_id is not None:
        return redirect("admin:sheet", pk=pk)
    good = good_rows(found.counts)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Nothing was taken in: say why. {form.errors['reason'][0]}")
        return redirect("admin:sheet", pk=pk)
    why = form.cleaned_data["reason"]
    try:
        with acting(why=why):
            batch = services.confirm_sheet(
                pk, title=f"Import {good:,} {kind.title.lower()}", actor=actor_of(request), why=why, now=timezone.now()
            )
    except ApplicationError as refusal:
        messages.error(request, refusal.detail)
        return redirect("admin:sheet", pk=pk)
    return redirect("admin:batch", pk=batch.pk)


@page("imports/sheets/<uuid:pk>/discard/", name="sheet_discard", permission=None)
def discard(request: HttpRequest, pk: UUID) -> HttpResponse:
    found, kind = allowed_sheet(request, pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        services.discard_sheet(pk, actor=actor_of(request), now=timezone.now())
    except ApplicationError as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, "Thrown away. Nothing was changed.")
    if found.scope_id is not None:
        return redirect(f"admin:{SCOPE_PAGES[kind.name]}", pk=found.scope_id)
    return redirect("admin:import_kind", name=kind.name)


@page("imports/sheets/<uuid:pk>/errors/", name="sheet_errors", permission=None)
def errors(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The wrong rows, with the file's own columns and one that says what is wrong: names and addresses as they came."""
    found, kind = allowed_sheet(request, pk)
    if not is_fresh(request, now=timezone.now()):
        return download_again(request, back=reverse("admin:sheet", args=[pk]))
    sheet_format = SheetFormat.XLSX if request.GET.get("format") == "xlsx" else SheetFormat.CSV
    header = [name for name in found.header if name != ERROR]
    rows = (
        [*(row.values.get(name, "") for name in header), told[:MAX_CELL]]
        for row, told in selectors.rows_that_failed(found)
    )
    file = SpooledTemporaryFile(max_size=MB)  # noqa: SIM115 - whoever sends it closes it
    write_sheet(file, sheet_format, [*header, ERROR], rows)  # type: ignore[arg-type] # it is a file of bytes
    record("sheet.errors_downloaded", actor=actor_of(request), subject=found, now=timezone.now())
    name = f"{kind.name}-wrong-rows.{sheet_format}"
    if file.tell() > MAX_POSTED:  # more than a function may answer
        key = f"{storage.EXPORTS}{found.pk}-wrong.{sheet_format}"
        try:
            with file:
                storage.keep(key, file)
        except BackendError as away:
            messages.error(request, f"{away.detail} Try again in a minute.")
            return redirect("admin:sheet", pk=pk)
        return redirect(storage.download_address(key, name=name, sheet_format=sheet_format, lives=LINK_LIVES))
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=name, content_type=CONTENT_TYPES[sheet_format])


@page("imports/<slug:name>/empty.<str:form>", name="sheet_empty", permission=None)
def empty(request: HttpRequest, name: str, form: str) -> HttpResponseBase:
    """A file with the columns' names, to be filled in."""
    kind = allowed_kind(request, name)
    if form not in SheetFormat.values:
        raise Http404
    columns = [column.name for column in columns_of(kind, scope_of(request, kind)) if column.is_read]
    file = SpooledTemporaryFile(max_size=MB)  # noqa: SIM115 - whoever sends it closes it
    write_sheet(file, SheetFormat(form), columns, [])  # type: ignore[arg-type] # it is a file of bytes
    file.seek(0)
    return FileResponse(
        file, as_attachment=True, filename=f"{kind.name}.{form}", content_type=CONTENT_TYPES[SheetFormat(form)]
    )


def allowed_sheet(request: HttpRequest, pk: UUID) -> tuple[Sheet, SheetKind]:
    """Raises Http404, or PermissionDenied for a kind that is not theirs."""
    try:
        found = selectors.sheet_with(pk)
    except NotFoundError:
        raise Http404 from None
    kind = kind_called(found.kind)
    if not request.user.has_perm(kind.permission):
        raise PermissionDenied(f"This page needs the permission {kind.permission}.")
    return found, kind
