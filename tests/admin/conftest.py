"""A founder at the admin, and a system with something on every page."""

import json
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone

import giftflick.admin_urls  # noqa: F401 - finds the pages, as the first request to the admin does
from accounts.models import Account, User
from accounts.services import issue_api_key
from api.audit.services import record
from api.console.models import QueryRun, SavedQuery
from api.delivery.models import MailEvent
from api.gifts import services
from api.gifts.models import Gift
from api.gifts.states import GiftStatus
from api.outbox.models import Job
from api.rendering.services import record_callback
from api.suppressions.services import suppress_address
from api.suppressions.states import SuppressionReason
from api.templates.models import Template
from api.today.services import make_figures
from api.webhooks import services as webhooks
from api.webhooks.models import WebhookDelivery
from api.webhooks.outcomes import Outcome
from tests import build
from tests.admin.browser import browser, signed_in_page
from tests.admin.desk import fill_desk
from tests.admin.signing import signed_in

__all__ = ["browser", "signed_in_page"]  # fixtures, for whoever wants the admin in a browser

Story = dict[GiftStatus, Gift]


@pytest.fixture
def now() -> datetime:
    """The admin looks at the clock itself."""
    return timezone.now()


@pytest.fixture
def founder(db: None) -> Client:
    return signed_in(User.objects.create_superuser("ada"))


@pytest.fixture
def story(account: Account, template: Template, now: datetime) -> Story:
    """A gift in every state, and with them a row of every kind."""
    issue_api_key(account, name="Web page", livemode=True, created_by="ada", now=now)
    gifts = {status: build.in_state(status, account, now) for status in GiftStatus}
    full = build.sent(
        account,
        now,
        media=[build.ready_upload(account, now).pk],
        product={"name": "Espresso set", "price": {"amount": "49.00", "currency": "AUD"}},
        fields={"headline": "BEN IS 30"},
        metadata={"cart": "c_91"},
        order={"required": False, "reference": "SO-1001"},
    )
    services.record_progress(full.pk, percent=25, now=now)
    services.leave_thanks(full.pk, text="Thank you!", now=now)
    message = build.mailed(full, now, kind="thanks")
    MailEvent.objects.create(
        sg_event_id="event-1", message=message, type="delivered", at=now, received_at=now, raw={"event": "delivered"}
    )
    record_callback(build.awaited(full), {"type": "edit", "status": "done"}, now=now)
    tried_webhook(account, now)
    dead_job(now)
    suppress_address("forgotten@example.com", reason=SuppressionReason.ASKED, actor="staff:ada", now=now)
    fill_desk(account, template, gifts[GiftStatus.FAILED], gifts[GiftStatus.SENT], now)
    record("gift.canceled", actor="staff:ada", subject=full, account_id=account.pk, now=now)
    make_figures(now=now)
    full.refresh_from_db()
    return {**gifts, GiftStatus.WATCHED: full}


@pytest.fixture
def definition() -> dict[str, Any]:
    """The template form as a founder would fill it in."""
    folder = Path(str(resources.files("api.templates") / "definitions"))
    given = json.loads((folder / "birthday-confetti.json").read_text(encoding="utf-8"))
    scripts = {name: json.dumps(given[name]) for name in ("fields", "theme", "scenes")}
    plain = {name: given[name] for name in ("slug", "name", "occasion", "description", "aspect_ratio", "duration_s")}
    return {**plain, **scripts}


def tried_webhook(account: Account, now: datetime) -> WebhookDelivery:
    """One that its endpoint would not have, and that is tried again in five seconds."""
    url = "https://hooks.shop.example/giftflick"
    endpoint = webhooks.create_endpoint(account.pk, livemode=True, url=url, types=["gift.sent"], now=now)
    delivery = webhooks.send_test(endpoint, now=now)
    call = webhooks.begin_attempt(delivery.pk, now=now)
    assert call is not None
    webhooks.record_outcome(call, Outcome(ms=120, code=500, response="not today"), now=now)
    delivery.refresh_from_db()
    return delivery


def asked_question(now: datetime) -> QueryRun:
    """One that everybody who may use the console sees, and that somebody has asked."""
    question = SavedQuery.objects.create(
        name="How many gifts?", sql="SELECT count(*) FROM api_gift", is_shared=True, created_at=now, updated_at=now
    )
    return QueryRun.objects.create(
        actor="staff:ada",
        question=question,
        statement=question.sql,
        with_pii=False,
        state="answered",
        rows=1,
        ms=12,
        started_at=now,
        finished_at=now,
    )


def dead_job(now: datetime) -> Job:
    return Job.objects.create(
        kind="mail.send",
        dedupe_key=uuid4().hex,
        ref_id=uuid4(),
        run_at=now,
        state="dead",
        attempts=9,
        lease_token=uuid4(),
        last_error="sendgrid_unavailable: SendGrid answered 503.",
        created_at=now,
        finished_at=now,
    )


def press(client: Client, page: str, **answers: str) -> str:
    """A row's button and the question behind it: what the admin says it did, or why not."""
    version = client.get(page).context["question"].version
    answer = client.post(page, {"reason": "asked by mail", "version": version, **answers})
    if answer.status_code != 302:
        return str(answer.context["refusal"])
    *_, said = get_messages(answer.wsgi_request)
    return str(said)
