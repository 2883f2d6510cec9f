"""What the console may read, as it is shown beside the editor: tables and columns with a line on what they mean."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.db import connection, models

from api.console.tables import TABLES, VIEWS, Table

SHORT = {
    "timestamp with time zone": "timestamptz",
    "character varying": "text",
    "varchar": "text",
    "integer": "int",
    "smallint": "int",
    "bigint": "bigint",
    "double precision": "float",
    "boolean": "bool",
}
NAMES = {  # what answers call their columns' types
    16: "bool", 17: "bytea", 20: "bigint", 21: "int", 23: "int", 25: "text", 114: "json", 700: "float", 701: "float",
    1042: "text", 1043: "text", 1082: "date", 1083: "time", 1114: "timestamp", 1184: "timestamptz", 1186: "interval",
    1700: "numeric", 2950: "uuid", 3802: "jsonb", 1009: "text[]", 1015: "text[]",
}  # fmt: skip
LONGEST_MEANING = 160


@dataclass(frozen=True)
class SeenColumn:
    """`is_readable`: for the login that asks; a personal one that is not is listed all the same."""

    name: str
    type: str
    meaning: str
    is_personal: bool
    is_readable: bool


@dataclass(frozen=True)
class SeenTable:
    name: str
    meaning: str
    columns: tuple[SeenColumn, ...]


@cache
def seen_tables(*, with_pii: bool) -> tuple[SeenTable, ...]:
    """In the order in which they are listed. Asks no database."""
    known = {model._meta.db_table: model for model in apps.get_models()}  # noqa: SLF001 - Django documents it
    tables = [_table(known[name], table, with_pii=with_pii) for name, table in TABLES.items()]
    views = [
        SeenTable(
            name,
            view.meaning,
            tuple(
                SeenColumn(column, *told, is_personal=False, is_readable=True) for column, told in view.columns.items()
            ),
        )
        for name, view in VIEWS.items()
    ]
    return (*tables, *views)


def _table(model: type[models.Model], table: Table, *, with_pii: bool) -> SeenTable:
    fields = {field.column: field for field in model._meta.concrete_fields}  # noqa: SLF001 - Django documents it
    personal = table.personal.split()
    columns = tuple(
        SeenColumn(
            name,
            _type(fields[name]),
            _meaning(fields[name]),
            is_personal=name in personal,
            is_readable=with_pii or name not in personal,
        )
        for name in table.readable(with_pii=True)
    )
    return SeenTable(model._meta.db_table, _first_sentence(model.__doc__ or ""), columns)  # noqa: SLF001


def _type(field: Any) -> str:
    name = field.db_type(connection) or ""
    base = name.partition("(")[0]
    return f"{SHORT.get(base, base)}{'[]' if name.endswith('[]') else ''}"


def _meaning(field: Any) -> str:
    return " ".join(_parts(field))[:LONGEST_MEANING]


def _parts(field: Any) -> Iterator[str]:
    if field.help_text:
        yield str(field.help_text)
    if field.choices:
        yield f"One of {', '.join(str(value) for value, _ in field.flatchoices)}."
    if field.is_relation:
        yield f"Leads to {field.related_model._meta.db_table}."  # noqa: SLF001


def _first_sentence(text: str) -> str:
    line = " ".join(text.split()).partition(". ")[0].rstrip(".")
    is_djangos = line.partition("(")[0].isidentifier()  # "Thanks(id, gift, …)", where the class says nothing
    return "" if is_djangos else f"{line}."
