"""Lists of any length: pages by keys, days by keys, filters under names; words where an address makes no sense."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib import admin
from django.contrib.admin.utils import get_fields_from_path
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.db import connection
from django.db.models import Model
from django.http import HttpRequest, QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from uuid6 import uuid7

import giftflick.admin_urls  # noqa: F401 - finds the pages
from accounts.models import Account, User
from accounts.services import create_account
from api.audit.services import record
from api.console.models import QueryRun
from api.gifts.models import Gift
from api.outbox.models import Job
from api.saved_filters.models import SavedFilter
from api.suppressions.services import suppress_address
from api.suppressions.states import SuppressionReason
from api.templates.models import Template
from api.time_keys import key_at, moment_of
from giftflick import admin_lists
from giftflick.admin_days import Span
from tests import build
from tests.admin.conftest import Story, dead_job, tried_webhook
from tests.admin.signing import signed_in

GIFTS = "/admin/api/gift/"
MOST_QUERIES = 10
ASKED = SuppressionReason.ASKED

# What a page of each list costs, whatever its length: session, user, second factor, rows, days or years, saved filters.
QUERIES = {
    "accounts.account": 5,
    "accounts.apikey": 5,
    "accounts.user": 8,
    "api.auditentry": 8,
    "api.gift": 7,
    "api.job": 6,
    "api.mailevent": 5,
    "api.message": 7,
    "api.queryrun": 7,
    "api.render": 7,
    "api.rendercallback": 5,
    "api.suppression": 7,
    "api.template": 6,
    "api.upload": 8,
    "api.webhookdelivery": 7,
    "api.webhookendpoint": 5,
}
MODELS = sorted(model._meta.label_lower for model in admin.site._registry)


def page_of(label: str) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_changelist")


def shown(client: Client, path: str, **query: str) -> list[Any]:
    answer = client.get(path, query)
    assert answer.status_code == 200, (path, query)
    return [row.pk for row in answer.context["cl"].result_list]


def drafts(account: Account, now: datetime, count: int) -> list[UUID]:
    """Newest first."""
    return [build.draft(account, now).pk for _ in range(count)][::-1]


def small_pages(monkeypatch: pytest.MonkeyPatch, model: type[Model] = Gift, size: int = 3) -> None:
    monkeypatch.setattr(admin.site._registry[model], "list_per_page", size)


@pytest.mark.parametrize("label", MODELS)
def test_a_page_costs_the_same_with_one_row_and_with_three(
    label: str, founder: Client, story: Story, account: Account, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On one page, as a page that is not alone counts besides."""
    for page in admin.site._registry.values():
        monkeypatch.setattr(page, "list_per_page", 500)
    path = page_of(label)
    founder.get(path)
    with CaptureQueriesContext(
        connection,
    ) as few:
        rows = len(founder.get(path).context["cl"].result_list)
    more_of_everything(account, now)
    with CaptureQueriesContext(connection) as many:
        assert len(founder.get(path).context["cl"].result_list) >= rows + 2, label

    assert (len(few), len(many)) == (QUERIES[label], QUERIES[label]), [query["sql"] for query in many]
    assert len(many) <= MOST_QUERIES


def more_of_everything(account: Account, now: datetime) -> None:
    from accounts.services import issue_api_key
    from api.delivery.models import MailEvent
    from api.rendering.services import record_callback

    for number in range(3):
        another = create_account(name=f"Shop {number}", email="shop@example.com")
        issue_api_key(another, name="key", livemode=True, created_by="ada", now=now)
        User.objects.create_user(f"user{number}", is_staff=True)
        suppress_address(f"ben{number}@example.com", reason=ASKED, actor="staff:ada", now=now)
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


def shown_at(client: Client, address: str) -> list[Any]:
    return [row.pk for row in client.get(GIFTS + address).context["cl"].result_list]


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


@pytest.mark.parametrize("query", NONSENSE)
def test_an_address_that_makes_no_sense_gets_a_list_and_words(query: str, founder: Client, story: Story) -> None:
    answer = founder.get(f"{GIFTS}?{query}", follow=True)

    assert answer.status_code == 200
    assert answer.context["cl"] is not None
    if answer.redirect_chain:
        assert "a filter that is not there" in " ".join(str(message) for message in get_messages(answer.wsgi_request))


