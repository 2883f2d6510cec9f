"""An answer as a page shows it, and as a file that somebody opens in a spreadsheet."""

import csv
import gzip
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.html import escape

from api.batches.sheets import safe_cell
from api.console.driver import BYTES, ROWS, Answer
from api.console.schema import NAMES
from api.console.states import NUMERIC_OIDS

# What a page shows: as much as a browser bears, and as fits into the 6 MB that a Lambda may return.
ROWS_SHOWN = 1_000
CELLS_SHOWN = 20_000
SENT = 3 * 1024 * 1024
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
# What kept the rest out, and how much there is.
FIRST = {"rows": f"first {ROWS:,} rows", "bytes": f"first {BYTES // 1024 // 1024} MB"}


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
    rows: list[list[Cell]] = []
    sent = 0
    for values in answer.rows[: min(ROWS_SHOWN, max(1, CELLS_SHOWN // max(1, len(heads))))]:
        row = [
            _cell(value, head, column.type) for value, head, column in zip(values, heads, answer.columns, strict=True)
        ]
        sent += sum(len(json.dumps(escape(cell.text or ""))) for cell in row)  # as Lambda sends it
        if rows and sent > SENT:
            break
        rows.append(row)
    return Shown(heads, rows, len(answer.rows), _note(answer, len(rows)))


def _note(answer: Answer, shown: int) -> str:
    """What is missing on the page, and what in the file."""
    first = FIRST.get(answer.cut, "")
    if shown < len(answer.rows):
        held = f"the {first.removesuffix(' rows')}" if first else "all of them"
        note = f"Here are the first {shown:,}; the file has {held}."
    else:
        note = f"These are the {first}, as much as the console takes." if first else ""
    return f"{note} There {'are' if answer.cut == 'rows' else 'is'} more: ask about less." if first else note


def as_file(answer: Answer, moment: str) -> HttpResponse:
    """Packed, for a Lambda returns 6 MB of JSON at most, in which letters with accents are three times as long."""
    response = HttpResponse(gzip.compress("".join(_csv(answer)).encode()), content_type="text/csv; charset=utf-8")
    response["Content-Encoding"] = "gzip"
    response["Content-Disposition"] = f'attachment; filename="{file_name(answer, moment)}"'
    return response


def file_name(answer: Answer, moment: str) -> str:
    """It says what is not in it."""
    first = FIRST.get(answer.cut, "").replace(",", "").replace(" ", "-").lower()
    return f"answer-{moment}{f'-{first}' if first else ''}.csv"


def _csv(answer: Answer) -> Iterator[str]:
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
