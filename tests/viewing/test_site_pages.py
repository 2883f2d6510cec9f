"""The home page, the API guide and what machines read: they must say what the code does."""

import re
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import resolve

from accounts.models import Scope
from api.gifts.states import EDGES
from api.urls import router
from api.webhooks.states import WebhookType
from giftflick.site import SCOPES, Endpoint, endpoints

EXAMPLES = {"id": str(UUID(int=0)), "delivery": str(UUID(int=0)), "slug": "birthday-confetti", "token": "A" * 32}


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_page_stands_on_its_own(path: str, client: Client) -> None:
    answer = client.get(path)

    assert answer.status_code == 200
    assert answer["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    assert not answer.cookies
    text = answer.content.decode()
    assert not re.search(r'<(?:script|link|img)[^>]*(?:src|href)="(?!/)', text)
    assert not re.search(r"<script|\bstyle=|\bon\w+=", text)


def test_the_guide_shows_every_state_scope_and_webhook_type(client: Client) -> None:
    text = client.get("/docs").content.decode()

    for state, targets in EDGES.items():
        row = re.search(rf"<tr><td><code>{state}</code></td><td>.*?</td><td>(.*?)</td></tr>", text)
        assert row is not None
        assert sorted(row[1].split(", ")) == (sorted(map(str, targets)) or ["it is over", "nothing"])
    assert set(SCOPES) == set(Scope)
    assert [kind for kind in WebhookType.values if f"<code>{kind}</code>" not in text] == []


def test_the_guides_contents_lead_somewhere(client: Client) -> None:
    text = client.get("/docs").content.decode()

    targets = re.findall(r'href="#([a-z]+)"', text)

    assert [target for target in targets if target != "main" and f'<h2 id="{target}">' not in text] == []
    assert len(set(targets)) == len(targets)


@pytest.mark.parametrize("endpoint", endpoints(), ids=lambda endpoint: f"{endpoint.method} {endpoint.path}")
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
    } | {("GET", "/v1/openapi.json")}

    assert {(place.method, place.path) for place in endpoints() if place.path.startswith("/v1/")} == routes


def test_a_language_model_is_told_where_to_read(client: Client) -> None:
    answer = client.get("/llms.txt")

    assert (answer.status_code, answer["Content-Type"]) == (200, "text/plain; charset=utf-8")
    title, blank, summary, *_ = answer.content.decode().splitlines()
    assert (title, blank, summary[:2]) == ("# Giftflick", "", "> ")
    links = re.findall(r"^- \[[^]]+\]\(https?://[^/]+([^)]*)\): \S", answer.content.decode(), re.MULTILINE)
    assert [(link, client.get(link).status_code) for link in links] == [
        ("/docs", 200),
        ("/v1/openapi.json", 200),
        ("/docs/reference", 200),
        ("/healthz", 200),
    ]
