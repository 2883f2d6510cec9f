"""What the admin's pages share: rows that services alone may change, lists that never count everything."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from api.exceptions import ApplicationError
from giftflick.admin_lists import ListByKey, filters_of_list, sortable_columns
from giftflick.admin_words import Nothing, choices_of, nothing_of, tone_of, words_of

if TYPE_CHECKING:  # Django's own are generic to mypy only, and Unfold has no types
    BareModelAdmin = admin.ModelAdmin[Any]
    TabularInline = admin.TabularInline[Any, Any]
else:
    from unfold.admin import ModelAdmin as BareModelAdmin
    from unfold.admin import TabularInline

NOTHING = "-"
UNBROKEN = '<span style="white-space: nowrap">{}</span>'

Column = Any  # a function from row to text; the stubs know those in `list_display` only, Django everywhere


class ModelAdmin(BareModelAdmin):
    """Every field has its word, and an empty list says what would be there.

    Lists are `ListByKey`'s. `ready_filters` are (name, query) pairs that stand above one for everybody.
    """

    is_short_list = False  # of some thousand rows at most: sorted by any column, no days above it
    ready_filters: Sequence[tuple[str, str]] = ()
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # counting each choice reads the table for each
    list_filter_submit = True
    list_before_template = "admin/lists_before.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ListByKey]:  # noqa: ARG002
        return ListByKey

    def get_sortable_by(self, request: HttpRequest) -> list[Any]:
        return sortable_columns(self, super().get_sortable_by(request))

    def get_list_filter(self, request: HttpRequest) -> Any:
        return filters_of_list(self, super().get_list_filter(request))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        if ERROR_FLAG in request.GET and request.method == "GET":
            messages.warning(request, "That address asked for a filter that is not there: this is the whole list.")
        return super().changelist_view(request, extra_context)

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any], **options: Any) -> Any:
        """Rows that cannot be, from a form that was tampered with, are told in words."""
        try:
            return super().response_action(request, queryset, **options)
        except (ValueError, ValidationError):
            messages.warning(request, "Those rows were not understood: choose them again. Nothing was done.")
            return None

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        """Django reads both also for the fields that are only shown."""
        words = words_of(self.model)
        meta = getattr(kwargs.get("form", self.form), "Meta", None)
        helps = {name: word.help for name, word in words.items()} | (getattr(meta, "help_texts", None) or {})
        labels = {name: word.label for name, word in words.items() if word.label} | (
            getattr(meta, "labels", None) or {}
        )
        return super().get_form(request, obj, change, **{"help_texts": helps, "labels": labels, **kwargs})

    @property
    def nothing(self) -> Nothing:
        return nothing_of(self.model)


class ReadOnlyAdmin(ModelAdmin):
    """Look, search, filter; what may be done to a row is an action that calls a service."""

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
    """A column with the value itself; its explanation comes up under the pointer."""

    @admin.display(description=name.replace("_", " "), ordering=name)
    def cell(row: Model) -> str:
        value = getattr(row, name)
        return badge(value, choices_of(type(row), name).get(str(value), "")) if value not in (None, "") else NOTHING

    cell.__name__ = name
    return cell


def badge(value: object, explanation: str = "") -> str:
    return format_html('<span class="gf-badge gf-badge-{}" title="{}">{}</span>', tone_of(value), explanation, value)


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
    """Call a service for each chosen row, and note in the row's history who did.

    A refusal is shown in the service's own words and stops no other row.
    """
    count = 0
    for row in rows:
        try:
            act(row)
        except ApplicationError as refusal:
            reasons = " ".join(error.detail for error in refusal.errors) or refusal.detail
            messages.error(request, f"{row}: {reasons}")
        else:
            page.log_change(request, row, f"{done}.")
            count += 1
    if count:
        messages.success(request, f"{done}: {count}.")


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
