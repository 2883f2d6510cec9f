"""A list's days: which there are, and the rows of one, by the key alone, which begins with the time (UUIDv7).

Django's own `date_hierarchy` reads a whole table to name its days. Here each is one step in the primary key's index.
"""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db import connection
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from api.time_keys import key_at

DAY = "day"
WRITTEN = re.compile(r"(2[0-9]{3})(?:-([01][0-9])(?:-([0-3][0-9]))?)?")
FIRST_YEAR = 2020


@dataclass(frozen=True)
class Span:
    """A year, a month or a day, in UTC."""

    year: int
    month: int | None = None
    day: int | None = None

    @classmethod
    def read(cls, written: str) -> Self | None:
        """`2026`, `2026-11` or `2026-11-23`; None if it is none of them."""
        found = WRITTEN.fullmatch(written)
        if found is None:
            return None
        span = cls(*(int(part) if part else None for part in found.groups()))  # type: ignore[arg-type]
        try:
            date(span.year, 1 if span.month is None else span.month, 1 if span.day is None else span.day)
        except ValueError:
            return None
        return span

    def __str__(self) -> str:
        return "-".join(f"{part:02}" for part in (self.year, self.month, self.day) if part is not None)

    @property
    def title(self) -> str:
        if self.month is None:
            return str(self.year)
        return calendar.month_name[self.month] if self.day is None else str(self.day)

    @property
    def keys(self) -> tuple[UUID, UUID]:
        """The first one, and the first one after it."""
        start = datetime(self.year, self.month or 1, self.day or 1, tzinfo=UTC)
        if self.day is not None:
            end = start + timedelta(days=1)
        elif self.month is not None:
            end = (start + timedelta(days=32)).replace(day=1)
        else:
            end = start.replace(year=self.year + 1)
        return key_at(start), key_at(end)

    @property
    def outer(self) -> list["Span"]:
        """The year and the month that it is in, then itself."""
        spans = [Span(self.year)]
        if self.month is not None:
            spans.append(Span(self.year, self.month))
        if self.day is not None:
            spans.append(self)
        return spans

    @property
    def inner(self) -> list["Span"]:
        if self.month is None:
            return [Span(self.year, month) for month in range(1, 13)]
        if self.day is not None:
            return []
        return [Span(self.year, self.month, day + 1) for day in range(calendar.monthrange(self.year, self.month)[1])]


@dataclass(frozen=True)
class Days:
    """What stands above a list: the way to where it is, and where it may go from there. Each is (title, address)."""

    trail: list[tuple[str, str]] = field(default_factory=list)
    choices: list[tuple[str, str]] = field(default_factory=list)


def days_of(changelist: Any) -> Days:
    """Two steps in the index for the years, at most 31 for months or days: one query, two if there is one year."""
    span = Span.read(changelist.params.get(DAY, ""))
    address = changelist.get_query_string
    trail = [] if span is None else [("All days", address(remove=[DAY]))]
    spans = _years(changelist.model) if span is None else [span]
    if len(spans) == 1:
        trail += [(outer.title, address({DAY: outer})) for outer in spans[0].outer]
        spans = _existing(changelist.model, spans[0].inner)
    return Days(trail, [(inner.title, address({DAY: inner})) for inner in spans])


def _years(model: type[Model]) -> list[Span]:
    keys = model._default_manager.values_list("pk", flat=True)  # noqa: SLF001 - Django documents it
    ends = [keys.order_by("pk")[:1], keys.order_by("-pk")[:1]]
    found = sorted(ends[0].union(ends[1]))
    if not found:
        return []
    last = timezone.now().year + 1
    first_year, last_year = (min(max(key.int >> 80, 0) // 1000, 2**35) for key in (found[0], found[-1]))
    years = [datetime.fromtimestamp(seconds, UTC).year for seconds in (first_year, last_year)]
    return [Span(year) for year in range(max(years[0], FIRST_YEAR), min(years[1], last) + 1)]


def _existing(model: type[Model], spans: list[Span]) -> list[Span]:
    if not spans:
        return []
    name, key = (connection.ops.quote_name(str(text)) for text in (model._meta.db_table, model._meta.pk.column))  # noqa: SLF001
    wanted = ", ".join(["(%s, %s::uuid, %s::uuid)"] * len(spans))
    values = [value for number, span in enumerate(spans) for value in (number, *span.keys)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT number FROM (VALUES {wanted}) AS spans (number, first, next) WHERE EXISTS "  # noqa: S608
            f"(SELECT FROM {name} WHERE {key} >= first AND {key} < next) ORDER BY number",
            values,
        )
        return [spans[number] for (number,) in cursor.fetchall()]


class DayFilter(admin.ListFilter):
    """`?day=2026-11-23`, or a month, or a year."""

    title = DAY
    template = "admin/lists_day.html"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: type[Model], model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        given = params.pop(DAY, None)
        self.value = (given[-1] if given else "").strip()

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return [DAY]

    def choices(self, changelist: Any) -> Iterator[Any]:  # noqa: ARG002
        yield {"value": self.value if len(self.value) == len("2026-11-23") else ""}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        if not self.value:
            return queryset
        span = Span.read(self.value)
        if span is None:
            raise IncorrectLookupParameters(f"{self.value[:20]!r} is no day")
        first, following = span.keys
        return queryset.filter(pk__gte=first, pk__lt=following)
