"""The days of a list: read from keys, offered where there are rows."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from uuid6 import uuid7

import giftflick.admin_urls  # noqa: F401 - finds the pages
from accounts.models import Account
from api.templates.models import Template
from api.time_keys import key_at
from giftflick.admin_days import Span
from tests.admin.lists import GIFTS, made, shown


def test_keys_are_in_the_order_of_their_time() -> None:
    before = datetime.now(UTC)
    assert key_at(before) <= uuid7() < key_at(before + timedelta(minutes=1))


@pytest.fixture
def three_years(account: Account, template: Template) -> None:
    made(
        account,
        datetime(2024, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2026, 2, 28, 8, tzinfo=UTC),
        datetime(2026, 3, 1, 0, 0, tzinfo=UTC),
        datetime(2026, 3, 1, 23, 59, tzinfo=UTC),
        datetime(2026, 3, 31, 9, tzinfo=UTC),
    )


@pytest.mark.usefixtures("three_years")
def test_days_are_offered_where_there_are_gifts(founder: Client) -> None:
    def offered(**query: str) -> tuple[list[str], list[str]]:
        days = founder.get(GIFTS, query).context["cl"].days
        return [title for title, _ in days.trail], [title for title, _ in days.choices]

    assert offered() == ([], ["2024", "2025", "2026"])
    assert offered(day="2026") == (["All days", "2026"], ["February", "March"])
    assert offered(day="2026-03") == (["All days", "2026", "March"], ["1", "31"])
    assert offered(day="2026-03-01") == (["All days", "2026", "March", "1"], [])
    assert offered(day="2025") == (["All days", "2025"], [])


@pytest.mark.usefixtures("three_years")
@pytest.mark.parametrize(
    ("day", "count"), [("2024", 1), ("2025", 0), ("2026", 4), ("2026-02", 1), ("2026-03", 3), ("2026-03-01", 2)]
)
def test_a_day_shows_its_gifts_and_no_others(day: str, count: int, founder: Client) -> None:
    assert len(shown(founder, GIFTS, day=day)) == count


@pytest.mark.usefixtures("three_years")
def test_no_table_is_read_for_its_days(founder: Client) -> None:
    for day in ["", "2026", "2026-03"]:
        with CaptureQueriesContext(connection) as queries:
            founder.get(GIFTS, {"day": day})
        sql = " ".join(query["sql"] for query in queries)
        assert "date_trunc" not in sql.lower()
        assert "DISTINCT" not in sql


def test_one_years_months_stand_there_at_once(founder: Client, account: Account, template: Template) -> None:
    made(account, datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))

    days = founder.get(GIFTS).context["cl"].days

    assert [title for title, _ in days.choices] == ["February", "April"]


@pytest.mark.parametrize(
    ("written", "span"),
    [
        ("2026", Span(2026)),
        ("2026-02", Span(2026, 2)),
        ("2028-02-29", Span(2028, 2, 29)),
        ("2026-02-29", None),
        ("2026-00", None),
        ("1999", None),
        ("2026-1", None),
        ("", None),
    ],
)
def test_a_span_is_read_as_it_is_written(written: str, span: Span | None) -> None:
    assert Span.read(written) == span
    assert span is None or str(span) == written
