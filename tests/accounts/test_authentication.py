"""Who is let into `/v1`: by the gateway's word, else by the key in its header, and by nothing else."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts import keys, services
from accounts.authentication import Caller
from accounts.models import Account, ApiKey, Scope
from giftflick.lambda_http import AUTHORIZER
from tests.accounts.proxy import Proxy
from tests.conftest import client_for

pytestmark = pytest.mark.usefixtures("table")


def context(account: Account, **changes: Any) -> dict[str, Any]:
    return {
        "account_id": str(account.pk),
        "account_name": account.name,
        "livemode": True,
        "key_id": "abcdefghijkl",
        "key_name": "Web page",
        "scopes": "account:read gifts:read",
        "requests_per_minute": 600,
        "mails_per_day": 2000,
        "origins": "",
        **changes,
    }


def through_gateway(context: dict[str, Any]) -> APIClient:
    client = APIClient(raise_request_exception=False)
    environ: dict[str, Any] = client.defaults
    environ[AUTHORIZER] = context
    return client


def record_of(account: Account, now: Any, key_id: str = "abcdefghijkl") -> ApiKey:
    """Of a key that only its context speaks of."""
    return ApiKey.objects.create(
        id=key_id, account=account, name="Web page", livemode=True, digest="", scopes=[], created_at=now
    )


def key_of(account: Account, now: Any) -> tuple[ApiKey, str]:
    return services.issue_api_key(account, name="a", livemode=True, created_by="tests", now=now)


def test_the_account_shows_who_calls(api: APIClient, account: Account) -> None:
    answer = api.get("/v1/account").json()

    key = ApiKey.objects.get()
    assert answer["usage"].pop("since").endswith("Z")
    assert answer == {
        "id": str(account.pk),
        "name": "Confetti Shop",
        "livemode": True,
        "key": {"id": key.pk, "name": "test"},
        "scopes": sorted(Scope.values),
        "limits": {"requests_per_minute": 600, "mails_per_day": 2000},
        "usage": {"gifts": 0, "renders": 0, "mails": 0},
    }


@pytest.mark.parametrize("reason", ["missing", "malformed", "unknown", "revoked", "expired", "twice"])
def test_a_key_that_does_not_work_is_a_401(reason: str, account: Account, now: Any) -> None:
    record, key = key_of(account, now)
    if reason == "revoked":
        services.revoke_api_key(record, revoked_by="ada", now=now)
    elif reason == "expired":
        services.rotate_api_key(record, overlap=now - now, created_by="ada", now=now)
    sent = {"missing": None, "malformed": key[:-1], "unknown": keys.generate(livemode=True), "twice": f"{key},{key}"}
    presented = sent.get(reason, key)

    answer = APIClient(headers={"X-API-Key": presented} if presented else {}).get("/v1/account")

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "X-API-Key")
    assert answer.json()["code"] == ("not_authenticated" if reason == "missing" else "authentication_failed")


def test_a_suspended_account_is_refused_by_name(api: APIClient, account: Account, now: Any) -> None:
    services.suspend_account(account, now=now)
    refused = api.get("/v1/account")
    services.resume_account(account, now=now)

    assert (refused.status_code, refused.json()["code"]) == (403, "account_suspended")
    assert api.get("/v1/account").status_code == 200


def test_a_missing_scope_is_refused(account: Account) -> None:
    client = client_for(account, scopes=[Scope.GIFTS_READ])

    response = client.get("/v1/account")

    assert (response.status_code, response.json()["code"]) == (403, "missing_scope")


def test_keys_in_other_places_do_not_count(account: Account, now: Any) -> None:
    _, key = key_of(account, now)
    client = APIClient()

    assert client.get("/v1/account", {"api_key": key}).status_code == 401
    assert client.get("/v1/account", headers={"Authorization": f"Bearer {key}"}).status_code == 401
    client.cookies["X-API-Key"] = key
    assert client.get("/v1/account").status_code == 401


def test_the_gateways_word_counts_and_costs_no_read(account: Account, proxy: Proxy, now: Any) -> None:
    record_of(account, now)
    client = through_gateway(context(account, livemode=False))

    answer = client.get("/v1/account")

    assert (answer.status_code, answer.json()["livemode"]) == (200, False)
    assert answer.json()["key"] == {"id": "abcdefghijkl", "name": "Web page"}
    assert proxy.calls == []


@pytest.mark.parametrize(
    "name",
    [
        "Giftflick-Authorizer", "giftflick.authorizer", "giftflick_authorizer", "X-Giftflick-Authorizer",
        "Authorizer", "X-Amzn-Request-Context", "requestContext",
    ],
)  # fmt: skip
def test_no_header_is_taken_for_the_gateways_word(name: str, account: Account) -> None:
    import json

    answer = APIClient(headers={name: json.dumps(context(account))}).get("/v1/account")

    assert answer.status_code == 401


@pytest.mark.parametrize("name", sorted(Caller.__annotations__))
def test_half_a_word_of_the_gateway_makes_no_caller(name: str, account: Account) -> None:
    half = context(account)
    del half[name]
    client = through_gateway(half)

    assert client.get("/v1/account").status_code == 500


@pytest.mark.parametrize(
    "changes", [{"livemode": "true"}, {"livemode": 1}, {"account_id": "1"}, {"requests_per_minute": "many"}]
)
def test_a_word_that_makes_no_sense_makes_no_caller(changes: dict[str, Any], account: Account) -> None:
    client = through_gateway(context(account, **changes))

    assert client.get("/v1/account").status_code == 500


def test_a_caller_is_what_the_context_says(account: Account) -> None:
    given = context(account, scopes="gifts:read orders:write", origins="https://a.example https://b.example")

    assert Caller.from_context(given) == Caller(
        account_id=account.pk,
        account_name="Confetti Shop",
        livemode=True,
        key_id="abcdefghijkl",
        key_name="Web page",
        scopes=frozenset({"gifts:read", "orders:write"}),
        requests_per_minute=600,
        mails_per_day=2000,
        origins=frozenset({"https://a.example", "https://b.example"}),
    )


def test_a_key_whose_record_was_lost_is_nobodys(account: Account) -> None:
    client = through_gateway(context(account, key_id="nobodyskey00"))

    answers = [client.get("/v1/account"), client.post("/v1/gifts", {}, headers={"Idempotency-Key": "a"})]

    assert [answer.status_code for answer in answers] == [401, 401]


def test_another_account_than_the_contexts_is_not_reached(account: Account, now: Any) -> None:
    record_of(account, now)
    client = through_gateway(context(account, account_id=str(uuid4())))

    assert client.get("/v1/gifts").json()["results"] == []


def test_a_call_is_known_by_its_caller_in_middleware_and_log(api: APIClient, account: Account) -> None:
    request: Any = api.get("/v1/account").wsgi_request

    assert request.caller.key_id == ApiKey.objects.get().pk
    assert request.log_context == {"account": str(account.pk), "key": request.caller.key_id}


@pytest.mark.usefixtures("standing_clock")
def test_the_day_of_use_is_noted_once(api: APIClient) -> None:
    written = []
    for _ in range(3):
        with CaptureQueriesContext(connection) as queries:
            api.get("/v1/account")
        written.append(sum('"last_used_on" =' in query["sql"] for query in queries))

    assert written == [1, 0, 0]
    assert ApiKey.objects.get().last_used_on is not None
