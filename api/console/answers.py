"""An answer as a page shows it, and as a file that somebody opens in a spreadsheet."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.urls import NoReverseMatch, reverse

from api.batches.sheets import safe_cell
from api.console.driver import BYTES, ROWS, Answer
from api.console.schema import NAMES
from api.console.states import NUMERIC_OIDS

ROWS_SHOWN = 1_000
LONGEST_CELL = 300
BOOLEAN = 16
BOOLEANS = {"t": "true", "f": "false"}
BOM = "\ufeff"  # Excel takes the file for Latin-1 without it
# Columns of these names hold ids of what has a page of its own.
PAGES = {
    "gift": "api_gift",
    "gift_id": "api_gift",
    "render": "api_render",
    "render_id": "api_render",
    "mail": "api_message",
    "message_id": "api_message",
    "account_id": "accounts_account",
    "upload_id": "api_upload",
    "endpoint": "api_webhookendpoint",
    "endpoint_id": "api_webhookendpoint",
}
CUT = {
    "rows": f"These are the first {ROWS:,} rows; there are more.",
    "bytes": f"This is as much as the console takes at a time ({BYTES // 1024 // 1024} MB); there is more.",
}


@dataclass(frozen=True)
class Head:
    name: str
    type: str
    is_number: bool


@dataclass(frozen=True)
class Cell:
    """`text` None is NULL; `rest` is how many characters are not shown."""

    text: str | None
    is_number: bool = False
    rest: int = 0
    link: str = ""


@dataclass(frozen=True)
class Shown:
    """`note` says what is missing, and why."""

    heads: list[Head]
    rows: list[list[Cell]]
    total: int
    note: str


def for_page(answer: Answer) -> Shown:
    heads = [Head(column.name, NAMES.get(column.type, ""), column.type in NUMERIC_OIDS) for column in answer.columns]
    rows = [
        [_cell(value, head, column.type) for value, head, column in zip(row, heads, answer.columns, strict=True)]
        for row in answer.rows[:ROWS_SHOWN]
    ]
    note = CUT.get(answer.cut, "")
    if len(answer.rows) > ROWS_SHOWN:
        note = f"{note} Here are {ROWS_SHOWN:,} of them; the file has the rest.".strip()
    return Shown(heads, rows, len(answer.rows), note)


def as_csv(answer: Answer) -> Iterator[str]:
    """Line by line; what a spreadsheet would take for a formula is made text, numbers stay numbers."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    yield BOM
    for row in ([safe_cell(column.name) for column in answer.columns], *_lines(answer)):
        writer.writerow(row)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _lines(answer: Answer) -> Iterator[list[str]]:
    for row in answer.rows:
        yield [_text_cell(value, column.type) for value, column in zip(row, answer.columns, strict=True)]


def _cell(value: str | None, head: Head, kind: int) -> Cell:
    if value is None:
        return Cell(None)
    text = _text(value, kind)
    return Cell(text[:LONGEST_CELL], head.is_number, max(0, len(text) - LONGEST_CELL), _link(head.name, value))


def _text_cell(value: str | None, kind: int) -> str:
    text = _text(value, kind)
    return text if kind in NUMERIC_OIDS else safe_cell(text)


def _text(value: str | None, kind: int) -> str:
    return "" if value is None else BOOLEANS.get(value, value) if kind == BOOLEAN else value


def _link(column: str, value: str) -> str:
    page = PAGES.get(column)
    if page is None:
        return ""
    try:
        return reverse(f"admin:{page}_change", args=[UUID(value)])
    except (ValueError, NoReverseMatch):
        return ""
