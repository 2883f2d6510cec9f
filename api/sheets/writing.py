"""Writing CSV and XLSX, row by row, with nothing in them that a spreadsheet would run."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import BinaryIO

from api.batches.sheets import safe_cell
from api.sheets.limits import MAX_CELL
from api.sheets.refusals import SheetRefusedError
from api.sheets.states import SheetFormat

CONTENT_TYPES = {
    SheetFormat.CSV: "text/csv; charset=utf-8",
    SheetFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
UNFIT_FOR_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def write_sheet(
    target: BinaryIO, sheet_format: SheetFormat, header: Sequence[str], rows: Iterable[Sequence[str]]
) -> int:
    """How many rows were written. Raises SheetRefusedError for a cell that Excel cannot hold."""
    if sheet_format == SheetFormat.XLSX:
        return _write_xlsx(target, header, rows)
    return _write_csv(target, header, rows)


def _write_csv(target: BinaryIO, header: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """With the mark by which Excel knows UTF-8."""
    text = io.TextIOWrapper(target, encoding="utf-8-sig", newline="", write_through=True)
    writer, count = csv.writer(text), 0
    writer.writerow(header)
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
        count += 1
    text.flush()
    text.detach()
    return count


def _write_xlsx(target: BinaryIO, header: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """Every cell is text, so that no number, date or formula is made of it."""
    import openpyxl

    book, count = openpyxl.Workbook(write_only=True), 0
    sheet = book.create_sheet("Giftflick")
    sheet.freeze_panes = "A2"
    sheet.append(list(header))
    for row in rows:
        if any(len(cell) > MAX_CELL for cell in row):
            book.save(io.BytesIO())  # which is how it lets go of its own temporary file
            raise SheetRefusedError("One of the texts is longer than a cell of Excel. Choose CSV.")
        sheet.append([UNFIT_FOR_XML.sub("", safe_cell(cell)) for cell in row])
        count += 1
    book.save(target)
    return count
