"""The API key's format, and who gets in with it."""

import random
import string
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from accounts import keys, services
from accounts.models import WEB_PAGE_SCOPES, Account, ApiKey, Scope
from accounts.selectors import api_key_presented_as
from tests.conftest import client_for


@pytest.mark.parametrize("livemode", [True, False])
def test_a_key_is_made_as_the_contract_says(livemode: bool) -> None:
    key = keys.generate(livemode=livemode)

    prefix, mode, key_id, tail = key.split("_")
    assert (prefix, mode, len(key_id), len(tail)) == ("gf", "live" if livemode else "test", 12, 38)
    presented = keys.parse(key)
    assert presented is not None
    assert (presented.id, presented.livemode, presented.digest) == (key_id, livemode, keys.digest(key))


def test_a_known_key_has_a_known_check() -> None:
    """So that a leak scanner's rule, written once, stays true."""
    assert keys._check("gf_live_000000000000_00000000000000000000000000000000") == "2cV6pa"


@pytest.mark.django_db
def test_mistyped_keys_are_refused_without_a_query(django_assert_num_queries: Any, now: datetime) -> None:
    chance = random.Random(7)  # noqa: S311
    key = keys.generate(livemode=True)

    def mistyped() -> str:
        position = chance.randrange(len(key))
        other = chance.choice(string.printable)
        before, after = key[:position], key[position + 1 :]
        return chance.choice([before + other + after, before + after, key + other, before])

    variants = {mistyped() for _ in range(10_000)} - {key}

    with django_assert_num_queries(0):
        assert [variant for variant in variants if api_key_presented_as(variant, now=now)] == []


@pytest.mark.parametrize("text", ["", "gf", "gf_live__", "x" * 10_000, "gf_live_ÄÄÄÄÄÄÄÄÄÄÄÄ_" + "é" * 38, "\x00"])
def test_rubbish_is_no_key(text: str) -> None:
    assert keys.parse(text) is None


def test_only_the_digest_is_stored(account: Account, now: datetime) -> None:
    record, text = services.issue_api_key(account, name="shop", livemode=True, created_by="tests", now=now)

    stored = str(list(ApiKey.objects.values()))
    secret = text.rpartition("_")[2]
    assert secret not in stored
    assert record.digest == keys.digest(text)


def test_a_well_formed_key_with_a_wrong_secret_is_refused(account: Account, now: datetime) -> None:
    record, text = services.issue_api_key(account, name="shop", livemode=True, created_by="tests", now=now)
    body = f"gf_live_{record.pk}_{'0' * 32}"

    assert api_key_presented_as(body + keys._check(body), now=now) is None
    assert api_key_presented_as(text, now=now) == record


def test_a_live_key_does_not_pass_as_a_test_key(account: Account, now: datetime) -> None:
    _, text = services.issue_api_key(account, name="shop", livemode=True, created_by="tests", now=now)
    body = text.replace("gf_live", "gf_test")[:-6]

    assert api_key_presented_as(body + keys._check(body), now=now) is None


def test_expired_and_revoked_keys_are_refused(account: Account, now: datetime) -> None:
    hour = timedelta(hours=1)
    expiring, first = services.issue_api_key(
        account, name="a", livemode=True, created_by="tests", now=now, expires_at=now + hour
    )
    revoked, second = services.issue_api_key(account, name="b", livemode=True, created_by="tests", now=now)

    assert api_key_presented_as(first, now=now) == expiring
    assert api_key_presented_as(first, now=now + hour) is None
    services.revoke_api_key(revoked, now=now)
    services.revoke_api_key(revoked, now=now + hour)
    assert api_key_presented_as(second, now=now) is None
    assert revoked.revoked_at == now


def test_the_command_shows_the_key_once(account: Account) -> None:
    out = StringIO()

    call_command("api_key", "issue", "--account", account.name, "--name", "shop", "--scopes", "gifts:read", stdout=out)

    import json

    answer = json.loads(out.getvalue())
    key = ApiKey.objects.get(pk=answer["id"])
    assert (key.name, key.scopes, key.livemode) == ("shop", ["gifts:read"], True)
    assert keys.digest(answer["key"]) == key.digest


@pytest.mark.parametrize(
    "arguments",
    [
        ["--account", "Nobody", "--name", "x"],
        ["--account", "Confetti Shop", "--name", "x", "--scopes", "gifts:read,everything"],
        ["--account", "Confetti Shop", "--name", "x", "--expires-in-days", "0"],
    ],
)
def test_the_command_says_what_is_wrong(arguments: list[str], account: Account) -> None:
    with pytest.raises(CommandError):
        call_command("api_key", "issue", *arguments)

    assert ApiKey.objects.count() == 0


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


def test_a_suspended_account_is_refused_by_name(api: APIClient, account: Account, now: datetime) -> None:
    services.suspend_account(account, now=now)
    refused = api.get("/v1/account")
    services.resume_account(account)

    assert (refused.status_code, refused.json()["code"]) == (403, "account_suspended")
    assert api.get("/v1/account").status_code == 200


def test_a_missing_scope_is_refused(account: Account) -> None:
    client = client_for(account, scopes=[Scope.GIFTS_READ])

    response = client.get("/v1/account")

    assert (response.status_code, response.json()["code"]) == (403, "missing_scope")


def test_keys_in_other_places_do_not_count(account: Account, now: datetime) -> None:
    _, key = services.issue_api_key(account, name="a", livemode=True, created_by="tests", now=now)
    client = APIClient()

    assert client.get("/v1/account", {"api_key": key}).status_code == 401
    assert client.get("/v1/account", headers={"Authorization": f"Bearer {key}"}).status_code == 401
    client.cookies["X-API-Key"] = key
    assert client.get("/v1/account").status_code == 401


def test_the_day_of_use_is_noted_once_a_day(api: APIClient, django_assert_num_queries: Any) -> None:
    api.get("/v1/templates")
    assert ApiKey.objects.get().last_used_on is not None

    with django_assert_num_queries(2):
        api.get("/v1/templates")


def test_a_web_pages_scopes_are_the_first_four() -> None:
    assert list(Scope)[:4] == WEB_PAGE_SCOPES
