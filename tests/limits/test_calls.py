"""What a caller is told of the limit, and what happens to one who calls too often."""

from datetime import datetime
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.urls import include, path
from django.utils import timezone
from pytest_django import Settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient

from accounts.addresses import client_address
from accounts.models import Account, RateWindow, Scope
from accounts.throttling import CALLS_OF_AN_ADDRESS
from api.viewsets import ApiViewSet
from tests import build
from tests.conftest import client_for

GIFTS = "/v1/gifts"
ANYBODYS = ["/public/gifts/nobodys", "/public", "/g/nobodys", "/c/nobodys", "/readyz"]


class Crash(ApiViewSet):
    required_scopes = {"list": Scope.ACCOUNT_READ}

    def list(self, request: Request) -> Response:
        raise RuntimeError(request.method)


urlpatterns = [path("v1/crash", Crash.as_view({"get": "list"})), path("", include("giftflick.urls"))]


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def limits(response: Any) -> tuple[str, int]:
    """The policy, and what is left of it."""
    name, left, ends = response["RateLimit"].split(";")
    assert (name, left[:2], ends[:2]) == ('"default"', "r=", "t=")
    assert 0 < int(ends[2:]) <= 60
    return response["RateLimit-Policy"], int(left[2:])


def test_every_answer_to_a_caller_says_what_is_left(
    account: Account, template: Any, now: datetime, settings: Settings
) -> None:
    settings.ROOT_URLCONF = __name__
    gift = build.draft(account, now)
    client = client_for(account, scopes=[Scope.GIFTS_READ, Scope.ACCOUNT_READ])
    client.raise_request_exception = False

    answers = [
        client.get(GIFTS),
        client.get(f"{GIFTS}?limit=0"),
        client.post(GIFTS, {}),
        client.get(f"{GIFTS}/0193f000-0000-7000-8000-000000000000"),
        client.put(GIFTS, {}),
        client.options(GIFTS),
        client.head(f"{GIFTS}/{gift.pk}"),
        client.get("/v1/crash"),
    ]

    assert [answer.status_code for answer in answers] == [200, 400, 403, 404, 405, 204, 200, 500]
    assert [limits(answer) for answer in answers] == [
        ('"default";q=600;w=60', left) for left in range(599, 599 - len(answers), -1)
    ]


def test_who_is_nobody_has_no_limit_to_be_told(db: None) -> None:
    for headers in ({}, {"X-API-Key": "gf_live_x"}):
        answer = APIClient(headers=headers).get(GIFTS)
        assert (answer.status_code, "RateLimit" in answer, "RateLimit-Policy" in answer) == (401, False, False)


def test_a_call_too_many_is_refused_before_anything_else_is_looked_at(account: Account) -> None:
    account.requests_per_minute = 2
    account.save()
    client = client_for(account, scopes=[Scope.GIFTS_READ])
    assert [client.get(GIFTS).status_code, client.post(GIFTS, {}).status_code] == [200, 403]

    answers = [client.get(GIFTS), client.post(GIFTS, {}), client.put(GIFTS, {})]

    for answer in answers:
        assert (answer.status_code, answer["Content-Type"]) == (429, "application/problem+json")
        assert answer.json()["code"] == "rate_limited"
        assert limits(answer) == ('"default";q=2;w=60', 0)
        assert answer["RateLimit"] == f'"default";r=0;t={answer["Retry-After"]}'


def test_each_key_has_a_limit_of_its_own(account: Account) -> None:
    account.requests_per_minute = 1
    account.save()
    clients = [client_for(account), client_for(account, livemode=False)]

    assert [client.get(GIFTS).status_code for client in clients * 2] == [200, 200, 429, 429]


def test_a_limit_of_nothing_lets_nothing_pass(account: Account) -> None:
    account.requests_per_minute = 0
    account.save()

    answer = client_for(account).get(GIFTS)

    assert (answer.status_code, limits(answer)) == (429, ('"default";q=0;w=60', 0))


@pytest.mark.parametrize("place", ANYBODYS)
def test_without_a_key_the_address_is_what_counts(place: str, db: None) -> None:
    client = Client()
    for number in range(CALLS_OF_AN_ADDRESS):
        assert client.get(place, headers={"X-Forwarded-For": f"203.0.113.{number % 200}"}).status_code != 429

    answer = client.get(place)

    kind = "text/html; charset=utf-8" if place[1] in "gc" else "application/problem+json"
    assert (answer.status_code, answer["Content-Type"]) == (429, kind)
    assert answer["RateLimit"] == f'"address";r=0;t={answer["Retry-After"]}'
    assert client.get(place, REMOTE_ADDR="203.0.113.7").status_code != 429


def test_nothing_else_counts_for_an_address(db: None) -> None:
    client = Client()

    for place in ("/healthz", "/", "/nowhere", "/gone", "/publications", "/readyz/", "/v1/gifts", "/hooks/sendgrid"):
        client.get(place)

    assert not RateWindow.objects.exists()


@pytest.mark.parametrize(
    ("environment", "address"),
    [
        ({"REMOTE_ADDR": "203.0.113.1"}, "203.0.113.1"),
        ({"REMOTE_ADDR": "203.0.113.1", "giftflick.client_address": "198.51.100.2"}, "198.51.100.2"),
        ({"REMOTE_ADDR": "203.0.113.1", "HTTP_X_FORWARDED_FOR": "198.51.100.2"}, "203.0.113.1"),
        ({"REMOTE_ADDR": "203.0.113.1", "HTTP_GIFTFLICK_CLIENT_ADDRESS": "198.51.100.2"}, "203.0.113.1"),
    ],
)
def test_the_address_comes_from_the_gateways_event_or_the_connection(environment: dict[str, str], address: str) -> None:
    request = RequestFactory().get("/readyz")
    request.META |= environment

    assert client_address(request) == address
