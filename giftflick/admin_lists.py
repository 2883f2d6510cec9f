"""Lists that cost the same at 1,000,000 rows as at ten, also far down.

A page begins at a row's key, not at a number: `?p=after-KEY` is the next page after that row. Django's page numbers
count the whole table, and read all the pages before the one that is asked for. Nothing is counted beyond 10,000, and
what a list can be sorted by has an index.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import DataError
from django.db.models import DateTimeField, Model, Q, QuerySet, UUIDField
from django.http import HttpRequest
from django.utils.http import urlencode
from uuid6 import uuid7

from api.saved_filters.selectors import filters_of
from api.saved_filters.services import may_delete
from giftflick.admin_days import DayFilter, Days, days_of

if TYPE_CHECKING:
    from django.contrib.admin.views.main import ChangeList
else:
    from unfold.views import ChangeList

COUNTED_TO = 10_000
PLACE = re.compile(r"(after|before)-([0-9A-Za-z-]{1,64})|(last)")
TIMES = ("created_at", "at")  # when a row was made, as its key says

Order = list[tuple[str, bool]]  # field, whether it goes down


class Count(int):
    """So many, or more than can be counted in no time."""

    def __str__(self) -> str:
        return f"more than {COUNTED_TO:,}" if self > COUNTED_TO else f"{int(self):,}"


@dataclass(frozen=True)
class Chip:
    """A filter that is kept under a name, above the list."""

    name: str
    address: str
    is_on: bool
    pk: int | None = None
    owner: str = ""
    is_deletable: bool = False


class Pages(Paginator):  # type: ignore[type-arg]
    """The ways to other pages; None where there is none."""

    template_name = "admin/lists_pages.html"

    def __init__(self, rows: Sequence[Model], size: int, **ways: str | None) -> None:
        super().__init__(rows, size)
        self.ways = ways

    def get_elided_page_range(self, *_args: Any, **_options: Any) -> Any:
        return iter(())


class ListByKey(ChangeList):
    """See the module. `model_admin` is one of `giftflick.admin`'s."""

    def __init__(self, request: HttpRequest, *args: Any, **options: Any) -> None:
        if "\x00" in request.GET.urlencode().replace("%00", "\x00"):
            raise IncorrectLookupParameters("a zero byte")
        super().__init__(request, *args, **options)
        self.user: Any = request.user
        if not self.is_popup:
            name = str(self.opts.verbose_name_plural)
            self.title = name[:1].upper() + name[1:]

    def get_filters(self, request: HttpRequest) -> Any:
        """A parameter that no filter knows, such as an old bookmark's, is told in words, as a wrong value is.

        Django takes any field of the row, shown or not: a key's digest could be asked for letter by letter.
        """
        try:
            found = super().get_filters(request)
        except DisallowedModelAdminLookup as error:
            raise IncorrectLookupParameters(error) from error
        unknown = [lookup for lookup in found[2] if not self._is_linked(lookup)]
        if unknown:
            raise IncorrectLookupParameters(f"no filter knows {', '.join(unknown)}")
        return found

    def _is_linked(self, lookup: str) -> bool:
        """What other pages' links ask for beyond a filter's own choices: several of them, times, and whose rows."""
        path, _, way = lookup.rpartition("__")
        fields = self.opts.fields
        match way:
            case "in":
                filters: list[Any] = [one for one in self.list_filter if not callable(one)]
                return path in {one if isinstance(one, str) else one[0] for one in filters}
            case "gte" | "lt" | "isnull":
                return path in {field.name for field in fields if isinstance(field, DateTimeField)}
            case "exact":
                return path in {f"{field.name}__id" for field in fields if field.many_to_one}
        return False

    def get_ordering_field(self, field_name: Any) -> Any:
        if self.sortable_by is not None and field_name not in self.sortable_by:
            return None
        ordering = super().get_ordering_field(field_name)
        return "pk" if ordering == time_of_key(self.model) else ordering

    def get_results(self, request: HttpRequest) -> None:
        try:
            self._read_page(request.GET.get(PAGE_VAR, ""))
        except (ValueError, ValidationError, DataError, OverflowError) as error:
            raise IncorrectLookupParameters(error) from error

    def _read_page(self, asked: str) -> None:
        size, order = self.list_per_page, self._order()
        place = PLACE.fullmatch(asked)
        way, key = (place[1] or place[3], place[2]) if place else ("", "")
        rows, is_backwards = self._rows(order, way, key, size), way in {"before", "last"}
        if way and (not rows or (way == "before" and len(rows) <= size)):  # it has gone, or the beginning is near
            way, is_backwards, rows = "", False, self._rows(order, "", "", size)
        has_more = len(rows) > size
        rows = rows[:size]
        if is_backwards:
            rows.reverse()
        has_earlier = has_more if is_backwards else way == "after"
        has_later = way == "before" if is_backwards else has_more
        self.result_list = rows
        self.multi_page = has_earlier or has_later
        self.result_count = self.full_result_count = Count(self._count() if self.multi_page else len(rows))
        self.show_full_result_count = self.can_show_all = self.show_all = False
        self.show_admin_actions = True
        self.paginator = Pages(
            rows,
            size,
            first=self._address("") if has_earlier else None,
            earlier=self._address(f"before-{rows[0].pk}") if has_earlier else None,
            later=self._address(f"after-{rows[-1].pk}") if has_later else None,
            last=self._address("last") if has_later else None,
        )

    def _rows(self, order: Order, way: str, key: str, size: int) -> list[Model]:
        """One more than a page, from the row with this key on; backwards if `way` says so."""
        rows: QuerySet[Any] = self.queryset
        if way in {"before", "last"}:
            order = [(name, not is_down) for name, is_down in order]
        if key:
            pk = self.opts.pk.to_python(key)
            names = [name for name, _ in order]
            values = (pk,) if names == ["pk"] else self.root_queryset.filter(pk=pk).values_list(*names).first()
            if values is None:
                return []
            rows = rows.filter(_beyond(self.model, order, values))
        return list(rows.order_by(*(f"-{name}" if is_down else name for name, is_down in order))[: size + 1])

    def _order(self) -> Order:
        """Ends with the key, so that every row has its one place, and goes one way all along, as an index does."""
        parts = [part for part in self.queryset.query.order_by if isinstance(part, str)]
        order = [(part.lstrip("-"), part.startswith("-")) for part in parts] or [("pk", True)]
        columns = [part for part in order if part[0] not in {"pk", self.opts.pk.name}]
        starts_with_key = columns[:1] != order[:1]
        return [*([] if starts_with_key else columns), ("pk", order[0][1])]

    def _count(self) -> int:
        found: int = self.queryset.order_by()[: COUNTED_TO + 1].count()
        return found

    def _address(self, place: str) -> str:
        return self.get_query_string({PAGE_VAR: place} if place else {})

    @cached_property
    def days(self) -> Days | None:
        return days_of(self) if is_listed_by_day(self.model_admin) else None

    @cached_property
    def saved_query(self) -> str:
        """What of this list can be kept under a name: the filters that it knows, and its order."""
        known = {name for spec in self.filter_specs for name in spec.expected_parameters()} | {ORDER_VAR}
        kept = {name: values for name, values in self.filter_params.items() if name in known and any(values)}
        return urlencode(sorted(kept.items()), doseq=True)

    @property
    def chosen(self) -> list[tuple[str, str]]:
        """The filters that are on, by name, and what each is set to, in words where it has some."""
        told = []
        for spec in self.filter_specs:
            values = [value for name in spec.expected_parameters() for value in self.filter_params.get(str(name), [])]
            if any(values):
                words = [str(choice["display"]) for choice in spec.choices(self) if _is_chosen(choice)]
                told.append((str(spec.title), ", ".join(words or values)))
        return told

    @cached_property
    def chips(self) -> list[Chip]:
        """Those that come ready, then one's own and the team's."""
        ready = [
            Chip(name, f"?{query}", query == self.saved_query)
            for name, query in getattr(self.model_admin, "ready_filters", [])
        ]
        return ready + [
            Chip(
                saved.name,
                f"?{saved.query}",
                saved.query == self.saved_query,
                pk=saved.pk,
                owner="" if saved.owner_id == self.user.pk else saved.owner.get_username(),
                is_deletable=may_delete(saved, user=self.user),
            )
            for saved in filters_of(self.opts.label_lower, user=self.user)
        ]

    @property
    def saving_query(self) -> str:
        """Empty if there is nothing to save, or it is saved already."""
        if not self.saved_query or any(chip.is_on for chip in self.chips):
            return ""
        return f"list={self.opts.label_lower}&{self.saved_query}"


