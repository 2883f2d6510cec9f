"""The first page: what it shows, where its numbers lead, who sees what, what it costs."""

import re
from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client, RequestFactory
from pytest_django import DjangoAssertNumQueries

from accounts.models import Account, User
from api.delivery.models import Message
from api.gifts import services
from api.gifts.states import GiftStatus
from api.outbox.models import Job
from api.templates.models import Template
from api.today.models import Figures
from api.today.prices import MAIL, RENDERED_MINUTE, STORED_GB_MONTH
from api.today.services import JOB, make_figures
from tests import build
from tests.admin.conftest import dead_job
from tests.admin.signing import signed_in
from tests.test_docs import COST_PAGE

TODAY = "/admin/"
PART = "/admin/today/figures/"
DAY = timedelta(days=1)
QUERIES = 7  # the session, the second factor, the figures, the queue, the shops' names


@pytest.fixture
def busy(account: Account, template: Template, now: datetime) -> None:
    """A gift in every state, some days old, some with a history, and a test gift."""
    for number, status in enumerate(GiftStatus):
        build.in_state(status, account, now - number * DAY)
    thanked = build.watched(account, now - DAY)
    services.leave_thanks(thanked.pk, text="Thank you!", now=now)
    build.draft(account, now, livemode=False)
    build.ready_upload(account, now)
    Message.objects.filter(gift=thanked, kind="gift").update(is_possible_double=True)
    dead_job(now)
    make_figures(now=now)


class Numbers(HTMLParser):
    """The links of the page with what is written on them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._href = ""
        self._text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._href, self._text = dict(attrs).get("href") or "", ""

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._href:
            self.found.append((self._href, self._text.strip()))
            self._href = ""


def part_of(client: Client, **params: str) -> str:
    html = client.get(TODAY, params).content.decode()
    return html[html.index('<div id="today-figures"') : html.index('id="today-definitions"')]


def test_the_very_first_visit_is_told_to_wait_and_has_it_counted(founder: Client, now: datetime) -> None:
    answer = founder.get(TODAY)

    assert answer.context["as_of"] is None
    assert 'id="today-being-counted"' in answer.content.decode()
    assert Job.objects.get(kind=JOB).state == "waiting"
    assert founder.get(PART).status_code == 204


def test_fresh_figures_are_not_asked_for_again(founder: Client, now: datetime) -> None:
    make_figures(now=now)

    assert founder.get(TODAY).context["is_fresh"]
    assert not Job.objects.filter(kind=JOB).exists()


def test_old_figures_are_shown_and_exchanged_once_there_are_newer_ones(founder: Client, now: datetime) -> None:
    make_figures(now=now - timedelta(minutes=10))
    html = founder.get(TODAY).content.decode()
    after = re.search(r'data-after="([^"]+)"', html)
    assert after is not None
    assert 'data-fresh="no"' in html
    assert Job.objects.filter(kind=JOB).count() == 1

    waiting = founder.get(PART, {"after": after[1]})
    make_figures(now=now)
    there = founder.get(PART, {"after": after[1]})

    assert (waiting.status_code, there.status_code) == (204, 200)
    assert "As of" in there.content.decode()
    assert "<html" not in there.content.decode()


@pytest.mark.parametrize("after", ["", "yesterday", "2026-13-45", "2026-11-27T10:00:00", "\x00"])
def test_any_after_will_do(founder: Client, now: datetime, after: str) -> None:
    make_figures(now=now)

    assert founder.get(PART, {"after": after}).status_code == 200


def test_an_empty_system_says_what_to_do_first(founder: Client, now: datetime) -> None:
    make_figures(now=now)
    html = founder.get(TODAY).content.decode()

    assert 'id="today-empty"' in html
    for place in ("/admin/accounts/account/add/", "/admin/accounts/apikey/add/", "/admin/api/template/"):
        assert f'href="{place}"' in html[html.index('id="today-empty"') :]
    assert 'id="today-days"' not in html
    assert "No test gift yet" in founder.get(TODAY, {"mode": "test"}).content.decode()


def test_every_number_leads_to_as_many_rows(founder: Client, busy: None) -> None:
    pages = [part_of(founder, days="7"), part_of(founder, days="90"), part_of(founder, mode="test", days="30")]
    numbers = {
        (url, int(text.replace(",", "")))
        for page in pages
        for url, text in Numbers(page).found
        if url.startswith("/admin/api/") and re.fullmatch(r"[\d,]+", text)
    }

    wrong = {url: (told, there) for url, told in numbers if (there := rows_behind(founder, url)) != told}

    assert wrong == {}
    assert len(numbers) > 100


def rows_behind(client: Client, url: str) -> int:
    """What the list's own page is made of, without drawing it."""
    model = admin.site._registry[apps.get_model("api", url.split("/")[3])]
    request = RequestFactory().get(url)
    request.user = User.objects.get(username="ada")
    return int(model.get_changelist_instance(request).get_queryset(request).count())


