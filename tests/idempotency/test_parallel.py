"""Many at once with one key, over HTTP, each with its own thread and connection on the site's side."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import urllib3
from pytest_django.live_server_helper import LiveServer

from accounts.models import Account
from accounts.services import issue_api_key
from api.gifts.models import Gift
from tests.conftest import NOW

AT_ONCE = 50


@pytest.fixture
def key(account: Account) -> str:
    return issue_api_key(account, name="shop", livemode=True, created_by="tests", now=NOW)[1]


def test_fifty_calls_at_once_make_one_gift_and_all_get_its_answer_in_the_end(
    live_server: LiveServer, key: str, body: dict[str, Any]
) -> None:
    http = urllib3.PoolManager(maxsize=AT_ONCE, retries=False, timeout=60)

    def create(_number: int) -> urllib3.BaseHTTPResponse:
        headers = {"X-API-Key": key, "Idempotency-Key": "order-1001", "Content-Type": "application/json"}
        return http.request("POST", f"{live_server.url}/v1/gifts", body=json.dumps(body), headers=headers)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        first = list(pool.map(create, range(AT_ONCE)))
        second = list(pool.map(create, range(AT_ONCE)))

    (gift,) = Gift.objects.all()
    made = [answer for answer in first if answer.status == 201]
    refused = [answer for answer in first if answer.status == 409]
    assert len(made) + len(refused) == AT_ONCE
    assert [answer.headers.get("Idempotent-Replayed") for answer in made].count(None) == 1
    assert {(answer.json()["code"], answer.headers["Retry-After"]) for answer in refused} <= {
        ("idempotency_in_progress", "1")
    }
    assert Counter(answer.status for answer in second) == {201: AT_ONCE}
    assert {answer.data for answer in [*made, *second]} == {made[0].data}
    assert made[0].json()["id"] == str(gift.pk)
