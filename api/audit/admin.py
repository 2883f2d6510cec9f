"""The audit log for whoever looks into what happened; nobody writes here."""

from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from accounts.groups import OUR_APPS
from api.audit import wording
from api.audit.models import AuditEntry
from api.audit.selectors import find_entries, written_between
from api.audit.states import Door
from giftflick.admin import NOTHING, UNBROKEN, ReadOnlyAdmin, moment
from giftflick.admin_filters import one_of
from giftflick.admin_links import close_links

SHORT = 12  # characters: a key's id is shown whole, of others the random end
ENOUGH = 8
TABLE = (
    '<div class="gf-scroll"><table class="gf-table gf-changes" id="changes"><thead><tr><th scope="col">field</th>'
    '<th scope="col">before</th><th scope="col">after</th></tr></thead><tbody>{}</tbody></table></div>'
)


class DoorFilter(admin.SimpleListFilter):
    title = "door"
    parameter_name = "door"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002
        return [(door.value, wording.THROUGH[door]) for door in Door]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        value = self.value()
        return queryset if value is None else queryset.filter(door=value)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = [moment("at"), "who", "what", "object_link", "change", "why", "through"]
    list_filter = [DoorFilter, one_of("action")]
    search_fields = ["=object_id"]  # shows the box; `get_search_results` reads what is typed
    search_help_text = (
        "One of: the id of what was changed, a shop's name or id, who did it, an action such as gift.canceled, "
        "a request id, or a day such as 2026-11-27."
    )
    ordering = ["-id"]
    sortable_by = ()
    has_history = False
    fields = [
        moment("at"),
        "who",
        "what",
        "object_link",
        "object_id",
        "changed",
        "why",
        "through",
        "shop",
        "request_id",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without what is about a kind of thing that the reader may not look at."""
        hidden = [name for name, model in _models().items() if not _may_look(request, model)]
        entries = super().get_queryset(request)
        return entries.exclude(object_type__in=hidden) if hidden else entries

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        return close_links(request, super().change_view(request, object_id, form_url, extra_context))

    @admin.display(description="who")
    def who(self, entry: AuditEntry) -> str:
        return wording.who(entry.actor)

    @admin.display(description="what")
    def what(self, entry: AuditEntry) -> str:
        return format_html(UNBROKEN, wording.what(entry.action))

    @admin.display(description="to what")
    def object_link(self, entry: AuditEntry) -> str:
        """As text where it has no page."""
        if not entry.object_id:
            return NOTHING
        model, address = _models().get(entry.object_type), _page_of(entry)
        kind = entry.object_type if model is None else model._meta.verbose_name  # noqa: SLF001 - Django documents it
        shown = entry.object_id if len(entry.object_id) <= SHORT else f"…{entry.object_id[-ENOUGH:]}"
        words = format_html('<span title="{}" style="white-space: nowrap">{} {}</span>', entry.object_id, kind, shown)
        return format_html('<a class="gf-link" href="{}">{}</a>', address, words) if address else words

    @admin.display(description="from → to")
    def change(self, entry: AuditEntry) -> str:
        return wording.in_short(entry)

    @admin.display(description="through")
    def through(self, entry: AuditEntry) -> str:
        return wording.THROUGH[Door(entry.door)]

    @admin.display(description="shop")
    def shop(self, entry: AuditEntry) -> str:
        if entry.account is None:
            return NOTHING
        address = reverse("admin:accounts_account_change", args=[entry.account_id])
        return format_html('<a class="gf-link" href="{}">{}</a>', address, entry.account)

    @admin.display(description="before and after")
    def changed(self, entry: AuditEntry) -> str:
        lines = wording.lines_of(entry)
        if not lines:
            return "No field: what was done is all there is to tell."
        rows = format_html_join(
            "",
            '<tr><th scope="row">{}</th><td><del>{}</del></td><td><ins>{}</ins></td></tr>',
            ((line.label, line.before, line.after) for line in lines),
        )
        return format_html(TABLE, rows)

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002
        queryset: QuerySet[Any],
        search_term: str,
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term:
            return queryset, False
        day = _day(search_term.strip())
        if day is not None:
            return written_between(queryset, _start(day), _start(day + timedelta(days=1))), False
        return find_entries(queryset, search_term), False


def _day(text: str) -> date | None:
    """Of the last day there is, no log has an entry, and no next day where it would end."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return None if day == date.max else day


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=timezone.get_default_timezone())


@cache
def _models() -> dict[str, type[Model]]:
    """Ours, by the name that an entry has for them."""
    return {str(model._meta.model_name): model for app in OUR_APPS for model in apps.get_app_config(app).get_models()}  # noqa: SLF001


def _may_look(request: HttpRequest, model: type[Model]) -> bool:
    page = admin.site._registry.get(model)  # noqa: SLF001 - Django lists them nowhere else
    if page is not None:
        return page.has_view_permission(request)
    return request.user.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}")  # noqa: SLF001


def _page_of(entry: AuditEntry) -> str | None:
    model = _models().get(entry.object_type)
    if model is None or entry.action.endswith((".deleted", ".forgotten")):
        return None
    try:
        return reverse(f"admin:{model._meta.app_label}_{entry.object_type}_change", args=[entry.object_id])  # noqa: SLF001
    except NoReverseMatch:
        return None
