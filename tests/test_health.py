"""Is the process up, and can it do its work: with everything there, and with parts away."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoDbBlocker, Settings

from accounts import authorizer
from accounts.models import Account
from api.media import bucket
from giftflick import health
from local.ports import free_port
from tests.conftest import client_for


@pytest.fixture
def unlooked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_last", None)


@pytest.fixture
def no_bucket() -> Iterator[None]:
    """boto3 reads the address when a client is made, and the processes keep theirs."""
    with away("S3", bucket.client.cache_clear):
        yield


@pytest.fixture
def no_key_store() -> Iterator[None]:
    with away("DYNAMODB", authorizer.client.cache_clear):
        yield


@contextmanager
def away(service: str, forget_client: Callable[[], None]) -> Iterator[None]:
    forget_client()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(f"AWS_ENDPOINT_URL_{service}", f"http://127.0.0.1:{free_port()}")
        yield
    forget_client()


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
def test_readyz_looks_once_in_five_seconds(client: Client, unlooked: None, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = time.monotonic()
    monkeypatch.setattr(health, "time", SimpleNamespace(monotonic=lambda: clock))
    well = (200, {"status": "ok", "database": "ok", "key_store": "ok", "bucket": "ok"})
    for seconds_later, looks in ((0, 1), (0, 0), (4.9, 0), (0.2, 1), (4.9, 0)):
        clock += seconds_later
        with CaptureQueriesContext(connection) as queries:
            answer = client.get("/readyz")
        assert (answer.status_code, answer.json()) == well
        assert [query["sql"] for query in queries].count("SELECT 1") == looks


@pytest.mark.django_db
def test_readyz_names_a_bucket_that_is_away(client: Client, unlooked: None, no_bucket: None) -> None:
    answer = client.get("/readyz")

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer.json() == {"status": "unavailable", "database": "ok", "key_store": "ok", "bucket": "away"}


def test_readyz_names_a_database_that_is_away(client: Client, unlooked: None, no_database: None) -> None:
    answer = client.get("/readyz")

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer.json() == {"status": "unavailable", "database": "away", "key_store": "ok", "bucket": "ok"}


@pytest.mark.django_db
def test_readyz_names_a_key_store_that_is_away(client: Client, unlooked: None, no_key_store: None) -> None:
    answer = client.get("/readyz")

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer.json() == {"status": "unavailable", "database": "ok", "key_store": "away", "bucket": "ok"}


def test_a_call_without_a_database_is_a_problem_to_come_back_with(
    transactional_db: None, account: Account, request: pytest.FixtureRequest
) -> None:
    caller = client_for(account)

    request.getfixturevalue("no_database")
    answer = caller.get("/v1/account")

    assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
    assert (answer.json()["code"], answer["Retry-After"]) == ("unavailable", "5")


@pytest.mark.django_db
def test_a_call_without_a_key_store_is_a_problem_to_come_back_with(
    account: Account, request: pytest.FixtureRequest
) -> None:
    caller = client_for(account)
    assert caller.get("/v1/account").status_code == 200

    request.getfixturevalue("no_key_store")
    answer = caller.get("/v1/account")

    assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
    assert (answer.json()["code"], answer["Retry-After"]) == ("unavailable", "5")
