"""What takes too long in the console, or is too much, is cut off from outside, whatever it catches itself."""

import time
from collections.abc import Iterator

import pytest

from api.console import driver
from giftflick.database.logins import Login
from tests.console.attacking import ask, still_answers, untouched
from tests.console.conftest import fetch

__all__ = ["untouched"]

pytestmark = pytest.mark.django_db

# What no attempt may take longer than: the time limit, a cancel, and the end of the connection.
ENDED_WITHIN_S = 20.0
STUBBORN = """
DO $$ BEGIN LOOP
  BEGIN PERFORM set_config('statement_timeout', '0', false); PERFORM pg_sleep(60);
  EXCEPTION WHEN query_canceled THEN NULL; END;
END LOOP; END $$
"""
CUT_OFF = {
    "sleeping": "SELECT pg_sleep(60)",
    "sleeping in bits": "SELECT pg_sleep(1) FROM generate_series(1, 60)",
    "sleeping until": "SELECT pg_sleep_until(now() + interval '1 minute')",
    "sleeping in a block": "DO $$ BEGIN PERFORM pg_sleep(60); END $$",
    "sleeping without a limit": "SELECT set_config('statement_timeout', '0', false), pg_sleep(60)",
    "a block that hears no cancel": STUBBORN,
    "multiplying": "SELECT count(*) FROM generate_series(1, 1e6) a, generate_series(1, 1e6) b",
    "recursion without end": "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT max(n) FROM r",
    "a loop without end": "DO $$ BEGIN LOOP NULL; END LOOP; END $$",
    "a regular expression": r"SELECT repeat('a', 999) ~ '^(a+)(a+)(a+)(a+)\1\2\3\4$'",
    "sorting for ever": "SELECT md5(n::text) AS m FROM generate_series(1, 50000000) n ORDER BY m LIMIT 1",
    "a lock that is taken": "SELECT pg_advisory_lock(42)",
}
CUT_SHORT = {
    "rows without end": ("SELECT generate_series(1, 100000000)", "rows"),
    "rows from recursion": ("WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) TABLE r", "rows"),
    "one huge value": ("SELECT repeat('x', 60000000)", "bytes"),
    "many values without text": ("SELECT" + " NULL," * 199 + " NULL FROM generate_series(1, 10000)", "bytes"),
    "letters of two bytes": ("SELECT repeat('Ω', 1000) FROM generate_series(1, 10000)", "bytes"),
    "many big values": ("SELECT repeat('x', 100000) FROM generate_series(1, 10000)", "bytes"),
    "notices without end": ("DO $$ BEGIN LOOP RAISE NOTICE '%', repeat('x', 100000); END LOOP; END $$", "bytes"),
}


@pytest.fixture
def taken_lock(db: None) -> Iterator[None]:
    fetch("SELECT pg_advisory_lock(42)")
    yield
    fetch("SELECT pg_advisory_unlock(42)")


@pytest.mark.parametrize("login", ["plain"], indirect=True)
@pytest.mark.parametrize("attempt", CUT_OFF)
def test_what_takes_too_long_is_ended(untouched: None, taken_lock: None, login: Login, attempt: str) -> None:
    started = time.monotonic()

    with pytest.raises((driver.StatementError, driver.TimeUpError)) as ended:
        ask(login, CUT_OFF[attempt])

    assert time.monotonic() - started < ENDED_WITHIN_S
    assert getattr(ended.value, "code", "57014") in {"57014", "55P03", "53400", "2201B"}
    assert still_answers(login)


@pytest.mark.parametrize("login", ["plain"], indirect=True)
@pytest.mark.parametrize("attempt", CUT_SHORT)
def test_what_is_too_much_is_not_taken(untouched: None, login: Login, attempt: str) -> None:
    statement, limit = CUT_SHORT[attempt]

    answer = ask(login, statement)

    assert answer.cut == limit
    assert len(answer.rows) <= driver.ROWS
    assert sum(8 + len((cell or "").encode()) for row in answer.rows for cell in row) <= driver.BYTES
    assert still_answers(login)
