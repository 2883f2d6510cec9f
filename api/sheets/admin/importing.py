"""Where shops, templates and suppressions are taken in."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from api.exceptions import ApplicationError
from api.sheets import selectors
from api.sheets.admin.uploading import allowed_kind, at_the_door, received, upload_context
from api.sheets.taken import ACCOUNTS, SUPPRESSIONS, TEMPLATES
from giftflick.admin_pages import page, show

KINDS = (ACCOUNTS, TEMPLATES, SUPPRESSIONS)
TEMPLATE = "admin/sheets_upload.html"


@page("imports/", name="imports", permission="api.import_data")
def imports(request: HttpRequest) -> HttpResponse:
    latest = selectors.latest_sheets([kind.name for kind in KINDS])
    titles = {kind.name: kind.title for kind in KINDS}
    return show(
        request,
        "admin/sheets_imports.html",
        "Import",
        kinds=KINDS,
        latest=[(sheet, titles[sheet.kind]) for sheet in latest],
    )


def _upload_page(request: HttpRequest, name: str, *, words: str = "", status: int = 200) -> HttpResponse:
    kind = allowed_kind(request, name)
    if kind not in KINDS:
        raise Http404
    context: dict[str, Any] = {**upload_context(kind), "refusal": words}
    return show(request, TEMPLATE, f"Import: {kind.title.lower()}", status=status, **context)


def _import(request: HttpRequest, name: str) -> HttpResponse:
    kind = allowed_kind(request, name)
    if request.method != "POST" or kind not in KINDS:
        return _upload_page(request, name)
    try:
        sheet = received(request, kind)
    except ApplicationError as refusal:
        return _upload_page(request, name, words=refusal.detail, status=refusal.status)
    return redirect("admin:sheet", pk=sheet.pk)


page("imports/<slug:name>/", name="import_kind", permission="api.import_data")(
    at_the_door(_import, refuse=_upload_page)
)
