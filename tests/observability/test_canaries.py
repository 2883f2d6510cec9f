"""A gift's whole life, and what fails in it, with secrets in every field: none is in any log line, at any level."""

import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import Account
from accounts.services import issue_api_key
from api.delivery.backends import get_backend
from api.outbox.drain import drain
from api.outbox.models import Job
from api.rendering.models import Render
from api.templates.models import Template
from api.templates.services import seed_templates
from api.tick import tick
from tests import build
from tests.conftest import Lines
from tests.webhooks.receivers import Receiver, says

pytestmark = pytest.mark.django_db(transaction=True)

PERSON = {"name": "Hush Hushington", "email": "hush@example.com"}
QUOTING = json.dumps({"message": "hush@example.com", "errors": [{"message": "hush@example.com"}]}).encode()


@pytest.fixture
def now() -> datetime:
    """Requests look at the clock themselves."""
    return timezone.now()


@pytest.fixture
def failing_vendors(vendor: Receiver, settings: Settings) -> Iterator[Receiver]:
    """Renderer, SendGrid and the shop's endpoint in one; it quotes what it was told."""
    vendor.answer = says(400, QUOTING, "Connection: close")
    settings.RENDERER_URL = settings.SENDGRID_URL = vendor.url("")
    get_backend.cache_clear()
    yield vendor
    get_backend.cache_clear()


@pytest.fixture
def key(account: Account, now: datetime) -> str:
    return issue_api_key(account, name="Shop", livemode=True, created_by="tests", now=now)[1]


@pytest.fixture
def written(log_lines: Lines, caplog: pytest.LogCaptureFixture, stage: str) -> Lines:
    """The log at its most talkative."""
    caplog.set_level(logging.DEBUG)
    return log_lines


def is_silent(lines: list[dict[str, Any]], *secrets: str) -> bool:
    text = json.dumps(lines)
    assert len(lines) > 0
    return not any(secret in text for secret in ("hush", "Hush", "X-Amz-Signature", *secrets))


def test_a_gift_whose_vendors_quote_what_they_were_told(
    failing_vendors: Receiver, account: Account, key: str, written: Lines, now: datetime
) -> None:
    seed_templates(now=now)
    shop = APIClient(headers={"X-API-Key": key, "X-Request-Id": "order-4711"})
    endpoint = {"url": failing_vendors.url("/hook?token=hush"), "types": ["gift.rendering"]}
    content = {"template": "birthday-confetti", "sender": PERSON, "recipient": PERSON, "message": "hush, a secret"}

    answers = [
        shop.post("/v1/webhook-endpoints", endpoint),
        shop.post("/v1/uploads", {"filename": "hush.jpg", "content_type": "image/jpeg", "size": 1000}),
        created := shop.post("/v1/gifts", content),
        shop.get("/v1/gifts?recipient_email=hush@example.com"),
        shop.post(f"/v1/gifts/{created.json()['id']}/submit"),
    ]
    drain(clock=timezone.now, until=timezone.now() + timedelta(minutes=1))
    tick(clock=timezone.now, budget=timedelta())

    assert [answer.status_code for answer in answers] == [201, 201, 201, 200, 200]
    assert {received.path for received in failing_vendors.received} >= {"/edit/v1/render", "/v3/mail/send"}
    assert any("hook" in received.path for received in failing_vendors.received)
    assert {(line["vendor"], line["status"]) for line in written() if line["message"] == "vendor call"} == {
        ("renderer", 400),
        ("sendgrid", 400),
        ("webhook", 400),
        ("s3", 200),
    }
    assert is_silent(written(), key, key.rpartition("_")[2], answers[0].json()["secret"])


def test_a_recipients_visit_and_a_vendors_callbacks(account: Account, written: Lines, now: datetime) -> None:
    gift = build.sent(account, now, recipient=PERSON, sender=PERSON)
    render = Render.objects.get(gift=gift)
    callback = f"/hooks/renderer/{render.pk}/{render.secret}"
    visitor = Client()

    answers = [
        visitor.get(f"/g/{gift.token}?utm_source=hush"),
        visitor.get(f"/public/gifts/{gift.token}"),
        visitor.post(f"/public/gifts/{gift.token}/thanks", {"message": "hush"}, "application/json"),
        visitor.post(callback, {"url": "https://hush.example/x?X-Amz-Signature=1"}, "application/json"),
        visitor.post("/hooks/sendgrid", [{"email": "hush@example.com"}], "application/json"),
        visitor.get(f"/g/{gift.token}", headers={"Host": "hush.example"}),
        Client(enforce_csrf_checks=True).post(f"/g/{gift.token}", {"hush": "hush"}),
        visitor.post("/admin/login/", {"username": "hush@example.com", "password": "hush"}),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 201, 204, 403, 400, 403, 200]
    assert is_silent(written(), gift.token, render.secret)


def test_a_job_that_stumbles_over_what_a_row_holds(account: Account, written: Lines, now: datetime) -> None:
    """Python's words are "unexpected keyword argument 'hush@example.com'"."""
    Template.objects.update(theme={"hush@example.com": "hush"})
    build.rendering(account, now, recipient=PERSON, sender=PERSON)

    drain(clock=timezone.now, until=timezone.now() + timedelta(minutes=1))

    assert Job.objects.filter(kind="render.submit", state="waiting", last_error="TypeError").exists()
    assert is_silent(written())
