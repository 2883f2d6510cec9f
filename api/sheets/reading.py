"""A file as a table: its header held against the columns that are known, its rows by column name."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from api.sheets.csv_files import read_csv
from api.sheets.lines import Line, within_limits
from api.sheets.refusals import SheetRefusedError
from api.sheets.states import SheetFormat
from api.sheets.xlsx_files import read_xlsx

ERROR = "error"  # the column that our own files of wrong rows have at their end


@dataclass(frozen=True)
class Column:
    """`is_read` False: a file may have it, as our own exports do, and nothing is done with it."""

    name: str
    is_required: bool = False
    is_read: bool = True
    help: str = ""


@dataclass(frozen=True)
class Row:
    number: int
    values: dict[str, str]
    problems: dict[str, str]


@dataclass(frozen=True)
class Table:
    header: list[str]
    rows: Iterator[Row]


def format_of(file: BinaryIO) -> SheetFormat:
    """By its first bytes, whatever its name says."""
    file.seek(0)
    start = file.read(4)
    file.seek(0)
    is_packed = start.startswith((b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0"))
    return SheetFormat.XLSX if is_packed else SheetFormat.CSV


def read_table(file: BinaryIO, columns: Sequence[Column]) -> Table:
    """Raises SheetRefusedError with all that is wrong with the header; later rows may raise it too."""
    lines = within_limits(read_xlsx(file) if format_of(file) == SheetFormat.XLSX else read_csv(file))
    first = next(lines, None)
    if first is None:
        raise SheetRefusedError("The file is empty.")
    names = [_name(cell) for cell in first.cells]
    problems = list(_header_problems(first, names, columns))
    if problems:
        raise SheetRefusedError(*problems)
    return Table(names, _rows(lines, names))


def _name(cell: str) -> str:
    """`Recipient name` is `recipient_name`."""
    return re.sub(r"[\s-]+", "_", cell.strip().lower())


def _header_problems(line: Line, names: Sequence[str], columns: Sequence[Column]) -> Iterator[str]:
    known = {column.name: column for column in columns}
    for position, name in enumerate(names, start=1):
        if not name:
            yield f"Column {position} has no name in row {line.number}, where the columns' names must stand."
    doubles = [name for name, count in Counter(names).items() if name and count > 1]
    if doubles:
        yield f"{_listed('column stands', 'columns stand', doubles)} there more than once: {', '.join(doubles)}."
    missing = [column.name for column in columns if column.is_required and column.name not in names]
    if missing:
        yield f"{_listed('column is', 'columns are', missing)} missing: {', '.join(missing)}."
    unknown = [name for name in dict.fromkeys(names) if name and name not in known and name != ERROR]
    if unknown:
        shown = ", ".join(name[:40] for name in unknown[:40])
        yield f"{_listed('column is', 'columns are', unknown)} not known here: {shown}."
    if missing or unknown:
        wanted = ", ".join(column.name for column in columns if column.is_read)
        yield f"Row {line.number} must have the columns' names. Known are: {wanted}."


def _listed(one: str, many: str, names: Sequence[str]) -> str:
    return f"One {one}" if len(names) == 1 else f"{len(names)} {many}"


def _rows(lines: Iterator[Line], names: Sequence[str]) -> Iterator[Row]:
    for line in lines:
        cells = line.cells + [""] * (len(names) - len(line.cells))
        values = dict(zip(names, cells, strict=False))
        problems = {names[position]: words for position, words in line.problems.items() if position < len(names)}
        if len(line.cells) > len(names):
            problems[""] = _too_many(line.cells[len(names) :])
        values.pop(ERROR, None)
        yield Row(line.number, _storable(values, problems), problems)


def _too_many(spare: Sequence[str]) -> str:
    """With what stands in them: the file of wrong rows has the file's own columns, and no place for it."""
    more = f"{len(spare)} more cells" if len(spare) > 1 else "one more cell"
    shown = "”, “".join(spare[:5])[:200].replace("\x00", "�")
    return f"This row has {more} than there are columns, with “{shown}”: is a comma missing its quotes?"


def _storable(values: Mapping[str, str], problems: Mapping[str, str]) -> dict[str, str]:
    """PostgreSQL keeps no NUL; what is wrong is told, and not kept at full length."""
    return {name: value.replace("\x00", "�")[:500] if name in problems else value for name, value in values.items()}
