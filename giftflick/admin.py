"""What the admin's pages share: rows that services alone may change, lists that never count everything."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from giftflick.admin_edits import CarefulEdits
from giftflick.admin_lists import ListByKey, filters_of_list, sortable_columns
from giftflick.admin_parts import badge, when
from giftflick.admin_words import Nothing, nothing_of, words_of

if TYPE_CHECKING:  # Django's own are generic to mypy only, and Unfold has no types
    TabularInline = admin.TabularInline[Any, Any]
else:
    from unfold.admin import TabularInline
    from unfold.forms import AdminForm, Fieldline

    # Unfold does so in its own `changeform_view`, which a page that must not run in a transaction goes around.
    helpers.AdminForm, helpers.Fieldline = AdminForm, Fieldline

NOTHING = "-"
NO_NUL = ProhibitNullCharactersValidator()
UNBROKEN = '<span style="white-space: nowrap">{}</span>'

Column = Any  # a function from row to text; the stubs know those in `list_display` only, Django everywhere


class ModelAdmin(CarefulEdits):
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

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any) -> Any:
        """Rows that cannot be, from a form that was tampered with, are told in words."""
        try:
            for given in [*request.POST.getlist(ACTION_CHECKBOX_NAME), *filter(None, request.POST.getlist("upto"))]:
                NO_NUL(given)
                self.opts.pk.run_validators(self.opts.pk.to_python(given))  # they know what the column holds
        except ValidationError:
            messages.warning(request, "Those rows were not understood: choose them again. Nothing was done.")
            return None
        return super().response_action(request, queryset, *args, **kwargs)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        """Django reads both also for the fields that are only shown."""
        words = words_of(self.model)  # type: ignore[arg-type]  # mypy takes no class for hashable
        meta = getattr(kwargs.get("form", self.form), "Meta", None)
        helps = {name: word.help for name, word in words.items()}
        labels = {name: word.label for name, word in words.items() if word.label}
        helps |= getattr(meta, "help_texts", None) or {}
        labels |= getattr(meta, "labels", None) or {}
        return super().get_form(request, obj, change, **{"help_texts": helps, "labels": labels, **kwargs})

    @property
    def nothing(self) -> Nothing:
        return nothing_of(self.model)


Button = tuple[str, str, str]  # label, address, looks


class ReadOnlyAdmin(ModelAdmin):
    """Look, search, filter; what may be done to a row is an action that calls a service.

    A row's page begins with what `about` says of it: a sentence, what is wrong, buttons, a film or picture.
    """

    change_form_template = "admin/details.html"
    records_itself = True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return False

    def about(self, request: HttpRequest, row: Any) -> "About":  # noqa: ARG002
        return About()

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,  # noqa: FBT001, FBT002 - Django's signature
        change: bool = False,  # noqa: FBT001, FBT002
        form_url: str = "",
        obj: Any = None,
    ) -> Any:
        context.update(vars(self.about(request, obj)) if obj is not None else {})
        return super().render_change_form(request, context, add, change, form_url, obj)


@dataclass(frozen=True)
class About:
    """What stands first on a row's page."""

    lead: str = ""
    trouble: str = ""
    buttons: Sequence[Button] = ()
    picture: object = None


class ReadOnlyInline(TabularInline):
    """A plain table on a row's page; where its rows have pages of their own, the first cell leads there."""

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


def state(name: str, **tones: str) -> Column:
    """A badge with the value itself; what it means shows when pointed at. `tones` are for values that mean another
    thing here than elsewhere.
    """

    @admin.display(description=name.replace("_", " "), ordering=name)
    def cell(row: Model) -> str:
        value = getattr(row, name)
        if value in (None, ""):
            return NOTHING
        return badge(str(value), explained=getattr(row, f"get_{name}_display")(), tone=tones.get(value))

    cell.__name__ = name
    return cell


def words(name: str, **tones: str) -> Column:
    """For a row's own page: a badge, and what it means in plain words."""

    @admin.display(description=name.replace("_", " "))
    def cell(row: Model) -> str:
        value = getattr(row, name)
        if value in (None, ""):
            return NOTHING
        return format_html("{} {}", badge(str(value), tone=tones.get(value)), getattr(row, f"get_{name}_display")())

    cell.__name__ = name
    return cell


def named(name: str, description: str, show: Callable[[Any], str] = str) -> Column:
    """For a row's own page: a field under a name that says what it is; `show` puts its value into words."""
    return _column(name, show, description=description)


def mode(name: str = "livemode") -> Column:
    return _column(name, lambda is_live: "live" if is_live else badge("TEST", tone="test"), description="mode")


def moment(name: str) -> Column:
    """A column with a time to the second, in UTC."""
    return _column(name, lambda at: format_html(UNBROKEN, when(at, is_exact=True)))


def facts(name: str) -> Column:
    """A column with JSON as one `name: value` a line."""
    return _column(name, lambda value: "\n".join(_lines(value)) or NOTHING)


def link(name: str) -> Column:
    """A column with a link to the page of the row that a foreign key points to, named by its end; costs no query."""

    def show(pk: Any) -> str:
        address = reverse(f"admin:api_{name}_change", args=[pk])
        return format_html('<a class="gf-link gf-nowrap" href="{}" title="{}">…{}</a>', address, pk, str(pk)[-8:])

    return _column(f"{name}_id", show, description=name)


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
