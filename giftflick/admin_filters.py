"""Filters for lists of any size: none of them reads a table to know what it could offer."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest

if TYPE_CHECKING:
    RowFilter = admin.RelatedFieldListFilter
else:
    from unfold.contrib.filters.admin import AutocompleteSelectFilter as RowFilter

# `("account", RowFilter)`: the rows are searched as one types, by the search of their own page.
__all__ = ["RowFilter", "SituationFilter", "one_of"]


def one_of(name: str, values: Callable[[], Iterable[str]], *, title: str = "") -> type[admin.SimpleListFilter]:
    """A column's values that are known beforehand: Django would read the whole column for them."""

    class OneOf(admin.SimpleListFilter):
        parameter_name = name

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002
            return [(value, value) for value in values()]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
            value = self.value()
            return queryset if value is None else queryset.filter(**{name: value})

    OneOf.title = title or name.replace("_", " ")
    return OneOf


class SituationFilter(admin.SimpleListFilter):
    """What somebody looks for in their own words; `situations` maps a value to its words and the rows it means."""

    title = "situation"
    parameter_name = "situation"
    situations: dict[str, tuple[str, Callable[[QuerySet[Any]], QuerySet[Any]]]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002
        return [(value, words) for value, (words, _) in self.situations.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        value = self.value()
        if value is None:
            return queryset
        if value not in self.situations:
            raise IncorrectLookupParameters("there is no such situation")
        return self.situations[value][1](queryset)
