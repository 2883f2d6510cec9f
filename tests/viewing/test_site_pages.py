"""The home page and the API guide, which must say what the code does."""

import re
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import resolve

from accounts.models import Scope
from api.gifts.states import EDGES
from api.urls import router
from giftflick.site import ENDPOINTS, SCOPES, Endpoint

EXAMPLES = {"id": str(UUID(int=0)), "slug": "birthday-confetti", "token": "A" * 32}


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_page_stands_on_its_own(path: str, client: Client) -> None:
    answer = client.get(path)

    assert answer.status_code == 200
    assert answer["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    assert not answer.cookies
    text = answer.content.decode()
    assert not re.search(r'<(?:script|link|img)[^>]*(?:src|href)="(?!/)', text)
    assert not re.search(r"<script|\bstyle=|\bon\w+=", text)


def test_the_guide_shows_every_state_and_scope(client: Client) -> None:
    text = client.get("/docs").content.decode()

    for state, targets in EDGES.items():
        row = re.search(rf"<tr><td><code>{state}</code></td><td>.*?</td><td>(.*?)</td></tr>", text)
        assert row is not None
        assert sorted(row[1].split(", ")) == (sorted(map(str, targets)) or ["it is over", "nothing"])
    assert set(SCOPES) == set(Scope)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: f"{endpoint.method} {endpoint.path}")
def test_every_endpoint_of_the_guide_is_there(endpoint: Endpoint) -> None:
    view: Any = resolve(endpoint.path.format(**EXAMPLES)).func

    actions = getattr(view, "actions", {})
    if actions:
        assert endpoint.method.lower() in actions
    if endpoint.scope is not None:
        assert view.cls.required_scopes[actions[endpoint.method.lower()]] == endpoint.scope


def test_every_endpoint_under_v1_is_in_the_guide() -> None:
    views: list[tuple[str, Any]] = [(str(route.pattern), route.callback) for route in router.urls]
    routes = {
        (method.upper(), "/v1/" + re.sub(r"<[^>]*?(\w+)>", r"{\1}", pattern).replace("{pk}", "{id}"))
        for pattern, view in views
        for method in view.actions
        if method != "head"
    }

    assert {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS if endpoint.path.startswith("/v1/")} == routes
