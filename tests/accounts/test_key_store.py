"""An item holds all of a key's record, and whatever is written to it, a key is only ever narrowed."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts import key_store
from accounts.authorizer import NEVER, as_number, as_time
from accounts.models import ApiKey
from api.exceptions import BackendError
from local.aws.enforcement import enforced_policies
from local.stack import Stack
from tests.accounts.conftest import Table, unsaved_key
from tests.accounts.proxy import Proxy

HOUR = timedelta(hours=1)
NARROWING: dict[str, tuple[Callable[..., None], str]] = {
    "revoke": (key_store.revoke, "revoked_at"),
    "expire": (key_store.expire, "expires_at"),
    "suspend": (key_store.suspend, "suspended_at"),
}


def at(time: datetime) -> dict[str, str]:
    return {"N": as_number(time)}


def times(table: Table, key: ApiKey) -> list[datetime | None]:
    """When the key is revoked, expires, was suspended."""
    item = table.item(key)
    assert item is not None
    return [None if item[name] == NEVER else as_time(item[name]["N"]) for name in key_store.NARROWING]


def test_an_item_says_what_record_and_account_say(table: Table, now: datetime) -> None:
    key, text = unsaved_key(now, expires_at=now + HOUR)

    assert key_store.create(key)

    item = table.item(key)
    assert item == {
        "id": {"S": key.pk},
        "digest": {"S": key.digest},
        "account_id": {"S": str(key.account.pk)},
        "account_name": {"S": "Confetti Shop"},
        "livemode": {"BOOL": True},
        "name": {"S": "Web page"},
        "scopes": {"S": "account:read gifts:read"},
        "requests_per_minute": {"N": "600"},
        "mails_per_day": {"N": "2000"},
        "origins": {"S": "https://a.example https://b.example"},
        "ttl": {"N": str(int((now + HOUR + timedelta(days=30)).timestamp()))},
        "revoked_at": NEVER,
        "expires_at": at(now + HOUR),
        "suspended_at": NEVER,
    }
    assert text.rpartition("_")[2] not in str(item)


def test_times_are_kept_to_the_microsecond(table: Table, now: datetime) -> None:
    exact = now + timedelta(microseconds=123457)
    key, _ = unsaved_key(now, expires_at=exact)

    key_store.create(key)

    assert times(table, key) == [None, exact, None]


def test_an_item_that_is_there_is_not_created_again(table: Table, now: datetime) -> None:
    key, _ = unsaved_key(now)
    key_store.create(key)
    key_store.revoke(key, at=now)

    assert not key_store.create(key)

    assert times(table, key) == [now, None, None]


def test_a_key_is_revoked_once(table: Table, now: datetime) -> None:
    key, _ = unsaved_key(now)
    key_store.create(key)

    for hours in (2, 1, 3):
        key_store.revoke(key, at=now + hours * HOUR)

    assert times(table, key) == [now + 2 * HOUR, None, None]


def test_an_expiry_only_comes_nearer(table: Table, now: datetime) -> None:
    key, _ = unsaved_key(now)
    key_store.create(key)

    for hours in (2, 1, 3):
        key_store.expire(key, at=now + hours * HOUR)

    assert times(table, key) == [None, now + HOUR, None]


def test_the_last_suspension_counts_and_only_a_later_resumption_lifts_it(table: Table, now: datetime) -> None:
    key, _ = unsaved_key(now)
    key_store.create(key)

    for hours in (2, 1, 3):
        key_store.suspend(key, at=now + hours * HOUR)
    key_store.resume(key, at=now + 3 * HOUR - timedelta(microseconds=1))
    assert times(table, key) == [None, None, now + 3 * HOUR]

    key_store.resume(key, at=now + 3 * HOUR)
    assert times(table, key) == [None, None, None]


@pytest.mark.parametrize("narrow", NARROWING)
def test_what_narrows_a_key_makes_its_whole_item_where_there_is_none(table: Table, narrow: str, now: datetime) -> None:
    key, _ = unsaved_key(now)
    write, attribute = NARROWING[narrow]

    write(key, at=now)

    assert table.item(key) == {**key_store.item_of(key), attribute: at(now)}


def test_describing_a_key_changes_nothing_that_narrows_it(table: Table, now: datetime) -> None:
    key, _ = unsaved_key(now)
    for write, _attribute in NARROWING.values():
        write(key, at=now)
    key.account.requests_per_minute = 60
    key.account.origins = []

    key_store.describe(key)

    item = table.item(key)
    assert item is not None
    assert (item["requests_per_minute"], item["origins"]) == ({"N": "60"}, {"S": ""})
    assert times(table, key) == [now, now, now]


def test_describing_makes_an_item_that_is_missing(table: Table, now: datetime) -> None:
    key, _ = unsaved_key(now, revoked_at=now)

    key_store.describe(key)

    assert times(table, key) == [now, None, None]


def test_resuming_makes_no_item(table: Table, now: datetime) -> None:
    key, _ = unsaved_key(now)

    key_store.resume(key, at=now)

    assert table.item(key) is None


def mend_all(key: ApiKey) -> None:
    for name in key_store.NARROWING:
        key_store.mend(key, name, None)


def test_no_order_of_writes_widens_a_key(table: Table, now: datetime) -> None:
    chance = random.Random(23)  # noqa: S311
    key, _ = unsaved_key(now)
    writes: list[Callable[[datetime], Any]] = [
        lambda time: key_store.revoke(key, at=time),
        lambda time: key_store.expire(key, at=time),
        lambda time: key_store.suspend(key, at=time),
        lambda _time: key_store.resume(key, at=now + 5 * HOUR),
        lambda _time: key_store.describe(key),
        lambda _time: key_store.create(key),
        lambda _time: mend_all(key),
    ]
    revoked_at = expires_at = suspended_at = None

    for _ in range(80):
        chance.choice(writes)(now + chance.randrange(10) * HOUR)
        before = (revoked_at, expires_at, suspended_at)
        if table.item(key) is None:
            continue
        revoked_at, expires_at, suspended_at = times(table, key)
        assert before[0] in (None, revoked_at)
        assert before[1] is None or (expires_at is not None and expires_at <= before[1])
        if before[2] is not None and before[2] > now + 5 * HOUR:
            assert suspended_at is not None
            assert suspended_at >= before[2]


def test_a_hand_that_wrote_meanwhile_is_not_overwritten_by_mending(table: Table, now: datetime) -> None:
    key, _ = unsaved_key(now)
    key_store.create(key)
    table.set(key, revoked_at={"S": "yesterday"})
    found = {"S": "yesterday"}
    table.set(key, revoked_at=at(now))

    key_store.mend(key, "revoked_at", found)

    assert times(table, key) == [now, None, None]


CALLS: dict[str, Callable[[ApiKey, datetime], Any]] = {
    "create": lambda key, _: key_store.create(key),
    "describe": lambda key, _: key_store.describe(key),
    "revoke": lambda key, now: key_store.revoke(key, at=now),
    "resume": lambda key, now: key_store.resume(key, at=now),
    "bury": lambda key, now: key_store.bury(key.pk, at=now),
    "pages": lambda _key, _now: list(key_store.pages()),
    "check": lambda _key, _now: key_store.check(),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_table_that_is_away_is_a_backend_error_worth_a_retry(
    table: Table, away: Proxy, call: str, now: datetime
) -> None:
    key, _ = unsaved_key(now)

    with pytest.raises(BackendError) as raised:
        CALLS[call](key, now)

    assert (raised.value.code, raised.value.retryable) == ("key_store_unavailable", True)


def test_the_apps_policy_allows_every_call(stack: Stack, now: datetime) -> None:
    """On the table of the policy, which is shared."""
    key, _ = unsaved_key(now)
    with enforced_policies(stack.env["AWS_ENDPOINT_URL"]):
        for call in CALLS.values():
            call(key, now)
