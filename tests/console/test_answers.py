"""An answer on the page and as a file: what is missing is said, and what is there is not too large to be sent."""

import gzip
import json
import random
from collections.abc import Sequence
from typing import Any

from api.console.answers import as_file, file_name, for_page
from api.console.driver import BYTES, ROWS, Answer, Column
from giftflick.lambda_http import call

LAMBDA_RETURNS = 6 * 1024 * 1024
TEXT, BIGINT = 25, 20


def answer(*rows: Sequence[str | None], cut: str = "") -> Answer:
    return Answer([Column(f"c{number}", TEXT) for number in range(len(rows[0]))], [list(row) for row in rows], cut)


def test_all_rows_are_in_the_file_only_if_all_of_them_came() -> None:
    row = ["x"]

    assert for_page(answer(*[row] * 1_000)).note == ""
    assert for_page(answer(*[row] * 1_001)).note == "Here are the first 1,000; the file has all of them."
    assert for_page(answer(*[row] * ROWS, cut="rows")).note == (
        "Here are the first 1,000; the file has the first 10,000. There are more: ask about less."
    )
    assert for_page(answer(row, cut="bytes")).note == (
        "These are the first 4 MB, as much as the console takes. There is more: ask about less."
    )


def test_a_file_that_is_not_all_of_it_says_so_by_its_name() -> None:
    row = ["x"]

    assert file_name(answer(row), "20261127") == "answer-20261127.csv"
    assert file_name(answer(row, cut="rows"), "20261127") == "answer-20261127-first-10000-rows.csv"
    assert file_name(answer(row, cut="bytes"), "20261127") == "answer-20261127-first-4-mb.csv"


def test_a_wide_answer_is_shown_as_far_as_a_browser_bears_it() -> None:
    shown = for_page(answer(*[["x"] * 200] * 500))

    assert len(shown.rows) == 100
    assert shown.note == "Here are the first 100; the file has all of them."


def test_the_longest_page_can_be_sent() -> None:
    """Each quote is six characters of HTML, each of these smiles twelve of Lambda's JSON."""
    for worst in ("'" * 300, "\U0001f600" * 300):
        shown = for_page(answer(*[[worst] * 20] * 1_000))

        assert 0 < len(shown.rows) < 1_000
        size = sum(len(json.dumps(cell.text)) for row in shown.rows for cell in row)
        assert size < LAMBDA_RETURNS / 2


def test_the_largest_file_can_be_sent() -> None:
    """In Lambda's JSON a letter of Greek would be three times as long, and a quote four times."""
    anything = bytes(byte & 127 for byte in random.Random(5).randbytes(BYTES)).decode()  # noqa: S311 - nobody's key
    for worst in ("Ω" * (BYTES // 2), '"' * BYTES, "\x01" * BYTES, anything):
        file = as_file(answer([worst], cut="bytes"), "20261127")
        headers = list(file.items())

        def application(
            _environ: object, start: Any, headers: Any = headers, body: bytes = file.content
        ) -> list[bytes]:
            start("200 OK", headers)
            return [body]

        event = {"requestContext": {"http": {"method": "GET", "sourceIp": "127.0.0.1"}}}
        assert len(json.dumps(call(application, event))) < LAMBDA_RETURNS
        assert gzip.decompress(file.content).decode("utf-8-sig").startswith("c0\r\n")
