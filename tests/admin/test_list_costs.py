"""What a page of each list costs: the same with few rows and with many, on any page, with a filter, with a search."""

from collections.abc import Callable
from datetime import datetime
from uuid import uuid4

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

import giftflick.admin_urls  # noqa: F401 - finds the pages
from accounts.models import Account, User
from accounts.services import create_account, issue_api_key
from api.audit.services import record
from api.console.models import QueryRun
from api.delivery.models import MailEvent
from api.gifts.states import GiftStatus
from api.rendering.services import record_callback
from api.sheets.exported import KINDS
from api.sheets.services import order_export
from api.sheets.states import SheetFormat
from api.suppressions.services import suppress_address
from api.suppressions.states import SuppressionReason
from api.templates.models import Template
from tests import build
from tests.admin.conftest import Story, dead_job, tried_webhook
from tests.admin.desk import EVE, start_bulk, take_in
from tests.admin.lists import page_of
from tests.sheets.files import SHOPS

MOST = 10

# What each list costs: session, user, second factor, rows, days or years, saved filters. In turn: all its rows on one
# page; the second page of several, which counts them besides, filtered or not; and a search, which asks once for each
# thing that its words could be.
COSTS = {
    "accounts.account": (5, 7, 6),
    "accounts.apikey": (5, 6, 6),
    "accounts.user": (8, 10, 6),
    "api.auditentry": (8, 9, 14),
    "api.gift": (7, 8, 11),
    "api.job": (6, 7, 5),
    "api.mailevent": (5, 6, 5),
    "api.message": (7, 8, 7),
    "api.queryrun": (7, 8, 7),
    "api.render": (7, 8, 7),
    "api.rendercallback": (5, 6, 4),
    "api.suppression": (7, 8, 7),
    "api.template": (6, 8, 6),
    "api.upload": (8, 9, 7),
    "api.webhookdelivery": (7, 8, 6),
    "api.webhookendpoint": (5, 6, 6),
}

# The filter that each is tried with; all find several pages of the story, and some join another table.
FILTERS = {
    "accounts.account": "suspended_at__isempty=1",
    "accounts.apikey": "livemode__exact=1",
    "accounts.user": "is_active__exact=1",
    "api.auditentry": "door=system",
    "api.gift": "livemode__exact=1",
    "api.job": "state__exact=dead",
    "api.mailevent": "type__exact=opened",
    "api.message": "livemode__exact=1",
    "api.queryrun": "with_pii__exact=0",
    "api.render": "gift__livemode__exact=1",
    "api.rendercallback": "",
    "api.suppression": "reason__exact=asked",
    "api.template": "status__exact=draft",
    "api.upload": "livemode__exact=1",
    "api.webhookdelivery": "status__exact=pending",
    "api.webhookendpoint": "livemode__exact=1",
}
SMALL, LARGE = 2, 500  # pages
DESK = {"batches": 4, "imports": 4, "exports": 4}  # lists that are no model's


@pytest.fixture
def page_size(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    def set_all(size: int) -> None:
        for page in admin.site._registry.values():
            monkeypatch.setattr(page, "list_per_page", size)

    return set_all


def rows_and_cost(client: Client, path: str) -> tuple[int, int]:
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(path)
    return len(answer.context["cl"].result_list), len(queries)


def second_page(client: Client, path: str, query: str) -> str:
    later = client.get(f"{path}?{query}").context["cl"].paginator.ways["later"]
    assert later is not None, (path, query)
    return f"{path}{later}"


def test_a_list_costs_the_same_with_few_rows_and_with_many_and_never_much(
    founder: Client, story: Story, account: Account, now: datetime, page_size: Callable[[int], None]
) -> None:
    page_size(LARGE)
    founder.get("/admin/")
    few = {label: rows_and_cost(founder, page_of(label)) for label in FILTERS}
    more_of_everything(account, now)
    many = {label: rows_and_cost(founder, page_of(label)) for label in FILTERS}
    page_size(SMALL)
    costs = {}
    for label, query in FILTERS.items():
        path = page_of(label)
        ways = [second_page(founder, path, ""), second_page(founder, path, query), f"{path}?q=Confetti"]
        second, filtered, searched = (rows_and_cost(founder, way)[1] for way in ways)
        assert filtered == second, label
        costs[label] = (many[label][1], second, searched)

    assert [label for label in FILTERS if many[label][0] < few[label][0] + 2] == []
    assert {label: cost for label, (_, cost) in few.items()} == {label: cost for label, (_, cost) in many.items()}
    assert costs == COSTS
    assert max(max(page, second) for page, second, _ in costs.values()) <= MOST


def test_what_lies_on_the_desk_costs_the_same_however_much_it_is(founder: Client, story: Story, now: datetime) -> None:
    def lines_and_cost(name: str) -> tuple[int, int]:
        with CaptureQueriesContext(connection) as queries:
            answer = founder.get(reverse(f"admin:{name}"))
        return answer.content.count(b"<tr"), len(queries)

    few = {name: lines_and_cost(name) for name in DESK}
    for number in range(2):
        start_bulk(story[GiftStatus.FAILED], now)
        take_in("accounts", [SHOPS, [f"Shop {number}", "new@shop.example"]], now)
        order_export(KINDS["gifts"], SheetFormat.CSV, {}, has_personal_data=False, actor=EVE, now=now)
    many = {name: lines_and_cost(name) for name in DESK}

    assert [name for name in DESK if many[name][0] < few[name][0] + 2] == []
    assert {name: (few[name][1], many[name][1]) for name in DESK} == {name: (cost, cost) for name, cost in DESK.items()}


def test_each_list_is_tried(db: None) -> None:
    assert {model._meta.label_lower for model in admin.site._registry} == set(FILTERS)


def more_of_everything(account: Account, now: datetime) -> None:
    for number in range(3):
        another = create_account(name=f"Shop {number}", email="shop@example.com")
        issue_api_key(another, name="key", livemode=True, created_by="ada", now=now)
        User.objects.create_user(f"user{number}", is_staff=True)
        suppress_address(f"ben{number}@example.com", reason=SuppressionReason.ASKED, actor="staff:ada", now=now)
        gift = build.watched(account, now)
        build.ready_upload(another, now)
        record_callback(build.awaited(gift), {"type": "edit"}, now=now)
        MailEvent.objects.create(
            sg_event_id=uuid4().hex, message=gift.messages.first(), type="opened", at=now, received_at=now, raw={}
        )
        tried_webhook(another, now)
        dead_job(now)
        record("gift.canceled", actor="staff:ada", subject=gift, account_id=another.pk, now=now)
        suppress_address(f"ben{number}@example.com", reason=SuppressionReason.ASKED, actor="staff:ada", now=now)
        QueryRun.objects.create(actor="staff:ada", statement="SELECT 1", with_pii=False, started_at=now)
        Template.objects.create(slug=f"template-{number}", name="T", occasion="birthday", status="draft", duration_s=9)
