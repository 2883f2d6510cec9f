"""Lists of any length: pages by keys, days by keys, filters under names; words where an address makes no sense."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib import admin
from django.contrib.messages import get_messages
from django.db import connection
from django.db.models import Model
from django.http import HttpRequest, QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from uuid6 import uuid7

import giftflick.admin_urls  # noqa: F401 - finds the pages
from accounts.models import Account, User
from accounts.services import create_account
from api.gifts.models import Gift
from api.outbox.models import Job
from api.templates.models import Template
from giftflick import admin_lists
from tests import build
from tests.admin.conftest import Story, dead_job
from tests.admin.lists import GIFTS, page_of, shown_at


def drafts(account: Account, now: datetime, count: int) -> list[UUID]:
    """Newest first."""
    return [build.draft(account, now).pk for _ in range(count)][::-1]


def small_pages(monkeypatch: pytest.MonkeyPatch, model: type[Model] = Gift, size: int = 3) -> None:
    monkeypatch.setattr(admin.site._registry[model], "list_per_page", size)


@pytest.mark.parametrize("order", ["", "1", "-1"])
def test_pages_follow_one_another_and_back_without_losing_or_doubling(
    order: str, founder: Client, account: Account, template: Template, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pages(monkeypatch)
    rows = drafts(account, now, 8)
    if order == "1":
        rows.reverse()
    address, pages = f"?o={order}" if order else "", []
    while address is not None:
        changelist = founder.get(GIFTS + address).context["cl"]
        pages.append([row.pk for row in changelist.result_list])
        ways, address = changelist.paginator.ways, changelist.paginator.ways["later"]
    assert pages == [rows[:3], rows[3:6], rows[6:]]
    assert ways["last"] is None

    assert shown_at(founder, ways["earlier"]) == rows[3:6]
    assert shown_at(founder, ways["first"]) == rows[:3]
    last = founder.get(GIFTS, {"p": "last", "o": order}).context["cl"]
    assert [row.pk for row in last.result_list] == rows[5:]
    assert shown_at(founder, last.paginator.ways["earlier"]) == rows[2:5]
    near_start = founder.get(GIFTS, {"p": f"before-{rows[2]}", "o": order}).context["cl"]
    assert [row.pk for row in near_start.result_list] == rows[:3]
    assert near_start.paginator.ways["earlier"] is None


def test_pages_of_a_column_with_equal_and_missing_values(
    founder: Client, db: None, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    small_pages(monkeypatch, Account, 2)
    for number in range(7):
        account = create_account(name=f"Shop {number}", email="shop@example.com")
        suspended = [None, now, now + timedelta(days=1)][number % 3]
        Account.objects.filter(pk=account.pk).update(suspended_at=suspended)
    path = page_of("accounts.account")
    columns = founder.get(path).context["cl"].list_display
    column = next(i for i, name in enumerate(columns) if getattr(name, "__name__", "") == "suspended_at")

    for direction, expected in (("", "suspended_at"), ("-", "-suspended_at")):
        found, address = [], f"?o={direction}{column}"
        while address is not None:
            changelist = founder.get(path + address).context["cl"]
            found += [row.pk for row in changelist.result_list]
            address = changelist.paginator.ways["later"]
        assert found == list(Account.objects.order_by(expected, "name").values_list("pk", flat=True))


def test_what_has_no_index_cannot_be_sorted_by(founder: Client, story: Story) -> None:
    changelist = founder.get(GIFTS).context["cl"]
    names = [getattr(column, "__name__", column) for column in changelist.sortable_by]
    assert names == ["created_at"]

    sorted_by_name = founder.get(GIFTS, {"o": "4"})
    assert sorted_by_name.context["cl"].queryset.query.order_by == ("-id",)


def test_nothing_is_counted_beyond_ten_thousand(
    founder: Client, account: Account, template: Template, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pages(monkeypatch)
    drafts(account, now, 8)
    assert "8 gifts" in founder.get(GIFTS).content.decode()

    monkeypatch.setattr(admin_lists, "COUNTED_TO", 5)
    with CaptureQueriesContext(connection) as queries:
        text = founder.get(GIFTS).content.decode()
    assert "more than 5 gifts" in text
    assert "All more than 5 selected" in text
    counts = [query["sql"] for query in queries if "COUNT(" in query["sql"]]
    assert [("LIMIT 6" in sql) for sql in counts] == [True]


def test_a_page_deep_down_is_read_from_the_index(account: Account, template: Template, now: datetime) -> None:
    """No offset, no sort, and the state's index entered where the page begins."""
    drafts(account, now, 3)
    others = [
        Gift(account=account, template=template, livemode=True, status="canceled", created_at=now, updated_at=now)
        for _ in range(2_000)
    ]
    Gift.objects.bulk_create(others)
    request = HttpRequest()
    request.user = User.objects.create_superuser("ada")
    request.GET = QueryDict(f"p=after-{uuid7()}&status__exact=draft")
    drafts(account, now, 3)
    with CaptureQueriesContext(connection) as queries:
        changelist = admin.site._registry[Gift].get_changelist_instance(request)
    [sql] = [query["sql"] for query in queries if "LIMIT 51" in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE api_gift")
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN {sql}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert len(changelist.result_list) == 3
    assert "OFFSET" not in sql
    assert "Index Scan Backward using gift_of_state" in plan
    assert "Index Cond: (((status)::text = 'draft'::text) AND (id < " in plan
    assert "Sort" not in plan


NONSENSE = [
    "p=after-nonsense",
    "p=before-",
    "p=77",
    "p=after-8fd27080-6b4f-4a4d-a2f2-bf6eac1db2c6",
    "o=99.-x",
    "day=2026-13",
    "day=2026-02-30",
    "day=yesterday",
    "day=99999",
    "situation=lost",
    "status__exact=nonsense",
    "account__id__exact=nonsense",
    "livemode__exact=perhaps",
    "created_at__gte=nonsense",
    "created_at__gte=0000-99-99",
    "nosuch=1",
    "account__name__startswith=a",
    "watched_percent__gt=99999999999999999999",
    "status__exact=a%00b",
    "q=%00",
    "all=",
    "e=1",
    "%FF%FE=%FF",
]


def test_an_address_that_makes_no_sense_gets_a_list_and_words(founder: Client, story: Story) -> None:
    for query in NONSENSE:
        answer = founder.get(f"{GIFTS}?{query}", follow=True)

        assert answer.status_code == 200, query
        assert answer.context["cl"] is not None, query
        if answer.redirect_chain:
            said = " ".join(str(message) for message in get_messages(answer.wsgi_request))
            assert "a filter that is not there" in said, query


@pytest.mark.parametrize(
    ("label", "action", "selected"),
    [
        *(
            (label, action, selected)
            for label, action in (("api.gift", "cancel"), ("api.job", "forget"), ("api.suppression", "lift"))
            for selected in ("nonsense", "a\x00b", "9" * 19, "9" * 40)
        ),
        ("accounts.apikey", "revoke", "a\x00b"),
        ("accounts.apikey", "revoke", "9" * 40),
    ],
)
def test_rows_that_cannot_be_are_told_in_words(
    label: str, action: str, selected: str, founder: Client, db: None
) -> None:
    for chosen in ({"_selected_action": selected}, {"_selected_action": "1", "select_across": "1", "upto": selected}):
        answer = founder.post(page_of(label), {"action": action, "index": "0", **chosen}, follow=True)
        assert answer.status_code == 200
        (told,) = get_messages(answer.wsgi_request)
        assert "not understood" in str(told)


def test_a_mistake_in_an_action_is_no_matter_of_the_rows(
    founder: Client, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is logged and counted as what it is."""

    def broken(*_: Any) -> None:
        raise ValueError("a mistake of ours")

    monkeypatch.setattr(admin.site._registry[Job], "actions", [broken])
    with pytest.raises(ValueError, match="a mistake of ours"):
        founder.post(page_of("api.job"), {"action": "broken", "index": "0", "_selected_action": dead_job(now).pk})
