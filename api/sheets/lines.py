"""A sheet's lines, whichever file they come from: text cells, and what is wrong with some of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from api.batches.sheets import STARTS_FORMULA
from api.sheets.limits import MAX_CELL, MAX_CELLS, MAX_COLUMNS, MAX_ROWS, MAX_VISITED
from api.sheets.refusals import CONTROL, SheetRefusedError

LOST = "\ufffd"


@dataclass(frozen=True)
class Line:
    """`number` counts from 1 as a spreadsheet does; `problems` are about cells, by position from 0."""

    number: int
    cells: list[str]
    problems: Mapping[int, str] = field(default_factory=dict)


def line_of(number: int, cells: list[str], problems: Mapping[int, str]) -> Line:
    """Without the blanks at its end, its cells trimmed, and looked through."""
    trimmed = [unguarded(cell.strip()) for cell in cells]
    while trimmed and not trimmed[-1] and len(trimmed) - 1 not in problems:
        trimmed.pop()
    found = dict(problems)
    for position, cell in enumerate(trimmed):
        if position not in found and (problem := _problem(cell)):
            found[position] = problem
    return Line(number, trimmed, found)


def unguarded(cell: str) -> str:
    """Without the apostrophe that our own files put before what a spreadsheet would take for a formula."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(STARTS_FORMULA) else cell


def within_limits(lines: Iterator[Line]) -> Iterator[Line]:
    """The lines that are not blank. Raises SheetRefusedError for a sheet that is too large."""
    kept = cells = 0
    for line in lines:
        if line.number > MAX_VISITED:
            raise SheetRefusedError(
                f"The sheet has {MAX_VISITED:,} rows and more, most of them blank. Copy the rows that count into a new "
                "sheet and save that."
            )
        if not line.cells:
            continue
        kept, cells = kept + 1, cells + len(line.cells)
        if len(line.cells) > MAX_COLUMNS:
            raise SheetRefusedError(f"Row {line.number} has more than {MAX_COLUMNS} columns.")
        if kept - 1 > MAX_ROWS:
            raise SheetRefusedError(f"The sheet has more than {MAX_ROWS:,} rows. Split it into several.")
        if cells > MAX_CELLS:
            raise SheetRefusedError(f"The sheet has more than {MAX_CELLS:,} cells. Split it into several.")
        yield line


def _problem(cell: str) -> str | None:
    if len(cell) > MAX_CELL:
        return f"This cell has {len(cell):,} characters; at most {MAX_CELL:,} are read."
    if found := CONTROL.search(cell):
        return f"This cell has an invisible character ({ascii(found[0])[1:-1]}). Type it anew."
    if LOST in cell:
        return f"The {LOST} stands for a letter that was lost when the file was saved before. Type it anew."
    return None