def _is_chosen(choice: Any) -> bool:
    return bool(choice.get("selected")) and "display" in choice


def time_of_key(model: type[Model]) -> str | None:
    """The field that says when a row was made, where its key is in that order."""
    if not is_in_time(model):
        return None
    names = {field.name for field in model._meta.fields}  # noqa: SLF001 - Django documents it
    return next((name for name in TIMES if name in names), None)


def is_in_time(model: type[Model]) -> bool:
    key = model._meta.pk  # noqa: SLF001
    return isinstance(key, UUIDField) and key.default is uuid7


def is_listed_by_day(model_admin: Any) -> bool:
    return not model_admin.is_short_list and is_in_time(model_admin.model)


def sortable_columns(model_admin: Any, columns: Sequence[Any]) -> list[Any]:
    """Those with an index, which a page is read from as it stands; of a list that stays short, all of them."""
    if model_admin.is_short_list:
        return list(columns)
    return [column for column in columns if _has_index(model_admin.model, _ordering_of(model_admin, column))]


def filters_of_list(model_admin: Any, filters: Sequence[Any]) -> list[Any]:
    return [*filters, DayFilter] if is_listed_by_day(model_admin) else list(filters)


def _ordering_of(model_admin: Any, column: Any) -> str:
    if isinstance(column, str):
        column = getattr(model_admin, column, column)
    return column if isinstance(column, str) else str(getattr(column, "admin_order_field", ""))