@pytest.mark.parametrize("selected", ["nonsense", "a\x00b", "9" * 40])
def test_rows_that_cannot_be_are_told_in_words(selected: str, founder: Client, story: Story) -> None:
    for path in [GIFTS, page_of("api.job")]:
        action = "cancel" if path == GIFTS else "forget"
        answer = founder.post(path, {"action": action, "_selected_action": selected, "index": "0"}, follow=True)
        assert answer.status_code == 200
        assert len(list(get_messages(answer.wsgi_request))) == 1


def test_keys_tell_their_time(now: datetime) -> None:
    moment = datetime(2026, 11, 23, 12, 0, 0, 500_000, tzinfo=UTC)
    assert moment_of(key_at(moment)) == moment
    before = datetime.now(UTC)
    assert key_at(before) <= uuid7() < key_at(before + timedelta(minutes=1))


def made(account: Account, *moments: datetime) -> None:
    """Gifts whose keys were made then."""
    for moment in moments:
        gift = build.draft(account, moment)
        gift.events.all().delete()
        Gift.objects.filter(pk=gift.pk).update(id=UUID(int=key_at(moment).int | (0x7 << 76) | gift.pk.int & 0xFFFF))


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


@pytest.fixture
def situations(account: Account, template: Template, now: datetime) -> dict[str, UUID]:
    """One gift in each situation, and one beside it that is not."""
    bounced = build.bounce(build.sent(account, now), now)
    corrected = build.bounce(build.sent(account, now), now)
    Gift.objects.filter(pk=corrected.pk).update(recipient_email="right@example.com")
    failed = build.failed(account, now)
    long_failed = build.failed(account, now)
    Gift.objects.filter(pk=long_failed.pk).update(updated_at=now - timedelta(days=2))
    unpaid = build.ready(account, now)
    soon = build.scheduled(account, now, deliver_at=(now + timedelta(days=6)).isoformat())
    build.scheduled(account, now, deliver_at=(now + timedelta(days=8)).isoformat())
    build.sent(account, now)
    made(account, now - timedelta(days=20))
    unwatched = Gift.objects.earliest("pk")
    film = soon.film
    Gift.objects.filter(pk=unwatched.pk).update(status="sent", sent_at=now - timedelta(days=15), film=film)
    return {
        "bounced_uncorrected": bounced.pk,
        "failed_today": failed.pk,
        "unpaid": unpaid.pk,
        "scheduled_this_week": soon.pk,
        "unwatched": unwatched.pk,
    }


def test_the_filters_that_come_ready_find_what_they_say(founder: Client, situations: dict[str, UUID]) -> None:
    chips = founder.get(GIFTS).context["cl"].chips
    assert [chip.name for chip in chips] == [
        "Bounced, not corrected",
        "Failed today",
        "Waiting for payment",
        "Scheduled this week",
        "Sent, not watched after 14 days",
    ]

    for chip, (situation, gift) in zip(chips, situations.items(), strict=True):
        assert chip.address == f"?situation={situation}"
        assert shown_at(founder, chip.address) == [gift], situation


@pytest.fixture
def unfiltered(story: Story) -> None:
    """The story, and no filter saved yet."""
    SavedFilter.objects.all().delete()


def save(client: Client, query: str, *, name: str = "Mine", **more: str) -> Any:
    return client.post(f"/admin/saved-filters/add/?list=api.gift&{query}", {"name": name, **more})


def chips(client: Client, query: str = "") -> list[tuple[str, bool]]:
    return [(chip.name, chip.is_on) for chip in client.get(f"{GIFTS}?{query}").context["cl"].chips if chip.pk]


def test_filters_and_order_are_saved_without_what_was_searched_for(founder: Client, unfiltered: None) -> None:
    page = founder.get(f"{GIFTS}?status__exact=failed&o=1&q=ben@example.com&p=last").context["cl"]
    assert page.saving_query == "list=api.gift&o=1&status__exact=failed"

    answer = save(founder, "status__exact=failed&o=1&q=ben@example.com&p=last")

    assert answer["Location"] == f"{GIFTS}?o=1&status__exact=failed"
    assert "ben" not in str(vars(SavedFilter.objects.get()))
    assert chips(founder) == [("Mine", False)]
    assert chips(founder, "o=1&status__exact=failed") == [("Mine", True)]


def test_a_filter_is_seen_by_the_team_if_it_is_shared(founder: Client, unfiltered: None) -> None:
    other = signed_in(User.objects.create_superuser("grace"))
    save(founder, "status__exact=failed", name="Mine")
    save(founder, "status__exact=sent", name="Ours", is_shared="on")

    assert chips(founder) == [("Mine", False), ("Ours", False)]
    assert chips(other) == [("Ours", False)]