def test_numbers_of_yesterday_lead_to_the_days_that_were_counted(
    founder: Client, account: Account, template: Template, now: datetime
) -> None:
    counted_at = now - 2 * DAY
    build.draft(account, counted_at - 6 * DAY)  # on the first of seven days
    make_figures(now=counted_at)

    created = Numbers(part_of(founder, days="7")).found
    [there] = {rows_behind(founder, url) for url, text in created if "created_at__gte" in url and text == "1"}

    assert there == 1


def test_what_needs_somebody_comes_first(founder: Client, busy: None) -> None:
    needs = founder.get(TODAY).context["needs"]

    assert [(number.value, number.label) for number in needs] == [
        ("1", "dead job"),
        ("1", "bounced gift"),
        ("1", "gift without a film"),
        ("1", "possible double"),
    ]


def test_nothing_needs_anybody(founder: Client, account: Account, template: Template, now: datetime) -> None:
    build.draft(account, now)
    make_figures(now=now)

    assert 'id="today-needs-nothing"' in founder.get(TODAY).content.decode()


@pytest.mark.parametrize(
    ("mode", "days"), [("live", "0"), ("sandbox", "30"), ("", "1e9"), ("\x00", "\x00"), ("test", "-7")]
)
def test_unknown_choices_are_the_usual_ones(founder: Client, now: datetime, mode: str, days: str) -> None:
    make_figures(now=now)

    context = founder.get(TODAY, {"mode": mode, "days": days}).context

    assert (context["mode"], context["days"]) == ("test" if mode == "test" else "live", 30)


def test_nobody_is_named(founder: Client, busy: None) -> None:
    page = part_of(founder)
    stored = str(Figures.objects.get(pk="live").content)

    for text in ("Ana", "Ben", "ana@", "ben@"):
        assert text not in page
        assert text not in stored