def _has_index(model: type[Model], name: str) -> bool:
    meta = model._meta  # noqa: SLF001
    if name in {"pk", meta.pk.name, time_of_key(model)}:
        return True
    field = next((field for field in meta.fields if field.name == name and not field.is_relation), None)
    if field is None:
        return False
    leading = {index.fields[0] for index in meta.indexes if index.fields and index.condition is None}
    is_time = isinstance(field, DateTimeField) and name in leading  # what has few values is filtered by, not sorted
    return bool(field.unique or getattr(field, "db_index", False) or is_time)


def _beyond(model: type[Model], order: Order, values: Sequence[Any]) -> Q:
    """The rows that come after the one with these values. PostgreSQL counts NULL as the greatest of all.

    The first part says again what the rest implies, so that the index is entered there and not read up to there.
    """
    beyond, same = Q(), Q()
    for (name, is_down), value in zip(order, values, strict=True):
        beyond |= same & _past(name, value, is_down=is_down)
        same &= Q(**{f"{name}__isnull": True}) if value is None else Q(**{name: value})
    (name, is_down), value = order[0], values[0]
    if len(order) == 1 or value is None or (not is_down and _may_be_null(model, name)):
        return beyond
    return Q(**{f"{name}__{'lte' if is_down else 'gte'}": value}) & beyond


def _past(name: str, value: Any, *, is_down: bool) -> Q:
    if value is None:
        return Q(**{f"{name}__isnull": False}) if is_down else Q(pk__in=[])
    if is_down:
        return Q(**{f"{name}__lt": value})
    past = Q(**{f"{name}__gt": value})
    return past if name == "pk" else past | Q(**{f"{name}__isnull": True})


def _may_be_null(model: type[Model], name: str) -> bool:
    field = next((field for field in model._meta.fields if field.name == name), None)  # noqa: SLF001
    return field is None or field.null
