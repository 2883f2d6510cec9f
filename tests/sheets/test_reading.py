"""Whatever file comes: read as it was meant, or refused in words that say where and what to do."""

import io
import zipfile
from datetime import datetime

import pytest

from api.sheets.limits import MAX_CELL, MAX_ROWS
from api.sheets.reading import Column, Row, read_table
from api.sheets.refusals import SheetRefusedError
from tests.sheets.files import SHOPS, csv_file, repacked, xlsx_file

COLUMNS = [
    Column("name", is_required=True),
    Column("email", is_required=True),
    Column("note"),
    Column("id", is_read=False),
]
ANA = ['Zoë\'s, "Blumen"', "ana@example.com"]


def scrambled(file: io.BytesIO) -> bytes:
    """Its sheet's first packed bytes are wrong."""
    content = file.getvalue()
    with zipfile.ZipFile(file) as archive:
        part = archive.getinfo("xl/worksheets/sheet1.xml")
    start = part.header_offset + 30 + len(part.filename)
    return content[:start] + b"\xff" * 20 + content[start + 20 :]


def rows_of(file: io.BytesIO, columns: list[Column] = COLUMNS) -> list[Row]:
    return list(read_table(file, columns).rows)


def refusal(file: io.BytesIO, columns: list[Column] = COLUMNS) -> str:
    with pytest.raises(SheetRefusedError) as refused:
        rows_of(file, columns)
    return refused.value.detail


@pytest.mark.parametrize(
    "file",
    [
        csv_file(SHOPS, ANA),
        csv_file(SHOPS, ANA, encoding="utf-8-sig"),
        csv_file(SHOPS, ANA, encoding="utf-16"),
        csv_file(SHOPS, ANA, encoding="utf-16-le"),
        csv_file(SHOPS, ANA, encoding="utf-16-be"),
        csv_file(SHOPS, ANA, delimiter=";"),
        csv_file(SHOPS, ANA, delimiter="\t"),
        io.BytesIO(b"sep=;\r\n" + csv_file(SHOPS, ANA, delimiter=";").getvalue()),
        csv_file(["Name ", "E-Mail".replace("-", "")], ANA),
        xlsx_file(SHOPS, ANA),
        io.BytesIO(b"\r\n\r\nname;email\r\n" + '"Zoë\'s, ""Blumen""";ana@example.com\r\n'.encode()),
    ],
    ids=[
        "utf-8",
        "bom",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "semicolon",
        "tab",
        "sep",
        "as a title",
        "xlsx",
        "blank rows",
    ],
)
def test_a_file_is_read_however_it_was_saved(file: io.BytesIO) -> None:
    assert [row.values for row in rows_of(file)] == [{"name": ANA[0], "email": ANA[1]}]


def test_rows_are_numbered_as_the_spreadsheet_numbers_them() -> None:
    for file in (
        csv_file(SHOPS, ["two\nlines", "b@example.com"], [], ["", ""], ["Ana", "c@example.com"]),
        xlsx_file(SHOPS, ["two\nlines", "b@example.com"], [], ["", ""], ["Ana", "c@example.com"]),
    ):
        assert [row.number for row in rows_of(file)] == [2, 5]


def test_windows_1252_is_named_with_its_row_and_how_to_save_it() -> None:
    words = refusal(csv_file(SHOPS, ["Ana", "a@example.com"], ["Zoë Süß", "z@example.com"], encoding="cp1252"))

    assert words == (
        "Row 3 has a byte that is not UTF-8 (0xEB, byte 34 of the file): if it should read “Zoë Süß”, the file is in "
        "Windows-1252, which we do not guess at. Save it as UTF-8 and upload it again: in Excel by Save As, “CSV UTF-8 "
        "(Comma delimited)”, in Numbers by Export To CSV, Unicode (UTF-8), in Google Sheets by Download, CSV. An XLSX "
        "file works as well."
    )


def test_bytes_that_are_no_text_are_refused() -> None:
    assert "in another encoding, or is no text at all" in refusal(io.BytesIO(b"name,email\n\x81\x8d,\x90"))
    assert "begins like UTF-16, and is not" in refusal(io.BytesIO(b"\xff\xfen\x00a\x00m\x00\x00\xd8x\x00"))


@pytest.mark.parametrize(
    "start",
    [
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x05\x00",
        b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01",
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    ],
    ids=["png", "jpeg", "pdf"],
)
def test_a_picture_or_a_document_is_not_taken_for_an_encoding(start: bytes) -> None:
    assert refusal(io.BytesIO(start)) == "The file is no spreadsheet and no text: choose a CSV or an XLSX file."


