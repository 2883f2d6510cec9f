"""Reading XLSX: what it may unpack to, then its first sheet, row by row."""

import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any, BinaryIO

from api.sheets.limits import MAX_UNPACKED, MB
from api.sheets.lines import Line, line_of
from api.sheets.refusals import SheetRefusedError

OLD_EXCEL = b"\xd0\xcf\x11\xe0"  # .xls, and .xlsx behind a password
MERGED = re.compile(rb'<(?:\w+:)?mergeCell [^>]*ref="([A-Z0-9:]{2,20})"')
MAX_PARTS = 2_000
MAX_WORDS = 40 * MB  # its texts, which openpyxl holds all at once
CHUNK = MB
FORMULA = "This cell has a formula. Copy the column and paste it as values, then save again."
BROKEN = "This is not an Excel file that can be read. Open it in Excel, save it as .xlsx or as CSV, and upload that."


def read_xlsx(file: BinaryIO) -> Iterator[Line]:
    """The first visible sheet's rows. Raises SheetRefusedError."""
    _look_inside(file)
    file.seek(0)
    yield from _rows(file)


def _look_inside(file: BinaryIO) -> None:
    """What zip says of itself, which zipfile never reads beyond; nothing is unpacked before."""
    file.seek(0)
    if file.read(4) == OLD_EXCEL:
        raise SheetRefusedError(
            "This is an Excel file of the old kind (.xls), or one with a password. Save it as .xlsx without a password."
        )
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise SheetRefusedError(
                    f"The file unpacks to more than {MAX_UNPACKED // MB} MB. Copy the rows that count into a new file."
                )
            if any(part.file_size > MAX_WORDS for part in parts if part.filename == "xl/sharedStrings.xml"):
                raise SheetRefusedError(f"The file has more than {MAX_WORDS // MB} MB of text. Split it into several.")
            for part in parts:
                if part.filename.startswith("xl/worksheets/") and (where := _merged(archive, part)):
                    raise SheetRefusedError(
                        f"The cells {where} are merged, so it is not clear to which row they belong. "
                        "Unmerge them (in Excel: Merge & Center, Unmerge Cells) and save again."
                    )
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, OSError):
        raise SheetRefusedError(BROKEN) from None


def _merged(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> str:
    """The first range of merged cells, which stands after all rows."""
    with archive.open(part) as unpacked:
        tail = b""
        while chunk := unpacked.read(CHUNK):
            if found := MERGED.search(tail + chunk):
                return found[1].decode()
            tail = chunk[-200:]
    return ""


def _rows(file: BinaryIO) -> Iterator[Line]:
    import openpyxl

    if not openpyxl.DEFUSEDXML:  # pragma: no cover - a package without it would be one without a guard
        raise SheetRefusedError("Excel files cannot be read safely here. Save it as CSV.")
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=False, keep_links=False)
        try:
            sheet = next((sheet for sheet in book.worksheets if sheet.sheet_state == "visible"), None)
            if sheet is None:
                raise SheetRefusedError("The file has no sheet that can be seen.")
            if hasattr(sheet, "reset_dimensions"):
                sheet.reset_dimensions()  # what a file says of its own size need not be true
            for number, row in enumerate(sheet.iter_rows(), start=1):
                texts, problems = [], dict[int, str]()
                for position, cell in enumerate(row):
                    text, problem = _text(cell)
                    texts.append(text)
                    if problem:
                        problems[position] = problem
                yield line_of(number, texts, problems)
        finally:
            book.close()
    except SheetRefusedError:
        raise
    except Exception as error:  # whatever a file that somebody made by hand makes a parser raise
        raise SheetRefusedError(BROKEN) from error


def _text(cell: Any) -> tuple[str, str | None]:
    value, kind = cell.value, getattr(cell, "data_type", "n")
    if value is None:
        return "", None
    if kind == "f":
        return "", FORMULA
    if kind == "e":
        return "", f"This cell shows the error {value}."
    return plain(value), None


def plain(value: object) -> str:
    """As the same cell would stand in a CSV file; times without a zone."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case datetime() | date() | time():
            return value.isoformat()
    return str(value)
