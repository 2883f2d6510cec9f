"""Web pages that call the API: those of the account whose key they send, and no other."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import Account
from tests.conftest import client_for

SHOP, OTHER, STRANGER = "https://shop.example", "https://other.example", "https://evil.example"
GIFTS = "/v1/gifts"
CORS = "access-control-"


@pytest.fixture
def shop(account: Account, other_account: Account) -> APIClient:
    account.origins, other_account.origins = [SHOP, "https://www.shop.example"], [OTHER]
    account.save()
    other_account.save()
    return client_for(account)


def cors_headers(response: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items() if name.lower().startswith(CORS)}


def preflight(path: str, origin: str, method: str = "POST") -> Any:
    return Client().options(path, headers={"Origin": origin, "Access-Control-Request-Method": method})


def test_a_shops_page_may_read_what_its_key_gets(shop: APIClient) -> None:
    answer = shop.get(GIFTS, headers={"Origin": SHOP})

    assert answer.status_code == 200
    assert cors_headers(answer) == {
        "access-control-allow-origin": SHOP,
        "access-control-expose-headers": "X-Request-Id, RateLimit, RateLimit-Policy, Retry-After, Idempotent-Replayed",
    }
    assert answer["Vary"] == "origin"


@pytest.mark.parametrize(
    "origin", [OTHER, STRANGER, "null", "https://shop.example.evil.example", "http://shop.example", SHOP + ":8443"]
)
def test_no_other_page_may(origin: str, shop: APIClient) -> None:
    assert cors_headers(shop.get(GIFTS, headers={"Origin": origin})) == {}


@pytest.mark.parametrize("origin", [SHOP, OTHER])
def test_a_refusal_can_be_read_by_any_shops_page(origin: str, shop: APIClient) -> None:
    answer = APIClient().get(GIFTS, headers={"Origin": origin})

    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (401, origin)


@pytest.mark.parametrize("path", [GIFTS, "/v1/uploads", "/v1/nothing", f"{GIFTS}/0193f000-0000-7000-8000-000000000000"])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_preflight_needs_no_key_and_reaches_no_view(path: str, method: str, shop: APIClient) -> None:
    answer = preflight(path, SHOP, method)

    assert (answer.status_code, answer.content, answer.wsgi_request.resolver_match) == (200, b"", None)
    assert cors_headers(answer) == {
        "access-control-allow-origin": SHOP,
        "access-control-allow-headers": "x-api-key, content-type, idempotency-key, if-match, x-request-id",
        "access-control-allow-methods": "GET, POST, PATCH, DELETE, OPTIONS",
        "access-control-expose-headers": "X-Request-Id, RateLimit, RateLimit-Policy, Retry-After, Idempotent-Replayed",
        "access-control-max-age": "600",
    }


@pytest.mark.parametrize("origin", [STRANGER, "null", "*", "", "https://shop.example/", "HTTPS://SHOP.EXAMPLE"])
def test_a_preflight_from_elsewhere_allows_nothing(origin: str, shop: APIClient) -> None:
    assert cors_headers(preflight(GIFTS, origin)) == {}


def test_pages_that_say_null_are_nobodys_even_if_an_account_lists_it(account: Account) -> None:
    account.origins = ["null"]
    account.save()

    assert cors_headers(preflight(GIFTS, "null")) == {}
    assert cors_headers(client_for(account).get(GIFTS, headers={"Origin": "null"})) == {}


@pytest.mark.parametrize(
    "path", ["/readyz", "/public/gifts/nobodys", "/hooks/sendgrid", "/admin/", "/g/nobodys", "/v1"]
)
def test_outside_the_api_no_page_may_read(path: str, shop: APIClient) -> None:
    assert cors_headers(Client().get(path, headers={"Origin": SHOP})) == {}
    assert cors_headers(preflight(path, SHOP, "GET")) == {}


def test_the_apis_description_is_open_to_any_page(db: None) -> None:
    answer = Client().get("/v1/openapi.json", headers={"Origin": STRANGER})

    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (200, STRANGER)


@pytest.mark.usefixtures("standing_clock")
def test_a_call_with_a_key_asks_nobody_and_a_preflight_asks_once(
    shop: APIClient, django_assert_num_queries: Any
) -> None:
    shop.get(GIFTS)

    with django_assert_num_queries(1):
        shop.get(GIFTS, headers={"Origin": SHOP})
    with django_assert_num_queries(1):
        preflight(GIFTS, SHOP)


def test_the_question_who_lists_a_page_is_on_an_index(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN " + str(Account.objects.filter(origins__contains=[SHOP]).query).replace(SHOP, f"'{SHOP}'")
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "account_by_origin" in plan
