"""Reading CSV, and rows pasted from a spreadsheet: which encoding, which delimiter, line by line."""

import codecs
import csv
import io
import itertools
import re
from collections.abc import Iterator
from typing import BinaryIO

from api.sheets.lines import Line, line_of
from api.sheets.refusals import SheetRefusedError

DELIMITERS = (",", ";", "\t")
SEPARATOR_LINE = re.compile(r"sep=([,;\t])", re.IGNORECASE)  # what Excel writes for itself
MAX_FIELD = 1_000_000  # characters, so that an over-long cell is told as such
OPEN = 'a quotation mark (") opens there that nothing closes.'
STRAY = 'after a closing quotation mark (") there is more text. One that is meant as such is written twice ("").'
NO_TEXT = re.compile(rb"\A%PDF-|[\x00-\x08\x0e-\x1a]")  # how a picture or a document begins
NO_SPREADSHEET = "The file is no spreadsheet and no text: choose a CSV or an XLSX file."
HOW_TO_SAVE = (
    "Save it as UTF-8 and upload it again: in Excel by Save As, “CSV UTF-8 (Comma delimited)”, in Numbers by Export "
    "To CSV, Unicode (UTF-8), in Google Sheets by Download, CSV. An XLSX file works as well."
)


def read_csv(file: BinaryIO) -> Iterator[Line]:
    """Every line, blank ones too. Raises SheetRefusedError, before the first line for what is not text in UTF-8."""
    encoding = _encoding(file)
    _insist_on(file, encoding)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    try:
        yield from _lines(text)
    finally:
        if not file.closed:  # whoever stops reading half-way may close it first
            text.detach()


def _lines(text: io.TextIOWrapper) -> Iterator[Line]:
    number, first = 0, text.readline()
    while first.isspace():  # blank rows above the header
        number, first = number + 1, text.readline()
    named = SEPARATOR_LINE.fullmatch(first.strip())
    delimiter = named[1] if named else _delimiter(first)
    source = iter(text) if named else itertools.chain([first], text)
    number += 1 if named else 0
    csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            is_open = "unexpected end" in str(error) or "limit" in str(error)
            raise SheetRefusedError(f"Row {number} cannot be read: {OPEN if is_open else STRAY}") from None
        yield line_of(number, cells, {})


def _delimiter(first: str) -> str:
    """The one that the header has most of, outside its quotation marks."""
    bare = re.sub(r'"[^"]*"', "", first)
    return max(DELIMITERS, key=bare.count)


def _encoding(file: BinaryIO) -> str:
    """By its first bytes. What neither says UTF-16 nor has its NULs must be UTF-8."""
    file.seek(0)
    start = file.read(400)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = start[0::2].count(0), start[1::2].count(0)
    if len(start) > 3 and odd > len(start) / 4 and even == 0:
        return "utf-16-le"
    if len(start) > 3 and even > len(start) / 4 and odd == 0:
        return "utf-16-be"
    return "utf-8-sig"


def _insist_on(file: BinaryIO, encoding: str) -> None:
    """Read it once through, a line of bytes at a time, for a refusal that names the place."""
    file.seek(0)
    if encoding != "utf-8-sig":
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            while chunk := file.read(65_536):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            raise SheetRefusedError(f"The file begins like UTF-16, and is not. {HOW_TO_SAVE}") from None
        return
    offset = 0
    is_text = not NO_TEXT.search(file.read(400))
    file.seek(0)
    for number, line in enumerate(iter(file.readline, b""), start=1):
        try:
            line.decode()
        except UnicodeDecodeError as error:
            if not is_text:
                raise SheetRefusedError(NO_SPREADSHEET) from None
            raise SheetRefusedError(_not_utf8(line, number, offset, error), HOW_TO_SAVE) from None
        offset += len(line)


def _not_utf8(line: bytes, number: int, offset: int, error: UnicodeDecodeError) -> str:
    wrong = line[error.start]
    place = f"Row {number} has a byte that is not UTF-8 (0x{wrong:02X}, byte {offset + error.start + 1:,} of the file)"
    word = line[max(0, error.start - 15) : error.start + 16].decode("cp1252", "replace")
    words = [piece for piece in re.split(r'[,;\t"\r\n]', word) if not piece.isascii()]
    if not words or "\ufffd" in word:
        return f"{place}: the file is in another encoding, or is no text at all."
    return f"{place}: if it should read “{words[0].strip()}”, the file is in Windows-1252, which we do not guess at."
