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
MAX_TYPES = MB
TYPES = "[Content_Types].xml"
OVERRIDE = "{http://schemas.openxmlformats.org/package/2006/content-types}Override"
SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml."
SHEET, WORDS = "worksheet+xml", "sharedStrings+xml"
SHEETS = "xl/worksheets"
MAX_WORDS = 40 * MB
MAX_OTHER = 10 * MB  # of styles, 1 MB takes 11 of memory
CHUNK = MB
FORMULA = "This cell has a formula. Copy the column and paste it as values, then save again."
TOO_MUCH_TEXT = f"The file has more than {MAX_WORDS // MB} MB of text. Split it into several."
TOO_MUCH_ELSE = (
    f"The file has more than {MAX_OTHER // MB} MB of styles and other things that are no rows. Copy the rows that "
    "count into a new file, as values."
)
BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, OSError)
BROKEN = "This is not an Excel file that can be read. Open it in Excel, save it as .xlsx or as CSV, and upload that."


def read_xlsx(file: BinaryIO) -> Iterator[Line]:
    """The first visible sheet's rows. Raises SheetRefusedError."""
    import openpyxl

    if not openpyxl.DEFUSEDXML:  # pragma: no cover - a package without it would be one without a guard
        raise SheetRefusedError("Excel files cannot be read safely here. Save it as CSV.")
    file.seek(0)
    if file.read(4) == OLD_EXCEL:
        raise SheetRefusedError(
            "This is an Excel file of the old kind (.xls), or one with a password. Save it as .xlsx without a password."
        )
    try:
        with zipfile.ZipFile(file) as archive:
            _look_inside(archive)
            file.seek(0)
            yield from _rows(file, archive)
    except BROKEN_ZIP:
        raise SheetRefusedError(BROKEN) from None


def unpacked_size(file: BinaryIO) -> int:
    """By the zip's own word, which zipfile never reads beyond; 0 for what is none."""
    try:
        with zipfile.ZipFile(file) as archive:
            return sum(part.file_size for part in archive.infolist())
    except BROKEN_ZIP:
        return 0


def _look_inside(archive: zipfile.ZipFile) -> None:
    """What zip says of itself, which zipfile never reads beyond; only the list of the parts' types is unpacked before.

    A sheet is read row by row. Whatever else there is, openpyxl holds all at once.
    """
    parts = archive.infolist()
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise SheetRefusedError(
            f"The file unpacks to more than {MAX_UNPACKED // MB} MB. Copy the rows that count into a new file."
        )
    if any(part.file_size > MAX_TYPES for part in parts if part.filename == TYPES):
        raise SheetRefusedError(BROKEN)
    kinds = _kinds(archive)
    for part in parts:
        of_part = kinds.get(part.filename, set())
        is_sheet = of_part == {SHEET} and part.filename.rpartition("/")[0] == SHEETS
        largest = MAX_UNPACKED if is_sheet else MAX_WORDS if of_part == {WORDS} else MAX_OTHER
        if part.file_size > largest:
            raise SheetRefusedError(TOO_MUCH_TEXT if of_part == {WORDS} else TOO_MUCH_ELSE)


def _kinds(archive: zipfile.ZipFile) -> dict[str, set[str]]:
    """Each part's content types, of which a file that somebody made by hand may give it several."""
    from openpyxl.xml.functions import fromstring

    try:
        root = fromstring(archive.read(TYPES))
    except (KeyError, SyntaxError, ValueError):  # no such part, no XML, XML with entities
        raise SheetRefusedError(BROKEN) from None
    found: dict[str, set[str]] = {}
    for override in root.iter(OVERRIDE):
        kind = override.get("ContentType", "").removeprefix(SPREADSHEET)
        found.setdefault(override.get("PartName", "").lstrip("/"), set()).add(kind)
    return found


def _insist_on_unmerged(archive: zipfile.ZipFile, name: str) -> None:
    """Ranges of merged cells stand after all rows."""
    with archive.open(name) as unpacked:
        tail = b""
        while chunk := unpacked.read(CHUNK):
            if found := MERGED.search(tail + chunk):
                raise SheetRefusedError(
                    f"The cells {found[1].decode()} are merged, so it is not clear to which row they belong. "
                    "Unmerge them (in Excel: Merge & Center, Unmerge Cells) and save again."
                )
            tail = chunk[-200:]


def _rows(file: BinaryIO, archive: zipfile.ZipFile) -> Iterator[Line]:
    import openpyxl

    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=False, keep_links=False)
        try:
            sheet = next((sheet for sheet in book.worksheets if sheet.sheet_state == "visible"), None)
            if sheet is None:
                raise SheetRefusedError("The file has no sheet that can be seen.")
            _insist_on_unmerged(archive, sheet._worksheet_path)  # type: ignore[attr-defined]  # noqa: SLF001 - it knows its part
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
