"""Ways to spell a path of the API: without a valid key none of them gets at a view's work."""

from urllib.parse import unquote_to_bytes

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts import keys
from accounts.models import Account

SPELLINGS = [
    "/v1/account",
    "//v1/account",
    "///v1///account",
    "/v1//account",
    "/v1/account/",
    "/v1/account//",
    "/v1/account.",
    "/v1/account...",
    "/v1/account/.",
    "/v1/account/..",
    "/v1/./account",
    "/./v1/account",
    "/v1/../v1/account",
    "/x/../v1/account",
    "/v1/account/../account",
    "/v1/account;x",
    "/v1;x/account",
    "/v1/account;jsessionid=1",
    "/v1/account,x",
    "/v1/account%20",
    "/v1/%20account",
    "/v1/account%09",
    "/v1/account%0a",
    "/v1/account%0d%0a",
    "/v1/account%00",
    "/v1%00/account",
    "/%00v1/account",
    "/v1%2faccount",
    "/v1%2Faccount",
    "%2fv1/account",
    "/%2fv1/account",
    "/v1%252faccount",
    "/v1/%61ccount",
    "/%76%31/account",
    "/v1/acc%6funt",
    "/v1/%2e/account",
    "/v1/%2e%2e/v1/account",
    "/v1%5caccount",
    "/v1\\account",
    "\\v1\\account",
    "/V1/account",
    "/v1/ACCOUNT",
    "/v1/Account",
    "/v1/account.json",
    "/v1/account?x=/v1/account",
    "/v1/account%3f",
    "/v1/account%23",
    "/v1/account#x",
    "/v01/account",
    "/v1.0/account",
    "/v1/account/list",
    "/v1/accounts",
    "/api/v1/account",
    "/%ef%bd%96%ef%bc%91/account",
    "/v1%ef%bc%8faccount",
    "/v1/%EF%BD%81ccount",
    "/v1/account%e2%80%8b",
    "/v1/acco%c3%bcnt",
    "/v1%c0%afaccount",
    "/v1/%ff%feaccount",
    "/v1/account%",
    "/v1/account%zz",
    "/v1/account&x",
    "/v1/account|x",
    "/v1/account*",
    "/v1/:account",
    "/@v1/account",
    "/v1/account/%2e%2e%2f",
    "https://testserver/v1/account",
]
UNKNOWN_KEY = {"X-API-Key": keys.generate(livemode=True)}


@pytest.mark.parametrize("headers", [{}, UNKNOWN_KEY], ids=["no key", "unknown key"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_gets_in_without_a_key(spelling: str, headers: dict[str, str], db: None) -> None:
    raw = unquote_to_bytes(spelling).decode("latin-1")

    answer = Client(headers=headers).get("/", PATH_INFO=raw)

    route = getattr(answer.wsgi_request.resolver_match, "route", None)
    assert (answer.status_code, route) in {(404, None), (401, "v1/account"), (404, "v1/templates/<slug:slug>")}


def test_there_are_sixty_and_more() -> None:
    assert len(set(SPELLINGS)) >= 60


@pytest.mark.parametrize(
    "spelling", ["/v1/account/", "//v1/account", "/V1/account", "/v1/account.", "/v1/./account", "/v1/account%00"]
)
def test_a_key_does_not_make_other_spellings_right(spelling: str, api: APIClient, account: Account) -> None:
    raw = unquote_to_bytes(spelling).decode("latin-1")

    assert api.get("/", PATH_INFO=raw).status_code == 404
