"""Filters for lists of any size: none of them reads a table to know what it could offer."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db import connection
from django.db.models import Model, QuerySet
from django.http import HttpRequest

if TYPE_CHECKING:
    RowFilter = admin.RelatedFieldListFilter
else:
    from unfold.contrib.filters.admin import AutocompleteSelectFilter as RowFilter

# `("account", RowFilter)`: the rows are searched as one types, by the search of their own page.
__all__ = ["RowFilter", "SituationFilter", "one_of"]


def one_of(name: str) -> type[admin.SimpleListFilter]:
    """A column's values, which an index begins with: one step in it for each, where Django reads them all."""

    class OneOf(admin.SimpleListFilter):
        title = name.replace("_", " ")
        parameter_name = name

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002
            return [(value, value) for value in _present(model_admin.model, name)]

        def has_output(self) -> bool:
            return True

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
            value = self.value()
            return queryset if value is None else queryset.filter(**{name: value})

    return OneOf


def _present(model: type[Model], column: str) -> list[str]:
    table = connection.ops.quote_name(model._meta.db_table)  # noqa: SLF001 - Django documents it
    column = connection.ops.quote_name(column)
    with connection.cursor() as cursor:
        cursor.execute(f"""
            WITH RECURSIVE found (value) AS (
                (SELECT {column} FROM {table} ORDER BY {column} LIMIT 1)
                UNION ALL
                SELECT (SELECT {column} FROM {table} WHERE {column} > value ORDER BY {column} LIMIT 1)
                FROM found WHERE value IS NOT NULL
            )
            SELECT value FROM found WHERE value IS NOT NULL
        """)  # noqa: S608 - put together from a model's own names
        return [value for (value,) in cursor.fetchall()]


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
