"""Counting calls while the database is away: readiness has to answer, keys must not get in uncounted."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test import Client
from pytest_django import DjangoDbBlocker

from accounts.throttling import RateLimiter
from giftflick import health
from local.ports import free_port
from tests.conftest import NOW


@pytest.fixture(autouse=True)
def no_database(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        connection.close()
        port = connection.settings_dict["PORT"]
        connection.settings_dict["PORT"] = free_port()
        yield
        connection.settings_dict["PORT"] = port
        connection.close()


def test_a_process_counts_an_addresss_calls_by_itself_for_five_seconds() -> None:
    limiter = RateLimiter()

    answers = [limiter.take_for_address("203.0.113.1", limit=5, now=NOW).is_granted for _ in range(6)]
    later = limiter.take_for_address("203.0.113.1", limit=5, now=NOW + timedelta(seconds=5))

    assert answers == [True] * 5 + [False]
    assert later.is_granted


def test_a_keys_call_is_not_granted() -> None:
    limiter = RateLimiter()

    for _ in range(2):
        with pytest.raises(OperationalError):
            limiter.take_for_key("k", limit=600, now=NOW)


def test_readyz_says_so(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_last", None)

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["database"]) == (503, "away")
