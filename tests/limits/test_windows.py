"""Windows of a minute: what a process takes in advance, what it remembers, what it asks the database."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from accounts.models import RateWindow
from accounts.throttling import RateLimiter, purge_windows
from api.tick import sweep
from tests.conftest import NOW

SECOND = timedelta(seconds=1)

pytestmark = pytest.mark.django_db


def granted(limiter: RateLimiter, calls: int, *, limit: int = 600, now: datetime = NOW) -> int:
    return sum(limiter.take_for_key("k", limit=limit, now=now).is_granted for _ in range(calls))


def test_a_hundred_calls_are_eleven_writes(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(11):  # 2, 4, 8 and then 12 calls at a time, a fiftieth of 600
        assert granted(RateLimiter(), 100) == 100


def test_a_window_grants_its_limit_and_is_then_refused_without_a_query(django_assert_num_queries: Any) -> None:
    limiter = RateLimiter()
    assert granted(limiter, 600) == 600

    with django_assert_num_queries(0):
        assert granted(limiter, 100, now=NOW + 59 * SECOND) == 0


def test_a_window_begins_with_its_first_call_and_lasts_a_minute() -> None:
    limiter = RateLimiter()
    granted(limiter, 10, limit=10, now=NOW + 7 * SECOND)

    assert granted(limiter, 1, limit=10, now=NOW + 66 * SECOND) == 0
    assert granted(limiter, 11, limit=10, now=NOW + 67 * SECOND) == 10


def test_a_limit_that_is_changed_holds_at_once_in_every_process() -> None:
    first, second = RateLimiter(), RateLimiter()
    assert granted(first, 3, limit=2) == 2

    assert (granted(first, 1), granted(second, 1)) == (1, 1)
    granted(first, 100)
    assert (granted(first, 1, limit=5), granted(second, 1, limit=5)) == (0, 0)


@pytest.mark.parametrize("limit", [1, 2, 7, 49, 50, 300, 6000])
def test_processes_grant_the_limit_together(limit: int) -> None:
    processes = [RateLimiter() for _ in range(8)]

    taken = [granted(process, 1, limit=limit) for _ in range(limit) for process in processes]

    assert sum(taken) == limit


def test_what_a_process_leaves_lying_is_no_more_than_it_used() -> None:
    idle = [RateLimiter() for _ in range(50)]
    for process in idle:
        granted(process, 1)

    assert granted(RateLimiter(), 600) == 600 - 2 * len(idle)


def test_a_limit_of_nothing_lets_nothing_pass_and_asks_nobody(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert granted(RateLimiter(), 3, limit=0) == 0


def test_a_limit_that_was_lowered_meanwhile_holds() -> None:
    granted(RateLimiter(), 100)

    assert granted(RateLimiter(), 10, limit=50) == 0


def test_a_window_by_a_clock_of_next_year_does_not_hold() -> None:
    limiter = RateLimiter()
    granted(limiter, 10, limit=10, now=NOW + timedelta(days=365))

    assert granted(limiter, 11, limit=10) == 10


def test_what_remains_only_gets_less() -> None:
    limiter = RateLimiter()

    allowances = [limiter.take_for_key("k", limit=10, now=NOW + number * SECOND) for number in range(12)]

    assert [allowance.remaining for allowance in allowances] == [*range(9, -1, -1), 0, 0]
    assert allowances[3].headers == {"RateLimit-Policy": '"default";q=10;w=60', "RateLimit": '"default";r=6;t=57'}


def test_threads_share_what_their_process_took(transactional_db: None) -> None:
    limiter, together = RateLimiter(), threading.Barrier(8)

    def call(_number: int) -> int:
        together.wait()
        try:
            return granted(limiter, 20, limit=100)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(call, range(8))) == 100
    assert RateWindow.objects.get().taken == 100


@pytest.mark.parametrize(
    ("one", "other", "callers"),
    [
        ("203.0.113.1", "203.0.113.2", 2),
        ("203.0.113.1", "::ffff:203.0.113.1", 1),
        ("2001:db8::1", "2001:db8::ffff:1", 1),
        ("2001:db8::1", "2001:db8:0:1::1", 2),
        ("unknown", "unknown", 1),
    ],
)
def test_an_address_counts_by_its_network_and_is_not_stored(one: str, other: str, callers: int) -> None:
    limiter = RateLimiter()

    for address in (one, other):
        assert limiter.take_for_address(address, now=NOW).is_granted

    names = list(RateWindow.objects.values_list("caller", flat=True))
    assert len(names) == callers
    assert not any(address in name for name in names for address in (one, other))


def test_the_tick_forgets_windows_that_are_over() -> None:
    granted(RateLimiter(), 1)
    assert purge_windows(now=NOW + timedelta(minutes=10)) == 0

    assert sweep(NOW + timedelta(minutes=11))["old rate windows"] == 1
    assert not RateWindow.objects.exists()
