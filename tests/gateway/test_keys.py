"""Keys at the gateway, with our own authorizer and site behind it: who gets in, and how everybody else is told."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from accounts import keys, services
from accounts.models import Account
from local.environment import NOWHERE
from local.gateway.authorizer import Authorizer
from local.gateway.functions import authorizer, site
from local.gateway.server import Gateway
from local.lambda_runtime import Function
from tests.accounts.codes import LOGIN, PASSWORD, key_of, member, phone_shows
from tests.gateway.wire import Headers, Reply, send
from tests.system import System

pytestmark = pytest.mark.django_db(transaction=True)

UNAUTHORIZED = (401, {"message": "Unauthorized"})
FORBIDDEN = (403, {"message": "Forbidden"})
FAILED = (500, {"message": "Internal Server Error"})


class Shop:
    """A client of the gateway, whose clock it can put forward."""

    def __init__(self, functions: tuple[Function, Function], key: str = "", *, keep_s: float = 45) -> None:
        self.seconds = 0.0
        self.key = key
        self.gateway = Gateway(functions[0], Authorizer(functions[1], keep_s=keep_s, clock=lambda: self.seconds))

    def call(self, method: str, path: str, body: Any = None, *headers: tuple[str, str]) -> Reply:
        content = b"" if body is None else json.dumps(body).encode()
        own = [("X-API-Key", self.key)] if self.key else []
        typed = [("Content-Type", "application/json")] if content else []
        return send(self.gateway.url, method, path, [*own, *typed, *headers], content)


@pytest.fixture
def now() -> datetime:
    """Functions look at the clock themselves."""
    return timezone.now()


@pytest.fixture
def key(account: Account, now: datetime) -> str:
    return issue(account, now)


@pytest.fixture
def shop(functions: tuple[Function, Function], key: str) -> Iterator[Shop]:
    shop = Shop(functions, key)
    with shop.gateway:
        yield shop


@pytest.fixture
def shop_without_cache(functions: tuple[Function, Function], key: str) -> Iterator[Shop]:
    shop = Shop(functions, key, keep_s=0)
    with shop.gateway:
        yield shop


def issue(account: Account, now: datetime, **options: Any) -> str:
    options = {"livemode": True, **options}
    return services.issue_api_key(account, name="tests", created_by="tests", now=now, **options)[1]


def record_of(account: Account) -> Any:
    return account.api_keys.get()


def test_a_key_gets_in_and_django_knows_whose_it_is(shop: Shop, account: Account) -> None:
    reply = shop.call("GET", "/v1/account")

    assert reply.status == 200
    assert (reply.json["id"], reply.json["key"]["id"]) == (str(account.pk), record_of(account).pk)
    assert (reply.json["livemode"], reply.json["key"]["name"]) == (True, "tests")


def test_a_draft_is_made_read_and_listed(shop: Shop, body: dict[str, Any]) -> None:
    made = shop.call("POST", "/v1/gifts", body)
    read = shop.call("GET", f"/v1/gifts/{made.json['id']}")
    listed = shop.call("GET", "/v1/gifts?status=draft&limit=1")

    assert (made.status, read.status, listed.status) == (201, 200, 200)
    assert read.json == made.json
    assert [gift["id"] for gift in listed.json["results"]] == [made.json["id"]]


def test_a_test_key_sees_test_gifts_only(shop: Shop, account: Account, body: dict[str, Any], now: datetime) -> None:
    made = shop.call("POST", "/v1/gifts", body).json
    shop.key = issue(account, now, livemode=False)

    assert shop.call("GET", "/v1/account").json["livemode"] is False
    assert shop.call("GET", f"/v1/gifts/{made['id']}").status == 404


def test_a_call_without_a_key_is_refused_by_the_gateway(shop: Shop) -> None:
    shop.key = ""

    assert shop.call("GET", "/v1/account").words == UNAUTHORIZED


@pytest.mark.parametrize("text", ["rubbish", "gf_live_", "x" * 5000, "gf_live_000000000000_" + "0" * 38, "ключ"])
def test_a_malformed_key_is_refused_by_the_gateway(shop: Shop, text: str) -> None:
    shop.key = text.encode().decode("latin-1")

    assert shop.call("GET", "/v1/account").words == FORBIDDEN


def test_an_unknown_key_is_refused_by_the_gateway(shop: Shop) -> None:
    shop.key = keys.generate(livemode=True)

    assert shop.call("GET", "/v1/account").words == FORBIDDEN


def test_two_keys_in_one_call_are_no_key(shop: Shop, key: str) -> None:
    assert shop.call("GET", "/v1/account", None, ("X-API-Key", key)).words == FORBIDDEN


def test_an_expired_key_is_refused_by_the_gateway(shop: Shop, account: Account, now: datetime) -> None:
    shop.key = issue(account, now - timedelta(days=2), expires_at=now - timedelta(seconds=1))

    assert shop.call("GET", "/v1/account").words == FORBIDDEN


def test_a_revoked_key_is_refused_at_once_without_a_cache(
    shop_without_cache: Shop, account: Account, now: datetime
) -> None:
    assert shop_without_cache.call("GET", "/v1/account").status == 200

    services.revoke_api_key(record_of(account), revoked_by="tests", now=now)

    assert shop_without_cache.call("GET", "/v1/account").words == FORBIDDEN


def test_a_revoked_key_is_refused_once_the_cache_has_forgotten_it(shop: Shop, account: Account, now: datetime) -> None:
    assert shop.call("GET", "/v1/account").status == 200
    services.revoke_api_key(record_of(account), revoked_by="tests", now=now)

    shop.seconds = 44.9
    assert shop.call("GET", "/v1/account").status == 200
    shop.seconds = 45
    assert shop.call("GET", "/v1/account").words == FORBIDDEN


def test_a_suspended_accounts_keys_are_refused_and_let_in_again_when_it_is_resumed(
    shop_without_cache: Shop, account: Account, now: datetime
) -> None:
    services.suspend_account(account, now=now)
    assert shop_without_cache.call("GET", "/v1/account").words == FORBIDDEN

    services.resume_account(account, now=now + timedelta(seconds=1))
    assert shop_without_cache.call("GET", "/v1/account").status == 200


def test_with_dynamodb_away_nobody_gets_in_through_the_authorizer(
    system: System, functions: tuple[Function, Function], key: str, tmp_path: Path
) -> None:
    env = {**system.env, "AWS_ENDPOINT_URL": f"http://{NOWHERE}"}
    with authorizer(env, tmp_path) as lost:
        shop = Shop((functions[0], lost), key)
        with shop.gateway:
            assert [shop.call("GET", "/v1/account").words for _ in range(2)] == [FAILED, FAILED]
            shop.key = "malformed"
            assert shop.call("GET", "/v1/account").words == FORBIDDEN


def test_with_dynamodb_away_nobody_gets_in_around_the_authorizer(
    system: System, functions: tuple[Function, Function], key: str, tmp_path: Path
) -> None:
    env = {**system.env, "AWS_ENDPOINT_URL": f"http://{NOWHERE}"}
    with site(env, tmp_path, copies=1) as lost:
        shop = Shop((lost, functions[1]), key)
        with shop.gateway:
            reply = shop.call("GET", "/v1%2Faccount")

    assert (reply.status, reply.headers["Content-Type"]) == (503, "application/problem+json")
    assert int(reply.headers["Retry-After"]) > 0


def test_an_authorizer_that_crashes_lets_nobody_in(
    functions: tuple[Function, Function], key: str, tmp_path: Path
) -> None:
    (tmp_path / "broken.py").write_text("def handler(event, context):\n    raise ValueError(event)\n")
    with Function("broken", "broken.handler", env={}, logs=tmp_path, folder=tmp_path) as broken:
        shop = Shop((functions[0], broken), key)
        with shop.gateway:
            assert shop.call("GET", "/v1/account").words == FAILED


def test_around_the_authorizer_django_verifies_the_key_itself(shop: Shop, account: Account) -> None:
    assert shop.call("GET", "/v1%2Faccount").json["id"] == str(account.pk)

    shop.key = keys.generate(livemode=True)
    reply = shop.call("GET", "/v1%2Faccount")
    assert (reply.status, reply.headers["Content-Type"]) == (401, "application/problem+json")


CONTEXT = json.dumps({"account_id": "00000000-0000-7000-8000-000000000000", "livemode": True, "scopes": "account:read"})
HOSTILE: Headers = [
    ("Giftflick.Authorizer", CONTEXT),
    ("Giftflick-Authorizer", CONTEXT),
    ("Giftflick_Authorizer", CONTEXT),
    ("giftflick.authorizer", CONTEXT),
    ("giftflick.authorizer", CONTEXT),
    ("HTTP_X_API_KEY", "gf_live_x"),
    ("X_API_KEY", "gf_live_x"),
    ("X-Authorizer", CONTEXT),
    ("Authorizer", CONTEXT),
    ("X-Amzn-Request-Context", json.dumps({"authorizer": {"lambda": CONTEXT}})),
    ("RequestContext", json.dumps({"authorizer": {"lambda": CONTEXT}})),
    ("X-Original-Url", "/v1/account"),
    ("X-Rewrite-Url", "/v1/account"),
    ("X-HTTP-Method-Override", "OPTIONS"),
    ("Remote-Addr", "127.0.0.1"),
    ("Remote-User", "founder"),
    ("Script_Name", "/v1"),
]


@pytest.mark.parametrize("path", ["/v1/account", "/v1%2Faccount", "/x"])
def test_hostile_headers_open_nothing(shop: Shop, path: str) -> None:
    shop.key = ""

    assert shop.call("GET", path, None, *HOSTILE).status == (404 if path == "/x" else 401)


@pytest.mark.parametrize("path", ["/v1/account", "/v1%2Faccount"])
def test_hostile_headers_do_not_make_a_caller_somebody_else(shop: Shop, account: Account, path: str) -> None:
    reply = shop.call("GET", path, None, *HOSTILE)

    assert (reply.status, reply.json["id"]) == (200, str(account.pk))


SPELLINGS = [
    before + path + after
    for path in ("v1/account", "v1/gifts")
    for before, after in [
        ("/", ""), ("//", ""), ("///", ""), ("/./", ""), ("/../", ""), ("/x/../", ""), ("/%2e/", ""), ("/%2e%2e/", ""),
        ("/%2F", ""), ("/%5c", ""), ("/\\", ""), ("/;/", ""), ("/%00/", ""), ("/%20", ""), ("/%09", ""), ("/", "/"),
        ("/", "//"), ("/", "."), ("/", ".."), ("/", "/."), ("/", "/.."), ("/", "%2f"), ("/", "%2F.."), ("/", ";a=b"),
        ("/", "%00"), ("/", "%20"), ("/", "%0a"), ("/", "%3F"), ("/", "?"), ("/", "#"), ("/", ".json"), ("/", "%23"),
        ("http://127.0.0.1/", ""), ("http://127.0.0.1//", ""), ("/g/../", ""), ("/admin/..;/", ""), ("/%2561", ""),
    ]
] + [
    "/V1/account", "/v1%2Faccount", "/v1%2faccount", "/v1%252Faccount", "/%761/account", "/v%31/account",
    "/v1//account",
    "/v1/./account", "/v1/../v1/account", "/v1/x/../account", "/v1/%61ccount", "/v1\\account", "/v1;/account",
    "/v1%3B/account", "/v1./account", "/v1../account", "/v1%20/account", "/v1%00/account",
    "/%EF%BD%96%EF%BC%91/account",
    "/v1/Account", "/v1/ACCOUNT", "/v%C0%B1/account", "/v1%C0%AFaccount", "/v1%E2%81%84account", "/v1%EF%BC%8Faccount",
]  # fmt: skip


@pytest.mark.parametrize("key", ["", keys.generate(livemode=True)], ids=["no key", "unknown key"])
def test_no_spelling_of_a_path_reaches_an_api_view_without_a_valid_key(
    functions: tuple[Function, Function], key: str
) -> None:
    shop = Shop(functions, key)
    with shop.gateway:
        replies = {path: shop.call("GET", path) for path in SPELLINGS}

    assert len(replies) > 90
    assert {path: reply.status for path, reply in replies.items() if not is_refusal(reply)} == {}


def is_refusal(reply: Reply) -> bool:
    """A founder's page sends whoever is not signed in to its login."""
    is_login = reply.status == 302 and reply.headers["Location"].startswith("/admin/login/")
    is_empty = not any(word in reply.body for word in (b"requests_per_minute", b'"results"'))
    return (reply.status in (400, 401, 403, 404) or is_login) and is_empty


