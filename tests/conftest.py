"""What most tests start from: an account, its keys, a client, a template."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
import uuid6
from django.core.servers.basehttp import WSGIServer
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Account, OrderGate, Scope
from accounts.services import create_account, issue_api_key
from accounts.throttling import limiter
from api.templates.models import Template
from giftflick.logs import JsonFormatter

Lines = Callable[[], list[dict[str, Any]]]

# Django lets ten callers wait at its test server's door; of fifty at once the kernel turned some away.
WSGIServer.request_queue_size = 128

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def unlimited() -> None:
    """What a test takes of an address's calls is not held against the next one."""
    limiter.forget()


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def standing_clock(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands at `now`, also for ids: no midnight between what a test writes and what a page reads."""
    monkeypatch.setattr(timezone, "now", lambda: now)
    monkeypatch.setattr(uuid6, "time", SimpleNamespace(time_ns=lambda: int(now.timestamp()) * 10**9))
    monkeypatch.setattr(uuid6, "_last_v7_timestamp", None)  # else they go on from the last one


@pytest.fixture
def account(db: None) -> Account:
    return create_account(name="Confetti Shop", email="shop@confetti.example", order_gate=OrderGate.PER_GIFT)


@pytest.fixture
def other_account(db: None) -> Account:
    return create_account(name="Other Shop", email="shop@other.example", order_gate=OrderGate.PER_GIFT)


def client_for(account: Account, *, livemode: bool = True, scopes: list[Scope] | None = None) -> APIClient:
    """A client that sends a fresh key of the account."""
    _, key = issue_api_key(account, name="test", livemode=livemode, created_by="tests", now=NOW, scopes=scopes)
    return APIClient(headers={"X-API-Key": key})


@pytest.fixture
def api(account: Account) -> APIClient:
    return client_for(account)


@pytest.fixture
def test_api(account: Account) -> APIClient:
    return client_for(account, livemode=False)


@pytest.fixture
def other_api(other_account: Account) -> APIClient:
    return client_for(other_account)


@pytest.fixture
def template(db: None) -> Template:
    return Template.objects.create(
        slug="plain-birthday",
        name="Plain birthday",
        occasion="birthday",
        status="published",
        duration_s=20,
        fields=[{"name": "headline", "label": "Headline", "required": False, "max_length": 40, "default": "Hooray"}],
    )


@pytest.fixture
def body(template: Template) -> dict[str, Any]:
    """The smallest create."""
    return {
        "template": template.slug,
        "sender": {"name": "Ana", "email": "ana@example.com"},
        "recipient": {"name": "Ben", "email": "ben@example.com"},
    }


@pytest.fixture
def log_lines() -> Iterator[Lines]:
    """What the log has got so far, as it is written to standard error."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)
