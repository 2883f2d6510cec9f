"""Where data is taken out, and where the files lie for a week."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from accounts.models import Account
from accounts.reauthentication import ask_who, is_fresh
from api.exceptions import ApplicationError, NotFoundError
from api.sheets import selectors, services
from api.sheets.admin.uploading import download_again
from api.sheets.exported import KINDS, ExportKind
from api.sheets.models import Export
from api.sheets.states import ExportState, SheetFormat
from giftflick.admin_door import actor_of
from giftflick.admin_pages import page, show

TONES = {ExportState.DONE: "good", ExportState.FAILED: "bad", ExportState.EXPIRED: "warn"}
ORDER, PERSONAL = "api.add_export", "api.export_pii"
MODES = [("", "Live and test"), ("live", "Live"), ("test", "Test")]


class ExportForm(forms.Form):
    """The fields that its kind can be filtered by; last month to begin with."""

    since = forms.DateField(
        required=False, label="Made on or after", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    before = forms.DateField(
        required=False,
        label="and before",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Days in UTC.",
    )
    account = forms.ModelChoiceField(
        Account.objects.order_by("name"), required=False, label="Shop", empty_label="Every shop"
    )
    mode = forms.ChoiceField(choices=MODES, required=False)
    status = forms.ChoiceField(required=False)
    format = forms.ChoiceField(choices=SheetFormat.choices, label="File", initial=SheetFormat.XLSX)
    personal = forms.BooleanField(
        required=False,
        label="With names, addresses and messages",
        help_text="Asks for your second factor again; the audit log notes it.",
    )

    def __init__(self, data: Any, asked: Mapping[str, str], *, kind: ExportKind, may_see_personal_data: bool) -> None:
        """`asked`: what was chosen before, if anything was."""
        super().__init__(data, label_suffix="")
        field, statuses = kind.statuses
        this_month = timezone.now().date().replace(day=1)
        last_month = {"since": (this_month - timedelta(days=1)).replace(day=1), "before": this_month}
        self.initial = {name: asked[name] for name in self.fields if name in asked} or last_month
        unfit = {
            "since": kind.is_dated,
            "before": kind.is_dated,
            "account": kind.has_shop,
            "mode": kind.has_shop,
            "status": bool(statuses),
            "personal": may_see_personal_data and any(column.is_personal for column in kind.columns),
        }
        for name, is_fit in unfit.items():
            if not is_fit:
                del self.fields[name]
        if statuses:
            choices = [("", "Every one"), *((status, status) for status in statuses)]
            self.fields["status"] = forms.ChoiceField(choices=choices, required=False, label=field.capitalize())

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if (since := data.get("since")) and (before := data.get("before")) and before <= since:
            self.add_error("before", f"No day is before this one and not before {since:%Y-%m-%d}: choose a later one.")
        return data

    def chosen(self) -> dict[str, str]:
        """As a query: it names shops, days and states, and no person."""
        return {name: str(self.data[name]) for name in self.fields if self.data.get(name)}

    def filters(self) -> dict[str, Any]:
        data = self.cleaned_data
        found: dict[str, Any] = {
            name: data[name].isoformat() for name in ("since", "before") if data.get(name) is not None
        }
        if data.get("account"):
            found["account"] = str(data["account"].pk)
        if data.get("mode"):
            found["livemode"] = data["mode"] == "live"
        if data.get("status"):
            found["status"] = data["status"]
        return found


@page("exports/", name="exports", permission=ORDER)
def exports(request: HttpRequest) -> HttpResponse:
    """What can be exported, and the files of the last week that are theirs to download."""
    kinds = [kind for kind in KINDS.values() if request.user.has_perm(kind.permission)]
    if not kinds:
        raise PermissionDenied("This page needs the permission to view what it exports.")
    may_see_personal_data = request.user.has_perm(PERSONAL)
    latest = [
        (export, KINDS[export.kind].title, TONES.get(ExportState(export.state), "info"))
        for export in selectors.latest_exports()
        if _may_have(request, export)
    ]
    is_open = any(export.state == ExportState.QUEUED for export, _, _ in latest)
    template = "admin/sheets_exported.html" if request.GET.get("part") == "progress" else "admin/sheets_exports.html"
    return show(
        request,
        template,
        "Export",
        kinds=kinds,
        latest=latest,
        is_open=is_open,
        may_see_personal_data=may_see_personal_data,
    )


@page("exports/<slug:name>/new/", name="export_kind", permission=ORDER)
def export_kind(request: HttpRequest, name: str) -> HttpResponseBase:
    kind = _kind(request, name)
    form = ExportForm(
        request.POST or None, request.GET.dict(), kind=kind, may_see_personal_data=request.user.has_perm(PERSONAL)
    )
    refusal = ""
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data.get("personal") and not is_fresh(request, now=timezone.now()):
            messages.warning(request, "Nothing was exported yet: this took a while. Please press Export again.")
            return ask_who(back=f"{request.path}?{urlencode(form.chosen())}")
        try:
            return _export(request, kind, form)
        except ApplicationError as error:
            refusal = error.detail
    return show(
        request,
        "admin/sheets_export.html",
        f"Export: {kind.title.lower()}",
        kind=kind,
        form=form,
        refusal=refusal,
        left_out=[column.name for column in kind.columns if column.is_personal],
    )


def _export(request: HttpRequest, kind: ExportKind, form: ExportForm) -> HttpResponse:
    services.order_export(
        kind,
        SheetFormat(form.cleaned_data["format"]),
        form.filters(),
        has_personal_data=bool(form.cleaned_data.get("personal")),
        actor=actor_of(request),
        now=timezone.now(),
    )
    return redirect("admin:exports")


@page("exports/<uuid:pk>/download/", name="export_download", permission=ORDER)
def download(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    try:
        export = selectors.export_with(pk)
    except NotFoundError:
        raise Http404 from None
    if not _may_have(request, export):
        raise PermissionDenied("This file is not yours to download.")
    if export.has_personal_data and not is_fresh(request, now=timezone.now()):
        return download_again(request, back=reverse("admin:exports"))
    return _send(request, export)


def _send(request: HttpRequest, export: Export) -> HttpResponse:
    try:
        link = services.download_link(
            export,
            may_see_personal_data=request.user.has_perm(PERSONAL),
            actor=actor_of(request),
            now=timezone.now(),
        )
    except ApplicationError as refusal:
        messages.error(request, refusal.detail)
        return redirect("admin:exports")
    return redirect(link)


def _may_have(request: HttpRequest, export: Export) -> bool:
    """What somebody may look at, they may have; names and addresses only with the permission for them."""
    may_view = request.user.has_perm(KINDS[export.kind].permission)
    return may_view and (not export.has_personal_data or request.user.has_perm(PERSONAL))


def _kind(request: HttpRequest, name: str) -> ExportKind:
    kind = KINDS.get(name)
    if kind is None:
        raise Http404
    if not request.user.has_perm(kind.permission):
        raise PermissionDenied(f"This page needs the permission {kind.permission}.")
    return kind