def test_saving_under_the_same_name_replaces(founder: Client, unfiltered: None) -> None:
    save(founder, "status__exact=failed")
    save(founder, "status__exact=sent")

    assert SavedFilter.objects.get().query == "status__exact=sent"


def test_a_filter_that_is_not_there_is_not_saved(founder: Client, unfiltered: None) -> None:
    assert save(founder, "nosuch=7")["Location"] == f"{GIFTS}?e=1"
    assert not SavedFilter.objects.exists()


@pytest.mark.parametrize(
    ("query", "name"),
    [("status__exact=failed", ""), ("status__exact=failed", "x" * 61), ("q=ben", "Mine"), ("", "Mine")],
)
def test_what_cannot_be_saved_is_told_in_words(query: str, name: str, founder: Client, unfiltered: None) -> None:
    answer = save(founder, query, name=name)

    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert not SavedFilter.objects.exists()


def test_nothing_is_saved_for_a_list_that_is_not_there_or_not_to_be_seen(founder: Client, unfiltered: None) -> None:
    nobody = signed_in(User.objects.create_user("temp", is_staff=True))

    assert nobody.post("/admin/saved-filters/add/?list=api.gift&status__exact=sent", {"name": "x"}).status_code == 403
    for label in ["nosuch.model", "x", "auth.permission", ""]:
        answer = founder.post(f"/admin/saved-filters/add/?list={label}&status__exact=sent", {"name": "x"})
        assert answer.status_code == 404, label


def test_ones_own_filter_is_deleted_and_a_founder_deletes_any(unfiltered: None) -> None:
    viewers = []
    for name in ("ada", "grace"):
        viewer = User.objects.create_user(name, is_staff=True)
        viewer.user_permissions.add(*Permission.objects.filter(codename__startswith="view_"))
        viewers.append(signed_in(viewer))
    ada, grace = viewers
    founder = signed_in(User.objects.create_superuser("zoe"))
    save(ada, "status__exact=failed", name="Private")
    save(ada, "status__exact=sent", name="Shared", is_shared="on")
    private, shared = SavedFilter.objects.order_by("pk")

    assert grace.post(f"/admin/saved-filters/{private.pk}/delete/").status_code == 404
    assert grace.post(f"/admin/saved-filters/{shared.pk}/delete/").status_code == 403
    assert "Delete" in ada.get(f"/admin/saved-filters/{private.pk}/delete/").content.decode()
    assert SavedFilter.objects.count() == 2
    assert ada.post(f"/admin/saved-filters/{private.pk}/delete/")["Location"] == GIFTS
    assert founder.post(f"/admin/saved-filters/{shared.pk}/delete/")["Location"] == GIFTS
    assert not SavedFilter.objects.exists()


def test_a_filter_from_before_that_no_list_knows_any_more_shows_the_list(founder: Client, unfiltered: None) -> None:
    user = User.objects.get(username="ada")
    SavedFilter.objects.create(
        list="api.gift", name="Old", query="gone__exact=1", owner=user, created_at=datetime.now(UTC)
    )

    assert chips(founder) == [("Old", False)]
    assert founder.get(f"{GIFTS}?gone__exact=1", follow=True).status_code == 200


def big_lists() -> Iterator[Any]:
    return (page for page in admin.site._registry.values() if not getattr(page, "is_short_list", False))


def test_no_filter_of_a_long_list_reads_its_table_for_what_it_could_offer() -> None:
    for page in big_lists():
        for spec in page.list_filter:
            if isinstance(spec, str):
                field = get_fields_from_path(page.model, spec)[-1]
                assert field.get_internal_type() == "BooleanField", (page, spec)


def test_jobs_are_filtered_by_the_kinds_that_there_are(founder: Client, now: datetime) -> None:
    job = dead_job(now)
    assert Job.objects.count() == 1

    assert shown(founder, page_of("api.job"), kind="mail.send") == [job.pk]
    assert shown(founder, page_of("api.job"), kind="keys.sync") == []


def test_a_shop_is_searched_as_one_types_and_not_listed(founder: Client, story: Story, other_account: Account) -> None:
    text = founder.get(GIFTS).content.decode()
    assert "admin-autocomplete" in text
    assert other_account.name not in text

    found = founder.get(
        "/admin/autocomplete/", {"app_label": "api", "model_name": "gift", "field_name": "account", "term": "Other"}
    )
    assert [row["text"] for row in found.json()["results"]] == ["Other Shop"]
    assert shown(founder, GIFTS, account__id__exact=str(other_account.pk)) == []
