"""The log as founders read it: found by an index, told in words, edited by nobody."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from accounts.models import Account, ApiKey, User
from api.audit.doors import acting
from api.audit.models import AuditEntry
from api.audit.selectors import find_entries, written_between
from api.audit.services import record
from api.audit.states import Door
from api.campaigns.models import Campaign
from api.console.models import QueryRun, SavedQuery
from api.gifts import services
from api.gifts.models import Gift
from api.sheets.models import Export, Sheet
from tests import build
from tests.admin.signing import signed_in

LOG = "/admin/api/auditentry/"


@pytest.fixture
def canceled(account: Account, now: datetime) -> Gift:
    gift = build.draft(account, now)
    with acting(why="<b>asked by phone</b>"):
        services.cancel_gift(gift.pk, actor="staff:ada", now=now)
    return gift


def found(client: Client, **query: str) -> list[str]:
    answer = client.get(LOG, query)
    assert answer.status_code == 200
    return [entry.action for entry in answer.context["cl"].result_list]


def test_a_line_says_who_what_from_to_why_through_which_door(founder: Client, canceled: Gift) -> None:
    text = founder.get(LOG, {"action": "gift.canceled"}).content.decode()

    for words in (
        ">ada<",
        "gift canceled</span>",
        "status: draft → canceled, and ",
        "&lt;b&gt;asked by phone&lt;/b&gt;",
    ):
        assert words in text
    assert f'href="/admin/api/gift/{canceled.pk}/change/"' in text
    assert "<b>asked" not in text


def test_its_page_has_each_field_before_and_after(founder: Client, canceled: Gift) -> None:
    entry = AuditEntry.objects.get(action="gift.canceled")

    text = founder.get(f"{LOG}{entry.pk}/change/").content.decode()

    assert '<th scope="row">status</th><td><del>draft</del></td><td><ins>canceled</ins></td>' in text
    assert "Confetti Shop" in text


def test_search_finds_by_each_of_its_keys(founder: Client, canceled: Gift, account: Account) -> None:
    record("gift.resent", now=canceled.created_at, actor="api_key:AbCdEf123456", subject=canceled)
    AuditEntry.objects.create(
        at=canceled.created_at, door="api", actor="api_key:x", action="job.revived", request_id="cart 91"
    )

    assert found(founder, q=str(canceled.pk)) == ["gift.resent", "gift.canceled", "gift.created"]
    assert found(founder, q="ada") == found(founder, q="staff:ada") == ["gift.canceled"]
    assert found(founder, q="gift.canceled") == ["gift.canceled"]
    assert found(founder, q="AbCdEf123456") == ["gift.resent"]
    assert found(founder, q="cart 91") == ["job.revived"]
    assert found(founder, q=str(account.pk)) == found(founder, q="Confetti Shop")
    assert set(found(founder, q="Confetti Shop")) == {"gift.canceled", "gift.created", "account.created"}
    for nothing in (str(uuid4()), "' OR 1=1 --", "%", "ü" * 500, "9999-12-31", "0001-01-01"):
        assert found(founder, q=nothing) == []


@pytest.mark.usefixtures("standing_clock")
def test_filters_by_door_action_and_day(founder: Client, canceled: Gift, now: datetime) -> None:
    assert found(founder, door="admin") == ["gift.canceled"]
    assert found(founder, door="vendor") == []
    assert found(founder, action="gift.created") == ["gift.created"]
    for day in (f"{now:%Y}", f"{now:%Y-%m}", f"{now:%Y-%m-%d}"):
        assert "gift.canceled" in found(founder, day=day)
    yesterday = f"{now - timedelta(days=1):%Y-%m-%d}"
    assert found(founder, day=yesterday) == found(founder, q=yesterday) == []
    assert founder.get(LOG, {"day": "soon"}).status_code == 302


def test_a_list_costs_the_same_whatever_its_length(
    founder: Client, canceled: Gift, now: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    founder.get(LOG)
    with django_assert_num_queries(8):
        founder.get(LOG)
    for _ in range(5):
        record("gift.resent", now=now, subject=canceled, account_id=canceled.account_id)
    with django_assert_num_queries(8):
        founder.get(LOG)


@pytest.mark.parametrize("query", [{}, {"door": "import"}, {"action": "gift.canceled"}, {"q": "ada"}, {"day": "2020"}])
def test_no_list_reads_or_counts_the_whole_table(query: dict[str, str], founder: Client, now: datetime) -> None:
    with acting(door=Door.IMPORT, actor="staff:ada"):
        for _ in range(60):
            record("gift.canceled", now=now)
    with CaptureQueriesContext(connection) as captured:
        founder.get(LOG, query)

    reads = [one["sql"] for one in captured if "api_auditentry" in one["sql"]]
    assert reads
    assert [sql for sql in reads if "LIMIT" not in sql and "WHERE EXISTS (" not in sql] == []


def test_each_way_in_uses_its_index(account: Account, canceled: Gift, now: datetime) -> None:
    for number in range(1500):
        AuditEntry.objects.create(
            at=now, door="system", actor=f"api_key:{number}", action=f"a.{number % 500}", object_id=number
        )
    everything = AuditEntry.objects.order_by("-id")
    day = written_between(everything, now - timedelta(days=1), now)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE api_auditentry")
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")
        plans = {
            "audit_of_object": find_entries(everything, str(canceled.pk)),
            "audit_of_actor": find_entries(everything, "ada"),
            "audit_of_action": find_entries(everything, "gift.canceled"),
            "audit_of_account": find_entries(everything, str(account.pk)),
            "audit_of_door": everything.filter(door="admin"),
            "api_auditentry_pkey": day,
        }
        assert {name: f"using {name} " in entries[:50].explain() for name, entries in plans.items()} == dict.fromkeys(
            plans, True
        )


def test_the_actions_that_there_are_can_be_chosen(founder: Client, canceled: Gift, now: datetime) -> None:
    for _ in range(50):
        record("gift.resent", now=now)

    [offered] = [spec.lookup_choices for spec in founder.get(LOG).context["cl"].filter_specs if spec.title == "action"]
    assert [value for value, _ in offered] == ["account.created", "gift.canceled", "gift.created", "gift.resent"]


def test_nobody_adds_edits_or_removes_an_entry(founder: Client, canceled: Gift) -> None:
    entry = AuditEntry.objects.get(action="gift.canceled")
    before = list(AuditEntry.objects.order_by("pk").values())

    forged = {"actor": "staff:zoe", "why": "never", "action": "gift.resent", "door": "system", "changes": "{}"}
    assert founder.post(f"{LOG}{entry.pk}/change/", forged).status_code == 403
    assert founder.get(f"{LOG}add/").status_code == 403
    assert founder.post(f"{LOG}add/", forged).status_code == 403
    assert founder.post(f"{LOG}{entry.pk}/delete/", {"post": "yes"}).status_code == 403
    founder.post(LOG, {"action": "delete_selected", "_selected_action": str(entry.pk), "post": "yes"})
    founder.post(LOG, {"_save": "Save", "form-TOTAL_FORMS": "1", "form-0-id": str(entry.pk), "form-0-why": "x"})

    now_there = AuditEntry.objects.exclude(action="access.refused")
    assert list(now_there.order_by("pk").values()) == before


def test_who_may_not_read_the_log_reads_no_history_either(canceled: Gift) -> None:
    viewer = User.objects.create_user("reader", is_staff=True)
    viewer.user_permissions.add(*Permission.objects.filter(codename__in=["view_gift", "view_account"]))
    client = signed_in(viewer)
    gift, shop = f"/admin/api/gift/{canceled.pk}", f"/admin/accounts/account/{canceled.account_id}"

    page = client.get(f"{shop}/change/")

    assert page.status_code == 200
    assert "/history/" not in page.content.decode()
    assert [client.get(path).status_code for path in (LOG, f"{gift}/history/")] == [403, 403]

    viewer.user_permissions.add(Permission.objects.get(codename="view_auditentry"))
    client = signed_in(User.objects.get(pk=viewer.pk))
    assert "/history/" in client.get(f"{shop}/change/").content.decode()
    history = client.get(f"{gift}/history/").content.decode()
    assert "Gift canceled</a> by ada" in history
    assert "&lt;b&gt;asked by phone&lt;/b&gt;" in history


@pytest.mark.parametrize(
    ("group", "seen"),
    [
        ("Founder", {"gift", "campaign", "user", "apikey", "savedquery", "queryrun", "export", "sheet", ""}),
        ("Developer", {"gift", "campaign", "apikey", "savedquery", "queryrun", ""}),
        ("Support", {"gift", "campaign", ""}),
    ],
)
def test_entries_about_what_somebody_may_not_see_are_not_theirs_to_read(
    group: str, seen: set[str], canceled: Gift, now: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    things = (Campaign(), User(pk=7), ApiKey(pk="AbCdEf123456"), SavedQuery(), QueryRun(), Export(), Sheet(), None)
    for subject in things:
        record("thing.changed", now=now, actor="staff:ada", subject=subject, changes={"name": ["a", "b"]})
    reader = User.objects.create_user("reader", is_staff=True)
    reader.groups.add(Group.objects.get(name=group))
    client = signed_in(reader)
    client.get(LOG)

    with django_assert_num_queries(10):
        listed = client.get(LOG).context["cl"].result_list

    assert {entry.object_type for entry in listed} - {"account"} == seen
    for entry in AuditEntry.objects.filter(action="thing.changed"):
        status = client.get(f"{LOG}{entry.pk}/change/").status_code
        assert status == (200 if entry.object_type in seen else 302), entry.object_type


def test_a_row_without_a_history_says_so(founder: Client, db: None) -> None:
    user = User.objects.create_user("zoe")

    assert "Nothing was changed here yet" in founder.get(f"/admin/accounts/user/{user.pk}/history/").content.decode()
    assert founder.get("/admin/accounts/user/999999/history/").status_code == 302


@pytest.mark.parametrize("door", Door)
def test_every_door_is_told_in_words(door: Door, founder: Client, now: datetime) -> None:
    with acting(door=door, actor="system"):
        entry = record("gift.canceled", now=now, changes={"gone": [], "nothing": [None, ""], "on": [False, True]})

    text: Any = founder.get(f"{LOG}{entry.pk}/change/").content.decode()

    assert "<del>(not told)</del>" in text
    assert "<del>no</del></td><td><ins>yes</ins>" in text
