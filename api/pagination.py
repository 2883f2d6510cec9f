"""Cursor pagination: a page costs the same at any depth, and however many rows share a place in the order."""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import DateTimeField, F, Func, Lookup, QuerySet, TextField, UUIDField, Value
from django.db.models.expressions import Combinable
from django.db.models.lookups import GreaterThan, LessThan
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from api.exceptions import InvalidFieldError

LIMIT = re.compile(r"[1-9]\d{0,2}")


class Place(NamedTuple):
    """Where a page begins: after the row with these values or, going back, before it."""

    is_back: bool
    values: tuple[Any, ...]


class NewestFirstPagination(CursorPagination):
    """Ids are UUIDs of version 7, so newest first is the order of ids, backwards.

    An ordering has one direction and ends with something unique, so that its values name one place.
    """

    ordering: Any = "-id"
    page_size = 25
    max_page_size = 100
    page_size_query_param = "limit"
    cursor_query_param = "cursor"
    known_parameters = frozenset({"limit", "cursor"})
    repeatable_parameters: frozenset[str] = frozenset()

    def get_page_size(self, request: Request) -> int:
        given = request.query_params.get(self.page_size_query_param)
        if given is None:
            return self.page_size
        if not LIMIT.fullmatch(given) or int(given) > self.max_page_size:
            raise InvalidFieldError("limit", "invalid", f"limit must be a whole number from 1 to {self.max_page_size}.")
        return int(given)

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        check_parameters(request, self.known_parameters, repeatable=self.repeatable_parameters)
        self.request = request
        size = self.get_page_size(request)
        ordering = self.get_ordering(request, queryset, view)
        fields = [_model_field(queryset, name) for name in ordering]
        place = self._place(request, fields)
        is_back = place is not None and place.is_back
        rows = self.read(
            queryset if place is None else queryset.filter(_beyond(ordering, fields, place)),
            _reversed(ordering) if is_back else ordering,
            size + 1,
        )
        has_more = len(rows) > size
        page = rows[:size][::-1] if is_back else rows[:size]
        has_next = has_more or is_back
        has_previous = place is not None and (has_more or not is_back)
        self._next = self._link("after", page[-1], ordering) if page and has_next else None
        self._previous = self._link("before", page[0], ordering) if page and has_previous else None
        return page

    def read(self, rows: QuerySet[Any], ordering: Sequence[str], count: int) -> list[Any]:
        """The first `count` rows in this order."""
        return list(rows.order_by(*ordering)[:count])

    def get_next_link(self) -> str | None:
        return self._next

    def get_previous_link(self) -> str | None:
        return self._previous

    def _link(self, direction: str, row: Any, ordering: Sequence[str]) -> str:
        cursor = cursor_at(row, ordering, direction=direction)
        return str(replace_query_param(self.request.build_absolute_uri(), self.cursor_query_param, cursor))

    def _place(
        self, request: Request, fields: "Sequence[UUIDField[Any, Any] | DateTimeField[Any, Any]]"
    ) -> Place | None:
        given = request.query_params.get(self.cursor_query_param)
        if given is None:
            return None
        try:
            direction, *texts = json.loads(urlsafe_b64decode(given + "=" * (-len(given) % 4)))
            values = tuple(_from_text(field, text) for field, text in zip(fields, texts, strict=True))
            return Place({"after": False, "before": True}[direction], values)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise InvalidFieldError(
                "cursor", "invalid", "This cursor is not one of ours; start from the first page."
            ) from error


def cursor_at(row: Any, ordering: Sequence[str], *, direction: str = "after") -> str:
    words = [direction, *(_as_text(getattr(row, name.lstrip("-"))) for name in ordering)]
    return urlsafe_b64encode(json.dumps(words, separators=(",", ":")).encode()).decode().rstrip("=")


def check_parameters(request: Request, known: frozenset[str], *, repeatable: frozenset[str] = frozenset()) -> None:
    """Raises InvalidFieldError on a parameter that is unknown, or given twice where once is meant."""
    params = request.query_params
    for name in params:
        if name not in known:
            raise InvalidFieldError(name, "unknown_filter", f"Parameters are {', '.join(sorted(known))}.")
        if name not in repeatable and len(params.getlist(name)) > 1:
            raise InvalidFieldError(name, "repeated", "This can be given once.")
        if any("\x00" in value for value in params.getlist(name)):
            raise InvalidFieldError(name, "invalid", "NUL is not allowed here.")


class _Row(Func):
    """Columns compared as one, which PostgreSQL does on an index over them."""

    template = "(%(expressions)s)"


def _beyond(
    ordering: Sequence[str], fields: "Sequence[UUIDField[Any, Any] | DateTimeField[Any, Any]]", place: Place
) -> "Lookup[bool]":
    columns: list[Combinable] = [F(name.lstrip("-")) for name in ordering]
    values = [Value(value, output_field=field) for field, value in zip(fields, place.values, strict=True)]
    is_descending = ordering[0].startswith("-")
    return (LessThan if is_descending != place.is_back else GreaterThan)(
        _Row(*columns, output_field=TextField()), _Row(*values, output_field=TextField())
    )


def _model_field(rows: QuerySet[Any], name: str) -> "UUIDField[Any, Any] | DateTimeField[Any, Any]":
    field = rows.model._meta.get_field(name.lstrip("-"))  # noqa: SLF001 - Django's documented way
    return DateTimeField() if isinstance(field, DateTimeField) else UUIDField()


def _reversed(ordering: Sequence[str]) -> tuple[str, ...]:
    return tuple(name[1:] if name.startswith("-") else f"-{name}" for name in ordering)


def _as_text(value: datetime | UUID) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _from_text(field: "UUIDField[Any, Any] | DateTimeField[Any, Any]", text: Any) -> datetime | UUID:
    """Raises ValueError or TypeError on what `_as_text` did not write."""
    if not isinstance(text, str):
        raise TypeError(text)
    if isinstance(field, UUIDField):
        return UUID(text)
    at = datetime.fromisoformat(text)
    if at.tzinfo is None or not 1970 <= at.year <= 9000:
        raise ValueError(text)
    return at.astimezone(UTC)