def test_a_preflight_needs_no_key(shop: Shop, account: Account) -> None:
    Account.objects.filter(pk=account.pk).update(origins=["https://shop.example"])
    shop.key = ""

    reply = shop.call(
        "OPTIONS",
        "/v1/gifts",
        None,
        ("Origin", "https://shop.example"),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "x-api-key,content-type"),
    )

    assert reply.status in (200, 204)
    assert reply.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert "POST" in reply.headers["Access-Control-Allow-Methods"]


def test_the_description_needs_no_key(shop: Shop) -> None:
    shop.key = ""

    reply = shop.call("GET", "/v1/openapi.json")

    assert (reply.status, reply.json["openapi"][:3]) == (200, "3.1")


def test_the_gateways_request_id_is_ours_unless_the_caller_has_one(shop: Shop) -> None:
    without = shop.call("GET", "/v1/account")
    with_own = shop.call("GET", "/v1/account", None, ("X-Request-Id", "mine-1"))

    assert without.headers["X-Request-Id"] == without.headers["Apigw-Requestid"]
    assert with_own.headers["X-Request-Id"] == "mine-1"


def test_a_body_above_our_own_limit_is_a_problem_and_above_the_gateways_its_short_body(shop: Shop) -> None:
    ours = shop.call("POST", "/v1/gifts", {"message": "x" * 300_000})
    the_gateways = shop.call("POST", "/v1/gifts", {"message": "x" * 11_000_000})

    assert (ours.status, ours.headers["Content-Type"]) == (413, "application/problem+json")
    assert the_gateways.words == (413, {"message": "Request Entity Too Large"})