def test_a_letter_that_was_lost_before_is_told_and_not_kept() -> None:
    [row] = rows_of(csv_file(SHOPS, ["Zo\ufffd", "a@example.com"]))

    assert row.problems == {
        "name": "The \ufffd stands for a letter that was lost when the file was saved before. Type it anew."
    }


def test_nul_and_other_invisible_characters_are_told() -> None:
    [row] = rows_of(io.BytesIO(b"name,email\nA\x00na,a\x1b@example.com\n"))

    assert row.problems == {
        "name": "This cell has an invisible character (\\x00). Type it anew.",
        "email": "This cell has an invisible character (\\x1b). Type it anew.",
    }
    assert "\x00" not in str(row.values)


@pytest.mark.parametrize(
    "content",
    [bytes(40), b"\xff\xfe\x00\x00" + "name,email\n".encode("utf-32-le"), b"name,email,rea\x00son\nA,b@c.example,x\n"],
    ids=["nuls", "utf-32", "in a name"],
)
def test_what_a_refusal_quotes_can_be_kept(content: bytes) -> None:
    with pytest.raises(SheetRefusedError) as refused:
        rows_of(io.BytesIO(content))

    assert refused.value.problems
    assert "\x00" not in refused.value.detail + "".join(refused.value.problems)


def test_an_over_long_cell_is_told() -> None:
    [row] = rows_of(csv_file(SHOPS, ["x" * (MAX_CELL + 1), "a@example.com"]))

    assert row.problems == {"name": "This cell has 32,768 characters; at most 32,767 are read."}


def test_a_quotation_mark_that_is_not_closed_or_closed_too_early_is_refused() -> None:
    for rest in (b"Ben,b@example.com", b"x" * 1_100_000):
        assert refusal(io.BytesIO(b'name,email\n"Ana,a@example.com\n' + rest)) == (
            'Row 2 cannot be read: a quotation mark (") opens there that nothing closes.'
        )
    assert refusal(io.BytesIO(b'name,email\n"Ana" B,a@example.com\n')) == (
        'Row 2 cannot be read: after a closing quotation mark (") there is more text. One that is meant as such is '
        'written twice ("").'
    )


def test_forty_missing_columns_are_named() -> None:
    columns = [Column(f"column_{number}", is_required=True) for number in range(1, 42)]

    words = refusal(csv_file(["column_1"], ["x"]), columns)

    assert words.startswith("40 columns are missing: column_2, column_3, ")
    assert words.count("column_41") == 2
    assert "Row 1 must have the columns' names." in words


def test_unknown_double_and_nameless_columns_are_named_at_once() -> None:
    words = refusal(csv_file(["name", "name", "e-mail address", "", "email"], ["x"] * 5))

    assert words == (
        "Column 4 has no name in row 1, where the columns' names must stand. One column stands there more than once: "
        "name. One column is not known here: e_mail_address. Row 1 must have the columns' names. Known are: name, "
        "email, note."
    )


def test_columns_of_our_own_files_are_ignored() -> None:
    [row] = rows_of(csv_file([*SHOPS, "id", "error"], [*ANA, "1", "email: no"]))

    assert row.values == {"name": ANA[0], "email": ANA[1], "id": "1"}


def test_a_row_with_more_cells_than_columns_is_told() -> None:
    [row] = rows_of(csv_file(SHOPS, ["Smith, Ana"[:5], " Ana", "a@example.com"]))

    [long] = rows_of(csv_file(SHOPS, ["Smith", "a@example.com", "x", "\0", *"y" * 29]))

    told = "This row has one more cell than there are columns, with “a@example.com”: is a comma missing its quotes?"
    assert row.problems == {"": told}
    assert long.problems[""].startswith("This row has 31 more cells than there are columns, with “x”, “�”, “y”")


@pytest.mark.parametrize("file", [io.BytesIO(b""), io.BytesIO(b"\xef\xbb\xbf\n\n,,\n"), xlsx_file()])
def test_an_empty_file_is_refused(file: io.BytesIO) -> None:
    assert refusal(file) == "The file is empty."


def test_excels_own_types_are_read_as_text() -> None:
    row = (
        ["Ana", "a@example.com", datetime.fromisoformat("2026-12-24T21:00:00")],
        [5, "b@example.com", 4.5],
        [True, "c@example.com", 7.0],
    )

    values = [row.values for row in rows_of(xlsx_file([*SHOPS, "note"], *row))]

    assert [row["note"] for row in values] == ["2026-12-24T21:00:00", "4.5", "7"]
    assert [row["name"] for row in values] == ["Ana", "5", "true"]


