"""What the admin's pages share: rows that services alone may change, lists that never count everything."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from api.exceptions import ApplicationError
from giftflick.admin_edits import CarefulEdits

if TYPE_CHECKING:  # Django's own are generic to mypy only, and Unfold has no types
    TabularInline = admin.TabularInline[Any, Any]
else:
    from unfold.admin import TabularInline

NOTHING = "-"
UNBROKEN = '<span style="white-space: nowrap">{}</span>'

Column = Any  # a function from row to text; the stubs know those in `list_display` only, Django everywhere


class ModelAdmin(CarefulEdits):
    """Base of all our pages of models."""


class ReadOnlyAdmin(ModelAdmin):
    """Look, search, filter; what may be done to a row is an action that calls a service."""

    records_itself = True
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return False


class ReadOnlyInline(TabularInline):
    """A plain table; where a row has a page of its own, its first cell leads there."""

    template = "admin/rows.html"
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return False


class StateFilter(admin.ChoicesFieldListFilter):
    """Offers the values themselves, as the API and the timeline name them, instead of their explanations."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        everything, *choices = super().choices(changelist)
        yield everything
        for choice, (value, label) in zip(choices, self.field.flatchoices, strict=True):
            yield {**choice, "display": str(choice["display"]).replace(str(label), str(value), 1)}


def state(name: str) -> Column:
    """A column with the value itself, not with its explanation."""
    return _column(name, str)


def moment(name: str) -> Column:
    """A column with a time to the second, in UTC."""
    return _column(name, lambda at: format_html(UNBROKEN, f"{at:%Y-%m-%d %H:%M:%S}"))


def facts(name: str) -> Column:
    """A column with JSON as one `name: value` a line."""
    return _column(name, lambda value: "\n".join(_lines(value)) or NOTHING)


def link(name: str) -> Column:
    """A column with a link to the page of the row that a foreign key points to; costs no query."""

    def show(pk: Any) -> str:
        return format_html('<a href="{}">{}</a>', reverse(f"admin:api_{name}_change", args=[pk]), pk)

    return _column(f"{name}_id", show, description=name)


def run_for_each(
    page: ModelAdmin, request: HttpRequest, rows: QuerySet[Any], act: Callable[[Any], object], *, done: str
) -> None:
    """Call a service for each chosen row; the service notes in the audit log who did.

    A refusal is shown in the service's own words and stops no other row.
    """
    count = 0
    for row in rows:
        try:
            act(row)
        except ApplicationError as refusal:
            reasons = " ".join(error.detail for error in refusal.errors) or refusal.detail
            page.message_user(request, f"{row}: {reasons}", messages.ERROR)
        else:
            count += 1
    if count:
        page.message_user(request, f"{done}: {count}.", messages.SUCCESS)


def _column(name: str, show: Callable[[Any], str], *, description: str | None = None) -> Column:
    @admin.display(description=description or name.replace("_", " "), ordering=name)
    def cell(row: Model) -> str:
        value = getattr(row, name)
        return NOTHING if value in (None, "") else show(value)

    cell.__name__ = name
    return cell


def _lines(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in sorted(value.items()):
            yield from _lines(inner, f"{path}.{name}".removeprefix("."))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _lines(inner, f"{path}.{position}".removeprefix("."))
    elif value is not None:
        yield f"{path}: {value}"