def viewer(*codenames: str) -> Client:
    user = User.objects.create_user("viewer", is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return signed_in(user)


BLOCKS = ("needs", "headlines", "days", "funnel", "states", "mails", "renders", "jobs", "expiring", "shops", "cost")


@pytest.mark.parametrize(
    ("codenames", "blocks"),
    [
        ((), set()),
        (("view_gift",), {"needs", "headlines", "days", "funnel", "states", "expiring"}),
        (("view_job",), {"needs", "headlines", "jobs"}),
        (("view_message",), {"needs", "headlines", "mails"}),
        (("view_gift", "view_account"), {"needs", "headlines", "days", "funnel", "states", "expiring", "shops"}),
        (("view_render", "view_message", "view_upload"), {"needs", "headlines", "mails", "renders"}),
        (
            ("view_gift", "view_render", "view_message", "view_upload"),
            {"needs", "headlines", "days", "funnel", "states", "expiring", "mails", "renders", "cost"},
        ),
    ],
)
def test_each_sees_only_what_they_may(busy: None, codenames: tuple[str, ...], blocks: set[str]) -> None:
    client = viewer(*codenames)
    html = client.get(TODAY).content.decode()

    assert {name for name in BLOCKS if f'id="today-{name}"' in html} == blocks
    links = Numbers(html[html.index('<div id="today-figures"') :]).found
    one_of_each_list = {url.partition("?")[0]: url for url, _ in links if url.startswith("/admin/")}
    assert {url: client.get(url).status_code for url in one_of_each_list.values()} == dict.fromkeys(
        one_of_each_list.values(), 200
    )


def test_a_stranger_sees_nothing(db: None, client: Client, now: datetime) -> None:
    make_figures(now=now)

    assert (client.get(TODAY).status_code, client.get(PART).status_code) == (302, 302)


def test_it_costs_so_many_queries_however_much_there_is(
    founder: Client, busy: None, account: Account, other_account: Account, template: Template, now: datetime,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    founder.get(TODAY)
    with django_assert_num_queries(QUERIES):
        founder.get(TODAY)
    for _ in range(3):
        build.watched(other_account, now)
    make_figures(now=now)
    with django_assert_num_queries(QUERIES):
        founder.get(TODAY)


def test_it_reads_no_table_that_grows(founder: Client, busy: None) -> None:
    """Not even a row: with or without a million gifts it is the same page."""
    seen: list[str] = []

    def watch(execute: Any, sql: str, *arguments: Any) -> Any:
        seen.append(sql)
        return execute(sql, *arguments)

    with connection.execute_wrapper(watch):
        founder.get(TODAY)

    grown = ("api_gift", "api_render", "api_message", "api_giftevent", "api_upload", "api_thanks", "api_daycount")
    assert [sql for sql in seen if any(f'"{table}"' in sql or f" {table} " in sql for table in grown)] == []


def test_prices_are_those_of_the_page_about_cost() -> None:
    rows = [line for line in COST_PAGE.read_text().splitlines() if line.startswith("| ")]
    priced = {cells[1].strip(): cells[2].strip() for cells in (row.split("|") for row in rows) if len(cells) > 3}

    assert float(priced["Shotstack"]) == RENDERED_MINUTE
    assert float(priced["SendGrid, Essentials 50,000"]) / 50_000 == MAIL
    assert float(priced["S3: stored 90 days"]) == STORED_GB_MONTH


def test_what_it_costs_is_reckoned_from_them(founder: Client, now: datetime) -> None:
    make_figures(now=now)
    figures = Figures.objects.get(pk="live")
    figures.content |= {
        "month": {"film_s": 6_000, "mails": 100_000},
        "kept": {"film_bytes": 30_000_000_000, "upload_bytes": 10_000_000_000},
    }
    figures.save()
    Figures.objects.filter(pk="test").update(content=figures.content)

    live, test = (
        [number.value for number in founder.get(TODAY, {"mode": mode}).context["cost"]] for mode in ("live", "test")
    )

    assert live == ["$20.00", "$39.90", "$1.00", "$60.90"]
    assert test == ["$0.00", "$0.00", "$1.00", "$1.00"]


@pytest.mark.parametrize(
    ("film_s", "stored", "label", "value", "kept"),
    [
        (28, 300_000_000, "0.5 rendered minutes", "$0.09", "0.3 GB kept for a month"),
        (2, 3_000_000, "under 0.1 rendered minutes", "$0.01", "under 0.1 GB kept for a month"),
        (0, 0, "0 rendered minutes", "$0.00", "0 GB kept for a month"),
        (90_000, 12_000_000_000, "1,500 rendered minutes", "$300.00", "12 GB kept for a month"),
    ],
)
def test_little_that_costs_something_does_not_look_like_nothing(
    founder: Client, now: datetime, film_s: int, stored: int, label: str, value: str, kept: str
) -> None:
    make_figures(now=now)
    figures = Figures.objects.get(pk="live")
    figures.content |= {
        "month": {"film_s": film_s, "mails": 3},
        "kept": {"film_bytes": stored, "upload_bytes": 0},
    }
    figures.save()

    minutes, mails, together, _ = founder.get(TODAY).context["cost"]

    assert (minutes.label, minutes.value) == (label, value)
    assert (mails.label, together.label) == ("3 mails", kept)
