"""Is the process up, and can it do its work: with everything there, and with parts away."""

import time
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries, DjangoDbBlocker, Settings

from accounts import keys
from api.media import bucket
from giftflick import health
from local.ports import free_port


@pytest.fixture
def unlooked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_last", None)


@pytest.fixture
def no_bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    bucket.client.cache_clear()
    with monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
        yield
    bucket.client.cache_clear()


@pytest.fixture
def no_database(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        connection.close()
        port = connection.settings_dict["PORT"]
        connection.settings_dict["PORT"] = free_port()
        yield
        connection.settings_dict["PORT"] = port
        connection.close()


def test_healthz_says_the_version_and_asks_nobody(client: Client, settings: Settings, no_bucket: None) -> None:
    settings.RELEASE = "1.2.3"

    answer = client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "version": "1.2.3"})


@pytest.mark.django_db
def test_readyz_looks_once_in_five_seconds(
    client: Client, unlooked: None, django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    well = (200, {"status": "ok", "database": "ok", "bucket": "ok"})
    for seconds_ago, queries in ((None, 1), (0, 0), (4, 0), (6, 1)):
        if seconds_ago is not None:
            assert health._last is not None
            monkeypatch.setattr(health, "_last", (time.monotonic() - seconds_ago, health._last[1]))
        with django_assert_num_queries(queries):
            answer = client.get("/readyz")
        assert (answer.status_code, answer.json()) == well


@pytest.mark.django_db
def test_readyz_names_a_bucket_that_is_away(client: Client, unlooked: None, no_bucket: None) -> None:
    answer = client.get("/readyz")

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer.json() == {"status": "unavailable", "database": "ok", "bucket": "away"}


def test_readyz_names_a_database_that_is_away(client: Client, unlooked: None, no_database: None) -> None:
    answer = client.get("/readyz")

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer.json() == {"status": "unavailable", "database": "away", "bucket": "ok"}


def test_a_call_without_a_database_is_a_problem_to_come_back_with(client: Client, no_database: None) -> None:
    answer = client.get("/v1/account", headers={"X-API-Key": keys.generate(livemode=True)})

    assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
    assert (answer.json()["code"], answer["Retry-After"]) == ("unavailable", "5")
