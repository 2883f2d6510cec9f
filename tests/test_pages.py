"""Lists in pages: the same contract everywhere, every row once, whichever way one goes."""

import base64
import json
from datetime import datetime, timedelta
from itertools import chain
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Account
from api.gifts.models import Gift
from api.gifts.states import GiftStatus
from tests import build

GIFTS = "/v1/gifts"
NOON = "2026-11-23T12:00:00Z"


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def lists(account: Account, template: Any, now: datetime) -> list[str]:
    gift = build.rendering(account, now)
    return [GIFTS, "/v1/templates", f"{GIFTS}/{gift.pk}/events", f"{GIFTS}/{gift.pk}/renders", "/v1/webhook-endpoints"]


def walk(api: APIClient, page: dict[str, Any], direction: str) -> list[list[str]]:
    """The ids of the pages from here on, this one's too."""
    ids = [[row["id"] for row in page["results"]]]
    while page[direction]:
        page = api.get(page[direction]).json()
        ids.append([row["id"] for row in page["results"]])
    return ids


def cursor(*words: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(words).encode()).decode().rstrip("=")


def test_every_list_keeps_the_same_contract(lists: list[str], api: APIClient) -> None:
    for path in lists:
        page = api.get(path)
        assert (page.status_code, list(page.json())) == (200, ["next", "previous", "results"]), path
        for query, field in (
            ("colour=red", "colour"),
            ("limit=0", "limit"),
            ("limit=1&limit=2", "limit"),
            ("limit=٣", "limit"),
            ("limit=1%00", "limit"),
            ("page=2", "page"),
            ("cursor=x", "cursor"),
            ("cursor=", "cursor"),
            ("cursor=%00", "cursor"),
            ("cursor=%F0%9F%8E%81", "cursor"),
        ):
            refused = api.get(f"{path}?{query}")
            fields = [error["field"] for error in refused.json()["errors"]]
            assert (refused.status_code, fields) == (400, [field]), (path, query)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["after"],
        ["sideways", "0193f000-0000-7000-8000-000000000000"],
        [["after"], "0193f000-0000-7000-8000-000000000000"],
        ["after", None],
        ["after", 7],
        ["after", "2026-11-23T12:00:00+00:00"],
        ["after", "0193f000-0000-7000-8000-000000000000", "0193f000-0000-7000-8000-000000000000"],
    ],
)
def test_a_cursor_that_we_did_not_make_is_refused(words: list[Any], api: APIClient) -> None:
    answer = api.get(GIFTS, {"cursor": cursor(*words)})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "cursor")


@pytest.mark.parametrize(
    "time", ["2026-11-23T12:00:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "soon", "", "12"]
)
def test_a_time_in_a_cursor_that_we_did_not_write_is_refused(time: str, api: APIClient) -> None:
    place = cursor("after", time, "0193f000-0000-7000-8000-000000000000")

    answer = api.get(GIFTS, {"deliver_after": NOON, "cursor": place})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "cursor")


@pytest.mark.parametrize("offset", ["+23:59", "-23:59"])
def test_an_offset_of_any_size_is_a_time(offset: str, api: APIClient) -> None:
    time = f"2026-11-23T12:00:00{offset}"
    place = cursor("after", time, "0193f000-0000-7000-8000-000000000000")

    answers = [api.get(GIFTS, {"deliver_after": time}), api.get(GIFTS, {"deliver_after": NOON, "cursor": place})]

    assert [answer.status_code for answer in answers] == [200, 200]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7])
def test_every_row_comes_once_in_both_directions(
    count: int, api: APIClient, account: Account, template: Any, now: datetime
) -> None:
    newest_first = [str(build.draft(account, now).pk) for _ in range(count)][::-1]
    pages = [newest_first[start : start + 2] for start in range(0, count, 2)] or [[]]

    there = walk(api, api.get(f"{GIFTS}?limit=2").json(), "next")
    last = api.get(f"{GIFTS}?limit=2").json()
    while last["next"]:
        last = api.get(last["next"]).json()
    back = walk(api, last, "previous")

    assert there == pages
    assert list(chain(*back[::-1])) == newest_first


def test_a_page_stays_where_it_was_when_newer_rows_come(
    api: APIClient, account: Account, template: Any, now: datetime
) -> None:
    old = [str(build.draft(account, now).pk) for _ in range(4)][::-1]
    first = api.get(f"{GIFTS}?limit=2").json()
    new = build.draft(account, now)

    second = api.get(first["next"]).json()
    back = api.get(second["previous"]).json()

    assert [row["id"] for row in second["results"]] == old[2:]
    assert [row["id"] for row in back["results"]] == old[:2]
    assert walk(api, back, "previous")[-1] == [str(new.pk)]


def test_gifts_for_the_same_hour_come_once_each(api: APIClient, account: Account, template: Any, now: datetime) -> None:
    christmas = (now + timedelta(days=20)).isoformat()
    gifts = [str(build.draft(account, now, deliver_at=christmas).pk) for _ in range(7)]

    pages = walk(api, api.get(GIFTS, {"deliver_after": now.isoformat(), "limit": "2"}).json(), "next")

    assert list(chain(*pages)) == gifts


@pytest.mark.parametrize("filters", [{}, {"deliver_before": "2099-01-01T00:00:00Z"}])
def test_several_statuses_are_merged_in_order(
    filters: dict[str, str], api: APIClient, account: Account, template: Any, now: datetime
) -> None:
    later = (now + timedelta(days=9)).isoformat()
    gifts = [
        build.in_state(GiftStatus(status), account, now) if not filters else build.draft(account, now, deliver_at=later)
        for status in ("draft", "canceled", "draft", "failed", "ready", "canceled", "draft")
    ]
    wanted = [str(gift.pk) for gift in gifts if gift.status != "ready"]
    statuses = ["draft", "canceled", "failed", "draft"]

    page = api.get(GIFTS, {"status": statuses, "limit": ["2"], **filters}).json()

    there = list(chain(*walk(api, page, "next")))
    assert there == (wanted if filters else wanted[::-1])
    assert parse_qs(urlsplit(page["next"]).query)["status"] == statuses


@pytest.mark.usefixtures("standing_clock")
def test_a_list_of_several_statuses_takes_three_queries(
    api: APIClient, account: Account, template: Any, now: datetime, django_assert_num_queries: Any
) -> None:
    for status in ("draft", "canceled", "draft"):
        build.in_state(GiftStatus(status), account, now)
    api.get(GIFTS)

    with django_assert_num_queries(3):
        assert len(api.get(GIFTS, {"status": ["draft", "canceled"]}).json()["results"]) == 3
    assert Gift.objects.count() == 3
