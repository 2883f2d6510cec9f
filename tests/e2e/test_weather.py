"""Bad weather at the site: the database, the bucket or the key table is away, or connections break."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest
from psycopg2.sql import SQL, Identifier

from local.ports import HOST, free_port
from local.processes import Process
from local.samples import sample_photo
from local.shop import Json, Shop
from tests.e2e.asking import ask, problem
from tests.e2e.conftest import Product
from tests.e2e.storefront import RENDERED_WITHIN_S
from tests.waiting import eventually

AWAY = (503, "application/problem+json", "unavailable", "5")
THREADS = 8  # of a site
GIFT: Json = {
    "template": "birthday-confetti",
    "sender": {"name": "Ana", "email": "ana@example.com"},
    "recipient": {"name": "Ben", "email": "ben@example.com"},
}
PHOTO: Json = {"filename": "cake.jpg", "content_type": "image/jpeg", "size": 1000}
Count = Callable[[str], int]


@pytest.fixture(scope="module")
def site_without_database(product: Product) -> str:
    closed = urlsplit(product.database_url)
    closed = closed._replace(netloc=closed.netloc.replace(str(closed.port), str(free_port())))
    return product.system.start_other_site("site-without-database", DATABASE_URL=closed.geturl())


@pytest.fixture(scope="module")
def site_without_bucket(product: Product) -> str:
    nowhere = f"http://{HOST}:{free_port()}"
    return product.system.start_other_site("site-without-bucket", AWS_ENDPOINT_URL_S3=nowhere)


@pytest.fixture(scope="module")
def site_without_keys(product: Product) -> str:
    nowhere = f"http://{HOST}:{free_port()}"
    return product.system.start_other_site("site-without-keys", AWS_ENDPOINT_URL_DYNAMODB=nowhere)


@pytest.fixture
def count(product: Product) -> Count:
    """How many rows a table has."""

    def rows(table: str) -> int:
        with closing(psycopg2.connect(product.database_url)) as connection, connection.cursor() as cursor:
            cursor.execute(SQL("SELECT count(*) FROM {}").format(Identifier(table)))
            found: tuple[int] = cursor.fetchone() or (0,)
            return found[0]

    return rows


def test_without_a_database_every_call_is_a_problem_to_come_back_with_and_does_nothing(
    product: Product, site_without_database: str, count: Count
) -> None:
    draft = product.shop.call("POST", "/v1/gifts", GIFT)
    before = count("api_gift"), count("api_upload")
    calls: list[tuple[str, str, Json | None]] = [
        ("GET", "account", None),
        ("GET", "templates", None),
        ("GET", "gifts", None),
        ("POST", "gifts", GIFT),
        ("POST", "uploads", PHOTO),
        ("POST", f"gifts/{draft['id']}/submit", None),
        ("DELETE", f"gifts/{draft['id']}", None),
    ]

    answers = [
        ask(f"{site_without_database}/v1/{path}", method=method, key=product.access.api_key, body=body)
        for method, path, body in calls
    ]

    assert [problem(answer) for answer in answers] == [AWAY] * len(calls)
    assert (count("api_gift"), count("api_upload")) == before
    assert product.shop.call("GET", f"/v1/gifts/{draft['id']}")["version"] == draft["version"]


def test_without_a_database_the_watch_page_asks_for_patience(site_without_database: str) -> None:
    page = ask(f"{site_without_database}/g/{'x' * 32}")

    assert (page.status, page.headers["Retry-After"]) == (503, "5")
    assert "It is safe; please try again in a minute." in page.data.decode()


def test_without_a_bucket_an_upload_is_a_problem_and_leaves_nothing(
    product: Product, site_without_bucket: str, count: Count
) -> None:
    before = count("api_upload")

    answer = ask(f"{site_without_bucket}/v1/uploads", method="POST", key=product.access.api_key, body=PHOTO)

    assert problem(answer) == AWAY
    assert count("api_upload") == before


def test_without_a_bucket_a_finished_upload_waits_and_gifts_are_made_all_the_same(
    product: Product, site_without_bucket: str, tmp_path: Path
) -> None:
    photo, key = sample_photo(tmp_path / "cake.jpg").read_bytes(), product.access.api_key
    upload = product.shop.call("POST", "/v1/uploads", {**PHOTO, "size": len(photo)})
    part = ask(upload["parts"][0]["url"], method="PUT", body=photo)
    receipts: Json = {"parts": [{"number": 1, "etag": part.headers["ETag"]}]}
    complete = f"/v1/uploads/{upload['id']}/complete"

    refused = ask(f"{site_without_bucket}{complete}", method="POST", key=key, body=receipts)
    gift = Shop(site_without_bucket, key).call("POST", "/v1/gifts", GIFT)

    assert (problem(refused), gift["status"]) == (AWAY, "draft")
    assert product.shop.call("POST", complete, receipts)["status"] == "ready"


def test_without_the_key_table_nobody_is_let_in(product: Product, site_without_keys: str, count: Count) -> None:
    before = count("api_gift")

    answers = [
        ask(f"{site_without_keys}/v1/gifts", method="POST", key=key, body=GIFT)
        for key in (product.access.api_key, product.access.second_api_key)
    ]

    assert [problem(answer) for answer in answers] == [AWAY] * 2
    assert count("api_gift") == before


@pytest.mark.parametrize(
    ("site", "away"),
    [
        ("site_without_database", "database"),
        ("site_without_bucket", "bucket"),
        ("site_without_keys", "key_store"),
    ],
)
def test_readyz_names_what_is_away_while_the_process_is_up(
    product: Product, request: pytest.FixtureRequest, site: str, away: str
) -> None:
    url = request.getfixturevalue(site)

    alive, ready = ask(f"{url}/healthz"), ask(f"{url}/readyz")

    assert (alive.status, alive.json()["status"]) == (200, "ok")
    assert (ready.status, ready.headers["Retry-After"]) == (503, "5")
    parts = {"database": "ok", "key_store": "ok", "bucket": "ok", away: "away"}
    assert ready.json() == {"status": "unavailable", **parts}


def break_connections(product: Product) -> int:
    """End all of the site's and the worker's at the database, as its restart would; how many there were."""
    with closing(psycopg2.connect(product.database_url)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        found: tuple[int] = cursor.fetchone() or (0,)
        return found[0]


def test_broken_connections_to_the_database_are_noticed_by_nobody(product: Product, worker: Process) -> None:
    shop, statuses = product.shop, [200] * THREADS * 2

    def call(_: int) -> int:
        return ask(f"{shop.base_url}/v1/account", key=product.access.api_key).status

    gift = shop.submit_greeting("Kim", "Noa")
    eventually(lambda: shop.renders(gift)[0]["provider_id"], 15)
    with ThreadPoolExecutor(THREADS) as pool:
        before = list(pool.map(call, statuses))
        broken = break_connections(product)
        after = list(pool.map(call, statuses))

    sent = shop.wait_for(gift, "sent", within_s=RENDERED_WITHIN_S)

    assert (before, broken > 1, after) == (statuses, True, statuses)
    assert [render["status"] for render in shop.renders(sent)] == ["succeeded"]
    assert [mail["subject"] for mail in product.mailbox.mails("noa@example.com")] == ["Noa, Kim made you a video"]
