"""Issuing, rotating and revoking keys, suspending and resuming accounts: what record and table say afterwards."""

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connections, transaction
from django.db.utils import OperationalError

from accounts import services
from accounts.authorizer import Refused, Verified, verify
from accounts.models import Account, ApiKey, Scope
from accounts.selectors import keys_in, state_of
from accounts.states import KeyState
from api import tick  # noqa: F401 - importing it registers every kind of job
from api.exceptions import InvalidStateError, UnavailableError
from api.outbox.drain import drain
from tests.accounts.conftest import Table
from tests.accounts.proxy import Proxy

HOUR = timedelta(hours=1)


def issue(account: Account, now: datetime, **changes: Any) -> tuple[ApiKey, str]:
    fields = {"name": "Web page", "livemode": True, "created_by": "ada", "now": now}
    return services.issue_api_key(account, **{**fields, **changes})


def works(text: str, now: datetime) -> bool:
    return isinstance(verify(text, now=now), Verified)


def test_an_issued_key_works_at_once_and_only_its_digest_is_kept(table: Table, account: Account, now: datetime) -> None:
    key, text = issue(account, now, scopes=[Scope.GIFTS_READ], expires_at=now + HOUR)

    verdict = verify(text, now=now)
    assert isinstance(verdict, Verified)
    assert (verdict.context["key_id"], verdict.context["scopes"]) == (key.pk, "gifts:read")
    assert (key.created_by, key.created_at, key.expires_at) == ("ada", now, now + HOUR)
    kept = str(list(ApiKey.objects.values())) + str(table.items())
    assert text.rpartition("_")[2] not in kept
    assert text[-38:-6] not in kept


def test_a_key_that_cannot_be_projected_is_revoked_and_not_shown(away: Proxy, account: Account, now: datetime) -> None:
    with pytest.raises(UnavailableError):
        issue(account, now)

    key = ApiKey.objects.get()
    assert (key.revoked_at, key.revoked_by) == (now, "issue failed")


def test_a_suspended_accounts_new_key_is_refused_until_the_account_is_resumed(
    table: Table, account: Account, now: datetime
) -> None:
    services.suspend_account(account, now=now)

    _, text = issue(account, now)

    assert verify(text, now=now) == Refused("suspended")
    services.resume_account(account, now=now + HOUR)
    assert works(text, now)


def test_nothing_is_projected_inside_a_transaction(table: Table, transactional_db: None, now: datetime) -> None:
    account = services.create_account(name="Confetti Shop", email="shop@confetti.example")

    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        issue(account, now)

    assert table.items() == {}


def test_a_rotated_key_works_until_the_overlap_is_over(table: Table, account: Account, now: datetime) -> None:
    old, first = issue(account, now, livemode=False, scopes=[Scope.GIFTS_READ, Scope.ORDERS_WRITE])

    new, second = services.rotate_api_key(old, overlap=24 * HOUR, created_by="ben", now=now + HOUR)

    assert (new.replaces, new.name, new.livemode, new.scopes) == (old, "Web page", False, old.scopes)
    assert (new.account_id, new.created_by, new.expires_at) == (account.pk, "ben", None)
    assert ApiKey.objects.get(pk=old.pk).expires_at == now + 25 * HOUR
    last_moment = now + 25 * HOUR - timedelta(microseconds=1)
    assert [works(text, last_moment) for text in (first, second)] == [True, True]
    assert [works(text, now + 25 * HOUR) for text in (first, second)] == [False, True]


def test_without_overlap_the_old_key_ends_at_once(table: Table, account: Account, now: datetime) -> None:
    old, first = issue(account, now)

    _, second = services.rotate_api_key(old, overlap=timedelta(), created_by="ben", now=now)

    assert (verify(first, now=now), works(second, now)) == (Refused("expired"), True)


def test_rotating_does_not_put_off_an_earlier_end_and_the_new_key_lives_as_long(
    table: Table, account: Account, now: datetime
) -> None:
    old, first = issue(account, now, expires_at=now + 10 * HOUR)

    new, _ = services.rotate_api_key(old, overlap=24 * HOUR, created_by="ben", now=now + 8 * HOUR)

    assert (old.expires_at, new.expires_at) == (now + 10 * HOUR, now + 18 * HOUR)
    assert verify(first, now=now + 10 * HOUR) == Refused("expired")