def test_a_founder_signs_in_to_the_admin(shop: Shop) -> None:
    founder = member()
    shop.key = ""
    browser = Browser(shop)

    asked = browser.submit(LOGIN, username="ada", password=PASSWORD)
    signed_in = browser.submit(asked.headers["Location"], code=phone_shows(key_of(founder)))
    index = browser.open("/admin/")

    assert (signed_in.status, signed_in.headers["Location"]) == (302, "/admin/")
    assert (index.status, "Log out" in index.body.decode()) == (200, True)


class Browser:
    """What keeps cookies, and sends a form with its token."""

    def __init__(self, shop: Shop) -> None:
        self._url = shop.gateway.url
        self._cookies: dict[str, str] = {}

    def open(self, path: str) -> Reply:
        return self._keep(send(self._url, "GET", path, [self._cookie()]))

    def submit(self, path: str, **fields: str) -> Reply:
        form = self.open(path).body.decode()
        token = form.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        content = urlencode({"csrfmiddlewaretoken": token, **fields}).encode()
        typed = ("Content-Type", "application/x-www-form-urlencoded")
        return self._keep(send(self._url, "POST", path, [self._cookie(), typed, ("Origin", self._url)], content))

    def _cookie(self) -> tuple[str, str]:
        return "Cookie", "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    def _keep(self, reply: Reply) -> Reply:
        for line in reply.headers.get_all("Set-Cookie", []):
            name, _, value = line.partition(";")[0].partition("=")
            self._cookies[name] = value
        return reply
