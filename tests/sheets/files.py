"""Files as people make them."""

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any

import openpyxl

SHOPS = ["name", "email"]


def csv_file(*rows: Sequence[str], encoding: str = "utf-8", delimiter: str = ",") -> io.BytesIO:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return io.BytesIO(text.getvalue().encode(encoding))


def xlsx_file(*rows: Sequence[Any], merged: str = "", title: str = "Sheet") -> io.BytesIO:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    if merged:
        sheet.merge_cells(merged)
    file = io.BytesIO()
    book.save(file)
    file.seek(0)
    return file


def repacked(file: io.BytesIO, **parts: bytes) -> io.BytesIO:
    """The same XLSX with some of its parts exchanged; names with `__` for `/`."""
    changed = {name.replace("__", "/") + ".xml": content for name, content in parts.items()}
    packed = io.BytesIO()
    with zipfile.ZipFile(file) as before, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            after.writestr(name, changed.pop(name) if name in changed else before.read(name))
        for name, content in changed.items():
            after.writestr(name, content)
    packed.seek(0)
    return packed


def read_back(content: bytes) -> list[list[str]]:
    """A CSV or XLSX file of ours, header first."""
    if content.startswith(b"PK"):
        sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
        return [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def lines(rows: Iterable[Sequence[str]]) -> str:
    """As a spreadsheet puts it on the clipboard."""
    return "\n".join("\t".join(row) for row in rows)