@pytest.mark.parametrize("lifetime", [None, 100 * HOUR])
def test_rotating_again_and_again_keeps_the_lifetime(
    table: Table, account: Account, lifetime: timedelta | None, now: datetime
) -> None:
    first, _ = issue(account, now, expires_at=lifetime and now + lifetime)

    second, _ = services.rotate_api_key(first, overlap=24 * HOUR, created_by="ben", now=now + HOUR)
    services.rotate_api_key(second, overlap=24 * HOUR, created_by="ben", now=now + 2 * HOUR)
    fourth, _ = services.rotate_api_key(first, overlap=24 * HOUR, created_by="ben", now=now + 3 * HOUR)

    assert fourth.expires_at == (lifetime and now + 3 * HOUR + lifetime)


@pytest.mark.parametrize("ended", ["revoked", "expired"])
def test_a_key_that_has_ended_is_not_rotated(table: Table, account: Account, ended: str, now: datetime) -> None:
    key, _ = issue(account, now, expires_at=now + HOUR if ended == "expired" else None)
    if ended == "revoked":
        services.revoke_api_key(key, revoked_by="ada", now=now)

    with pytest.raises(InvalidStateError, match=f"^This key is {ended}"):
        services.rotate_api_key(key, overlap=HOUR, created_by="ben", now=now + HOUR)

    assert ApiKey.objects.count() == 1


@pytest.mark.parametrize("overlap", [-HOUR, timedelta(days=90, microseconds=1)])
def test_an_overlap_has_bounds(table: Table, account: Account, overlap: timedelta, now: datetime) -> None:
    key, _ = issue(account, now)

    with pytest.raises(InvalidStateError, match="90 days"):
        services.rotate_api_key(key, overlap=overlap, created_by="ben", now=now)


def test_a_rotation_that_fails_on_the_way_leaves_no_second_key_and_the_first_as_it_was(
    table: Table, proxy: Proxy, account: Account, now: datetime
) -> None:
    old, first = issue(account, now)
    proxy.answers = lambda: (200, b"{}") if proxy.calls[-1][0] == "PutItem" else (500, b"{}")

    with pytest.raises(UnavailableError):
        services.rotate_api_key(old, overlap=HOUR, created_by="ben", now=now)

    proxy.answers = None
    new = ApiKey.objects.exclude(pk=old.pk).get()
    assert (new.revoked_at, new.revoked_by) == (now, "rotation failed")
    old.refresh_from_db()
    assert (old.expires_at, works(first, now + 2 * HOUR)) == (None, True)


def test_a_revoked_key_is_refused_from_then_on_and_keeps_its_first_time(
    table: Table, account: Account, now: datetime
) -> None:
    key, text = issue(account, now)

    services.revoke_api_key(key, revoked_by="ada", now=now)
    services.revoke_api_key(key, revoked_by="ben", now=now + HOUR)

    assert verify(text, now=now) == Refused("revoked")
    key.refresh_from_db()
    assert (key.revoked_at, key.revoked_by) == (now, "ada")
    item = table.item(key)
    assert item is not None
    assert item["ttl"] == {"N": str(int((now + timedelta(days=30)).timestamp()))}


def test_what_cannot_be_told_to_the_table_is_not_done(table: Table, away: Proxy, account: Account) -> None:
    now = account.created_at
    away.answers = None
    key, text = issue(account, now)
    away.answers = lambda: (500, b"{}")

    with pytest.raises(UnavailableError):
        services.revoke_api_key(key, revoked_by="ada", now=now)
    with pytest.raises(UnavailableError):
        services.suspend_account(account, now=now)

    away.answers = None
    key.refresh_from_db()
    account.refresh_from_db()
    assert (key.revoked_at, account.suspended_at, works(text, now)) == (None, None, True)


def test_suspension_reaches_every_key_and_resumption_too(
    table: Table, account: Account, other_account: Account, now: datetime
) -> None:
    mine = [issue(account, now, livemode=livemode)[1] for livemode in (True, False, True)]
    _, others = issue(other_account, now)

    services.suspend_account(account, now=now)
    assert {verify(text, now=now) for text in mine} == {Refused("suspended")}
    assert works(others, now)

    services.resume_account(account, now=now + HOUR)
    assert [works(text, now) for text in mine] == [True, True, True]
    assert (account.suspended_at, account.resumed_at) == (None, now + HOUR)


def test_suspending_twice_keeps_the_first_time(table: Table, account: Account, now: datetime) -> None:
    issue(account, now)

    services.suspend_account(account, now=now)
    services.suspend_account(account, now=now + HOUR)

    assert account.suspended_at == now


