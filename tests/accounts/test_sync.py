"""Record and table brought together: what narrows a key in either place holds in both, and nothing is revived."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts import key_store, keys, services, tasks
from accounts.authorizer import NEVER, KeyStoreAwayError, Refused, Verified, as_number, verify
from accounts.key_sync import sync
from accounts.models import Account, ApiKey
from api.exceptions import BackendError
from api.outbox.drain import drain
from api.outbox.models import Job
from tests.accounts.conftest import Table, unsaved_key
from tests.accounts.proxy import Proxy

HOUR = timedelta(hours=1)


def at(time: datetime) -> dict[str, str]:
    return {"N": as_number(time)}


@pytest.fixture
def issued(table: Table, account: Account, now: datetime) -> tuple[ApiKey, str]:
    return services.issue_api_key(account, name="Web page", livemode=True, created_by="ada", now=now)


def found(now: datetime, **options: Any) -> dict[str, int]:
    return {str(drift): count for drift, count in sync(now=now, **options).drift.items()}


def test_what_the_services_leave_behind_agrees(table: Table, account: Account, now: datetime) -> None:
    issued = [
        services.issue_api_key(
            account, name="x", livemode=True, created_by="ada", now=now, expires_at=now + HOUR if number == 4 else None
        )[0]
        for number in range(5)
    ]
    services.suspend_account(account, now=now)
    services.revoke_api_key(issued[0], revoked_by="ada", now=now)
    services.resume_account(account, now=now + HOUR / 2)
    services.rotate_api_key(issued[1], overlap=HOUR, created_by="ada", now=now + HOUR / 2)
    services.suspend_account(account, now=now + HOUR / 2)

    for later in (HOUR / 2, HOUR, 50 * HOUR):
        report = sync(now=now + later, is_dry_run=True)
        assert (report.checked, dict(report.drift)) == (6, {})


def resume_in_record(table: Table, key: ApiKey, now: datetime) -> None:
    table.set(key, suspended_at=at(now))
    Account.objects.update(resumed_at=now)


DRIFTS: dict[str, tuple[Callable[[Table, ApiKey, datetime], Any], str, str]] = {
    "the item is missing": (lambda table, key, _: table.delete(key), "not_in_table", "works"),
    "the item's limit is an old one": (
        lambda table, key, _: table.set(key, requests_per_minute={"N": "9"}), "outdated", "works",
    ),
    "the item's digest is another": (
        lambda table, key, _: table.set(key, digest={"S": "0" * 64}), "outdated", "works",
    ),
    "the item lacks its revocation": (lambda table, key, _: table.set(key, revoked_at=None), "broken", "works"),
    "the item lacks its expiry": (lambda table, key, _: table.set(key, expires_at=None), "broken", "works"),
    "revoked in the table": (
        lambda table, key, now: table.set(key, revoked_at=at(now)), "revoked_in_table", "revoked",
    ),
    "revoked in the record": (
        lambda _, key, now: ApiKey.objects.filter(pk=key.pk).update(revoked_at=now), "revoked_in_records", "revoked",
    ),
    "expires in the table": (
        lambda table, key, now: table.set(key, expires_at=at(now)), "expires_in_table", "expired",
    ),
    "expires in the record": (
        lambda _, key, now: ApiKey.objects.filter(pk=key.pk).update(expires_at=now), "expires_in_records", "expired",
    ),
    "suspended in the table": (
        lambda table, key, now: table.set(key, suspended_at=at(now)), "suspended_in_table", "suspended",
    ),
    "suspended in the record": (
        lambda *_: Account.objects.update(suspended_at=datetime.now(UTC)), "suspended_in_records", "suspended",
    ),
    "resumed in the record": (
        lambda table, key, now: resume_in_record(table, key, now), "resumed_in_records", "works",
    ),
}  # fmt: skip


@pytest.mark.parametrize("drift", DRIFTS)
def test_a_drift_is_reported_and_repaired_once(
    table: Table, issued: tuple[ApiKey, str], drift: str, now: datetime
) -> None:
    key, text = issued
    cause, name, outcome = DRIFTS[drift]
    cause(table, key, now)
    before = (table.items(), list(ApiKey.objects.values()), list(Account.objects.values()))

    seen = found(now, is_dry_run=True)
    assert name in seen
    assert (table.items(), list(ApiKey.objects.values()), list(Account.objects.values())) == before
    assert found(now) == seen
    assert found(now) == {}

    verdict = verify(text, now=now)
    assert (verdict.reason if isinstance(verdict, Refused) else "works") == outcome
    record = ApiKey.objects.select_related("account").get()
    states = {
        "works": (None, None, False),
        "revoked": (now, None, False),
        "expired": (None, now, False),
        "suspended": (None, None, True),
    }
    assert (record.revoked_at, record.expires_at, record.account.suspended_at is not None) == states[outcome]


def test_a_revocation_that_only_the_table_knew_is_signed_by_the_sync(
    table: Table, issued: tuple[ApiKey, str], now: datetime
) -> None:
    table.set(issued[0], revoked_at=at(now - HOUR))

    sync(now=now)

    record = ApiKey.objects.get()
    assert (record.revoked_at, record.revoked_by) == (now - HOUR, "sync")


@pytest.mark.parametrize("broken", [{"S": "yesterday"}, {"BOOL": True}, {"M": {}}, {"N": "1766620800000000"}])
@pytest.mark.parametrize("attribute", key_store.NARROWING)
def test_what_somebody_wrote_by_hand_to_end_a_key_ends_it(
    table: Table, issued: tuple[ApiKey, str], account: Account, attribute: str, broken: dict[str, Any], now: datetime
) -> None:
    key, text = issued
    table.set(key, **{attribute: broken})

    sync(now=now)
    sync(now=now)

    assert found(now) == {}
    assert isinstance(verify(text, now=now), Refused)
    if attribute == "suspended_at":
        services.resume_account(account, now=now + HOUR)
        assert isinstance(verify(text, now=now), Verified)


def test_an_account_suspended_at_one_key_is_suspended_at_all(
    table: Table, issued: tuple[ApiKey, str], account: Account, now: datetime
) -> None:
    others = [services.issue_api_key(account, name="x", livemode=True, created_by="ada", now=now)[1] for _ in range(3)]
    table.set(issued[0], suspended_at=at(now))

    sync(now=now)

    assert {verify(text, now=now) for text in [issued[1], *others]} == {Refused("suspended")}
    account.refresh_from_db()
    assert account.suspended_at == now


def test_an_item_without_a_record_is_revoked_and_may_vanish(
    table: Table, issued: tuple[ApiKey, str], now: datetime
) -> None:
    stranger, text = unsaved_key(now)
    table.put(key_store.item_of(stranger))
    assert isinstance(verify(text, now=now), Verified)

    assert found(now) == {"not_in_records": 1}

    assert verify(text, now=now) == Refused("revoked")
    item = table.item(stranger)
    assert item is not None
    assert item["ttl"] == {"N": str(int((now + timedelta(days=30)).timestamp()))}
    assert found(now) == {}


def test_the_record_of_a_key_that_has_ended_makes_no_item(
    table: Table, issued: tuple[ApiKey, str], account: Account, now: datetime
) -> None:
    key, text = issued
    services.revoke_api_key(key, revoked_by="ada", now=now)
    expired, _ = services.issue_api_key(
        account, name="x", livemode=True, created_by="ada", now=now, expires_at=now + HOUR
    )
    for ended in (key, expired):
        table.delete(ended)

    assert found(now + HOUR) == {}
    assert (table.items(), verify(text, now=now)) == ({}, Refused("unknown"))


def test_only_what_the_record_knows_too_lets_an_item_vanish(
    table: Table, issued: tuple[ApiKey, str], now: datetime
) -> None:
    """Else the record would be projected anew once the item is gone."""
    key_store.revoke(issued[0], at=now)
    item = table.item(issued[0])
    assert item is not None
    assert item["ttl"] == NEVER

    sync(now=now)
    item = table.item(issued[0])
    assert item is not None
    assert item["ttl"] != NEVER


def test_no_mixture_of_drifts_revives_a_key(table: Table, db: None, now: datetime) -> None:
    chance = random.Random(41)  # noqa: S311
    # Not those that touch every account, nor those that take away what another one wrote.
    mixable = [one for one in DRIFTS.values() if one[1] not in ("resumed_in_records", "suspended_in_records", "broken")]
    dead: list[str] = []
    alive: list[str] = []
    for number in range(40):
        account = services.create_account(name=f"Shop {number}", email="shop@confetti.example")
        key, text = services.issue_api_key(account, name="x", livemode=True, created_by="ada", now=now)
        chosen = chance.sample(mixable, chance.randint(1, 3))
        for cause, _name, _outcome in sorted(chosen, key=lambda one: one[1] != "not_in_table"):
            cause(table, key, now)
        (alive if all(outcome == "works" for *_, outcome in chosen) else dead).append(text)

    for _ in range(2):
        sync(now=now)

    assert found(now) == {}
    assert [text for text in dead if isinstance(verify(text, now=now), Verified)] == []
    assert [text for text in alive if not isinstance(verify(text, now=now), Verified)] == []
    assert min(len(dead), len(alive)) > 5


def test_a_table_of_many_pages_is_read_to_its_end(
    table: Table, proxy: Proxy, account: Account, now: datetime, django_assert_max_num_queries: Any
) -> None:
    """Items are made large: a page of DynamoDB's is a megabyte."""
    account.origins = [f"https://{number:0180}.example" for number in range(150)]
    account.save()
    records = [unsaved_key(now, account=account)[0] for _ in range(120)]
    ApiKey.objects.bulk_create(records)
    with django_assert_max_num_queries(5):
        assert found(now) == {"not_in_table": 120}
    proxy.calls.clear()

    with django_assert_max_num_queries(10):
        report = sync(now=now)

    assert (report.checked, dict(report.drift)) == (120, {})
    assert {action for action, _ in proxy.calls} == {"Scan"}
    assert len(proxy.calls) > 2


def test_a_sync_cut_off_by_the_tables_absence_says_so(
    table: Table, issued: tuple[ApiKey, str], away: Proxy, now: datetime
) -> None:
    with pytest.raises(BackendError):
        sync(now=now)
    with pytest.raises(KeyStoreAwayError):
        verify(keys.generate(livemode=True), now=now)


@pytest.mark.parametrize(("hour", "jobs"), [(2, 0), (3, 1), (4, 0)])
def test_the_sync_is_a_job_a_day(table: Table, issued: tuple[ApiKey, str], hour: int, jobs: int, now: datetime) -> None:
    day = now.replace(hour=hour, minute=59)
    table.delete(issued[0])

    for minutes in (0, 0.2, 0.5):
        tasks.schedule_sync(day + timedelta(minutes=minutes))
    assert Job.objects.filter(kind="keys.sync").count() == jobs
    drain(clock=lambda: day, until=day + timedelta(seconds=60))

    assert isinstance(verify(issued[1], now=now), Verified) == bool(jobs)
    tasks.schedule_sync(day + 24 * HOUR)
    assert Job.objects.filter(kind="keys.sync").count() == 2 * jobs
