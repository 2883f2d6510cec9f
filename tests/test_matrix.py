"""Every route and method under `/v1` by six identities; the URLconf makes the table, so that none can be forgotten."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, path
from django.utils import timezone
from pytest_django import Settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient

from accounts.models import Account, Scope
from accounts.services import suspend_account
from api.gifts.models import Gift
from api.media.models import Upload
from api.templates.models import Template
from api.viewsets import ApiViewSet
from api.webhooks.models import WebhookDelivery, WebhookEndpoint
from tests import build
from tests.conftest import client_for

OPEN = {"v1/openapi.json"}
EVERYBODYS = {"v1/templates", "v1/templates/<slug:slug>"}
IDENTITIES = ["none", "other account", "other mode", "missing scope", "suspended", "right"]


@dataclass(frozen=True)
class Operation:
    method: str
    route: str
    action: str
    view: type[ApiViewSet]

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.route}"

    @property
    def is_about_one(self) -> bool:
        return "<" in self.route


def routes(patterns: Any = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route, pattern
        elif isinstance(pattern, URLResolver) and "admin" not in route:
            yield from routes(pattern.url_patterns, route)


def operations() -> list[Operation]:
    found = []
    for route, pattern in routes():
        view = getattr(pattern.callback, "cls", None)
        if route.startswith("v1") and route not in OPEN:
            assert view is not None, f"{route} is served by no viewset"
            assert issubclass(view, ApiViewSet), f"{route} is served by no ApiViewSet"
            actions: dict[str, str] = pattern.callback.actions  # type: ignore[attr-defined]
            found += [Operation(method, route, action, view) for method, action in actions.items() if method != "head"]
    return found


OPERATIONS = operations()


class Forgotten(ApiViewSet):
    def list(self, request: Request) -> Response:
        raise NotImplementedError(request.method)


urlpatterns = [path("v1/forgotten", Forgotten.as_view({"get": "list"}))]


@dataclass(frozen=True)
class Shop:
    """One of everything that routes are about."""

    gift: Gift
    upload: Upload
    template: Template
    endpoint: WebhookEndpoint
    delivery: WebhookDelivery

    def path_of(self, route: str) -> str:
        """A parameter stands for one of what the segment before it names."""
        ids = {
            "gifts": self.gift.pk,
            "uploads": self.upload.pk,
            "templates": self.template.slug,
            "webhook-endpoints": self.endpoint.pk,
            "deliveries": self.delivery.pk,
        }
        return "/" + re.sub(r"([a-z-]+)/<[^>]+>", lambda match: f"{match[1]}/{ids[match[1]]}", route)

    def rows(self) -> list[dict[str, Any]]:
        """All that a call could change, but for what it makes anew."""
        objects = [self.gift, self.upload, self.endpoint, self.delivery]
        return [row for object_ in objects for row in type(object_).objects.filter(pk=object_.pk).values()]  # type: ignore[attr-defined]

    def secrets(self) -> list[str]:
        return [str(self.gift.pk), str(self.upload.pk), str(self.endpoint.pk), str(self.delivery.pk), "Happy 30th!"]


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def shop(account: Account, template: Template, now: datetime) -> Shop:
    upload = build.ready_upload(account, now)
    endpoint = WebhookEndpoint.objects.create(
        account=account,
        livemode=True,
        url="https://93.184.215.14/",
        types=["gift.sent"],
        secret="whsec_c2VjcmV0",
        created_at=now,
        updated_at=now,
    )
    delivery = WebhookDelivery.objects.create(
        endpoint=endpoint,
        event_id=upload.pk,
        type="gift.sent",
        body="{}",
        status="delivered",
        created_at=now,
        finished_at=now,
    )
    return Shop(build.draft(account, now), upload, template, endpoint, delivery)


def client_as(identity: str, operation: Operation, account: Account, other: Account, now: datetime) -> APIClient:
    needed = operation.view.required_scopes[operation.action]
    match identity:
        case "none":
            return APIClient()
        case "other account":
            return client_for(other)
        case "other mode":
            return client_for(account, livemode=False)
        case "missing scope":
            return client_for(account, scopes=[scope for scope in Scope if scope != needed])
        case "suspended":
            client = client_for(account)
            suspend_account(account, now=now)
            return client
    return client_for(account, scopes=[needed])


def expected(identity: str, operation: Operation) -> set[tuple[int, str]]:
    """Status and code; the code of what is no problem is empty."""
    invited = {(200, ""), (201, ""), (204, ""), (202, ""), (400, "validation_error"), (409, "invalid_state")}
    match identity:
        case "none":
            return {(401, "not_authenticated")}
        case "missing scope":
            return {(403, "missing_scope")}
        case "suspended":
            return {(403, "account_suspended")}
        case "other account" | "other mode" if operation.is_about_one and operation.route not in EVERYBODYS:
            return {(404, "not_found")}
    return invited


@pytest.mark.parametrize("identity", IDENTITIES)
@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_each_gets_what_is_theirs(
    operation: Operation, identity: str, shop: Shop, account: Account, other_account: Account, now: datetime
) -> None:
    client = client_as(identity, operation, account, other_account, now)
    before = shop.rows()

    answer = getattr(client, operation.method)(shop.path_of(operation.route))

    is_json = answer.content and answer["Content-Type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"] if is_json else "") in expected(identity, operation)
    if identity != "right":
        assert shop.rows() == before
        assert [secret for secret in shop.secrets() if secret in answer.content.decode()] == []


def test_every_action_names_its_scope_and_no_scope_is_for_nothing() -> None:
    actions = {(operation.view, operation.action) for operation in OPERATIONS}
    named = {(view, action) for view, _ in actions for action in view.required_scopes}

    assert named == actions


def test_a_view_that_names_no_scope_lets_nobody_in(account: Account, settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__

    answer = client_for(account).get("/v1/forgotten")

    assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")