def test_a_clock_that_is_behind_can_suspend_and_resume(table: Table, account: Account, now: datetime) -> None:
    _, text = issue(account, now)
    services.suspend_account(account, now=now)

    services.resume_account(account, now=now - HOUR)
    assert works(text, now)

    services.suspend_account(account, now=now - HOUR)
    assert verify(text, now=now) == Refused("suspended")
    assert account.resumed_at is not None
    assert account.suspended_at == account.resumed_at + timedelta(microseconds=1)

    services.resume_account(account, now=now - 2 * HOUR)
    assert works(text, now)


def test_a_revoked_key_stays_revoked_when_its_account_is_resumed(table: Table, account: Account, now: datetime) -> None:
    key, text = issue(account, now)
    services.suspend_account(account, now=now)
    services.revoke_api_key(key, revoked_by="ada", now=now)

    services.resume_account(account, now=now + HOUR)

    assert verify(text, now=now) == Refused("revoked")


def test_no_key_issued_during_a_suspension_works(table: Table, transactional_db: None, now: datetime) -> None:
    account = services.create_account(name="Confetti Shop", email="shop@confetti.example")
    texts: list[str] = []
    start = threading.Barrier(5)

    def issue_some() -> None:
        try:
            start.wait()
            texts.extend([issue(account, now)[1] for _ in range(6)])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=issue_some) for _ in range(4)]
    for thread in threads:
        thread.start()
    start.wait()
    services.suspend_account(account, now=now)
    for thread in threads:
        thread.join()

    assert [verify(text, now=now) for text in texts] == [Refused("suspended")] * 24


def test_an_accounts_new_limits_and_origins_reach_its_keys_by_a_job(
    table: Table, account: Account, now: datetime
) -> None:
    _, text = issue(account, now)
    revoked, _ = issue(account, now)
    services.revoke_api_key(revoked, revoked_by="ada", now=now)
    account.name, account.requests_per_minute, account.origins = "Confetti & Co", 60, ["https://c.example"]
    account.save()

    services.project_later(account, now=now)
    drain(clock=lambda: now, until=now + timedelta(seconds=60))

    verdict = verify(text, now=now)
    assert isinstance(verdict, Verified)
    told = [verdict.context[name] for name in ("account_name", "requests_per_minute", "origins")]
    assert told == ["Confetti & Co", 60, "https://c.example"]


def test_the_day_of_use_is_written_once_a_process(
    table: Table, account: Account, now: datetime, django_assert_num_queries: Any
) -> None:
    key, _ = issue(account, now)
    days = [now, now + HOUR, now + 24 * HOUR, now + 25 * HOUR]

    for day, queries in zip(days, (1, 0, 1, 0), strict=True):
        with django_assert_num_queries(queries):
            services.note_use(key.pk, now=day)

    key.refresh_from_db()
    assert key.last_used_on == days[-1].date()
    services.keys._noted.clear()
    services.note_use(key.pk, now=now)
    key.refresh_from_db()
    assert key.last_used_on == days[-1].date()


def test_a_day_that_was_not_written_is_not_remembered(
    table: Table, account: Account, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, _ = issue(account, now)

    with monkeypatch.context() as patch:
        patch.setattr("django.db.models.query.QuerySet.update", _raise)
        with pytest.raises(OperationalError):
            services.note_use(key.pk, now=now)
    services.note_use(key.pk, now=now)

    key.refresh_from_db()
    assert key.last_used_on == now.date()


def _raise(*_: Any, **__: Any) -> None:
    raise OperationalError


@pytest.mark.parametrize(
    ("expires_in", "is_revoked", "state"),
    [
        (None, False, "live"),
        (timedelta(days=30, microseconds=1), False, "live"),
        (timedelta(days=30), False, "expiring"),
        (timedelta(microseconds=1), False, "expiring"),
        (timedelta(), False, "expired"),
        (None, True, "revoked"),
        (timedelta(), True, "revoked"),
    ],
)
def test_a_keys_state_and_its_filter_agree(
    table: Table, account: Account, expires_in: timedelta | None, is_revoked: bool, state: str, now: datetime
) -> None:
    key, _ = issue(account, now, expires_at=now + expires_in if expires_in is not None else None)
    if is_revoked:
        ApiKey.objects.update(revoked_at=now)
        key.refresh_from_db()

    assert state_of(key, now=now) == state
    assert [one for one in KeyState if ApiKey.objects.filter(keys_in(one, now=now)).exists()] == [state]