def test_a_formula_and_an_error_in_a_cell_are_told() -> None:
    [first, second] = rows_of(xlsx_file(SHOPS, ['=CONCAT("a","b")', "a@example.com"], ["#N/A", "b@example.com"]))

    assert first.problems == {
        "name": "This cell has a formula. Copy the column and paste it as values, then save again."
    }
    assert second.problems == {"name": "This cell shows the error #N/A."}


def test_merged_cells_are_refused() -> None:
    words = refusal(xlsx_file(SHOPS, ANA, ["", ""], merged="A2:A3"))

    assert words.startswith("The cells A2:A3 are merged, so it is not clear to which row they belong.")


def test_merged_cells_on_a_sheet_that_is_not_read_do_no_harm() -> None:
    import openpyxl

    book = openpyxl.load_workbook(xlsx_file(SHOPS, ANA))
    book.create_sheet("Notes").merge_cells("A1:C1")
    file = io.BytesIO()
    book.save(file)

    assert len(rows_of(file)) == 1


STRINGS = (
    '<Override PartName="/xl/worksheets/strings.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>'
)


def declared(file: io.BytesIO, before: str, after: str) -> bytes:
    with zipfile.ZipFile(file) as archive:
        types = archive.read("[Content_Types].xml").decode()
    assert before in types
    return types.replace(before, after).encode()


@pytest.mark.parametrize(
    ("part", "size", "renamed", "words"),
    [
        ("xl/styles", 11, None, "The file has more than 10 MB of styles and other things"),
        ("xl/styles", 11, ("styles+xml", "worksheet+xml"), "The file has more than 10 MB of styles and other things"),
        (
            "xl/worksheets/strings",
            41,
            ("</Types>", f"{STRINGS}</Types>"),
            "more than 40 MB of text",
        ),
    ],
    ids=["styles", "styles called a sheet", "texts among the sheets"],
)
def test_what_is_held_all_at_once_is_bounded(part: str, size: int, renamed: tuple[str, str] | None, words: str) -> None:
    file = xlsx_file(SHOPS, ANA)
    types = {"[Content_Types]": declared(file, *renamed)} if renamed else {}
    large = repacked(file, **types, **{part.replace("/", "__"): b" " * (size * 1024 * 1024)})

    assert words in refusal(large)


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = repacked(xlsx_file(SHOPS, ANA), xl__worksheets__sheet2=b" " * (101 * 1024 * 1024))

    assert len(bomb.getvalue()) < 200_000
    assert refusal(bomb).startswith("The file unpacks to more than 100 MB.")


def test_entities_are_not_unfolded() -> None:
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    start = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    row = b'<row r="1"><c r="A1" t="inlineStr"><is><t>&b;</t></is></c></row></sheetData></worksheet>'

    bomb = repacked(xlsx_file(SHOPS, ANA), xl__worksheets__sheet1=b"<?xml version='1.0'?>" + laughs + start + row)

    assert refusal(bomb).startswith("This is not an Excel file that can be read.")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xd0\xcf\x11\xe0 old", "This is an Excel file of the old kind (.xls), or one with a password."),
        (b"PK\x03\x04 broken", "This is not an Excel file that can be read."),
        (scrambled(xlsx_file(SHOPS, ANA)), "This is not an Excel file that can be read."),
    ],
)
def test_other_files_of_excels_are_refused(content: bytes, words: str) -> None:
    assert refusal(io.BytesIO(content)).startswith(words)


def test_only_the_visible_sheet_is_read() -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.worksheets[0].sheet_state = "hidden"
    sheet = book.create_sheet("Shops")
    sheet.append(SHOPS)
    sheet.append(ANA)
    file = io.BytesIO()
    book.save(file)

    assert [row.values["name"] for row in rows_of(file)] == [ANA[0]]


def test_too_many_rows_columns_and_blank_rows_are_refused() -> None:
    many = io.BytesIO(b"name,email\n" + b"a,b\n" * (MAX_ROWS + 1))
    wide = io.BytesIO(b"name,email\na" + b",b" * 200)
    blank = io.BytesIO(b"name,email\n" + b"\n" * 300_001)

    assert refusal(many) == "The sheet has more than 50,000 rows. Split it into several."
    assert refusal(wide) == "Row 2 has more than 200 columns."
    assert refusal(blank).startswith("The sheet has 300,000 rows and more, most of them blank.")
