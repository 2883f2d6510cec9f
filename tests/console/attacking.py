"""What all attempts at the console have in common: nothing is changed by them, and the next question is answered."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.console import driver
from giftflick.console_roles import ROLES
from giftflick.database.logins import Login
from tests.console.conftest import fetch
from tests.waiting import eventually

FILE = Path("/tmp/giftflick-attack")  # noqa: S108 - what attempts name


def fingerprint() -> str:
    """Of every row of every table, and of what there is in the database."""
    tables = [name for (name,) in fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")]
    rows = " UNION ALL ".join(
        f"SELECT '{name}', count(*), coalesce(sum(hashtextextended(t::text, 0)), 0)::text FROM {name} t"  # noqa: S608
        for name in tables
    )
    objects = """
        SELECT (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_proc),
               (SELECT count(*) FROM pg_largeobject_metadata),
               (SELECT string_agg(rolname || rolsuper || coalesce(rolconfig::text, ''), ',') FROM pg_roles),
               (SELECT string_agg(relname || coalesce(relacl::text, ''), ',' ORDER BY oid) FROM pg_class)
    """
    return f"{fetch(rows)} {fetch(objects)}"


def connected() -> int:
    """How many are, of the console's; a transaction sees them as they were when it first looked, unless told."""
    fetch("SELECT pg_stat_clear_snapshot()")
    [(count,)] = fetch("SELECT count(*) FROM pg_stat_activity WHERE usename = ANY(%s)", [list(ROLES)])
    return int(count)


@pytest.fixture
def untouched(told: object, db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Afterwards nothing is changed, nobody is connected, and the next question is answered."""
    monkeypatch.setattr(driver, "OURS_WITHIN_S", 20)  # a machine that stalls is not what is looked for
    before = fingerprint()
    yield
    eventually(lambda: connected() == 0, 20)
    assert fingerprint() == before
    assert not FILE.exists()


def ask(login: Login, statement: str) -> driver.Answer:
    return driver.ask(login, statement, name="attack", wait_s=5)


def still_answers(login: Login) -> bool:
    return ask(login, "SELECT count(id) > 0 FROM api_gift").rows == [["t"]]
