"""A database with a little of everything, committed, and the console's logins to it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from accounts.models import Account, OrderGate, User
from accounts.services import create_account, issue_api_key
from api.console import driver
from api.console.grants import grant_console
from api.console.login import console_login
from api.console.services import seed_questions
from api.delivery.models import MailEvent
from api.gifts import services
from api.gifts.states import GiftStatus
from api.rendering.services import record_callback
from api.templates.models import Template
from giftflick.database.logins import Login
from tests import build
from tests.admin.conftest import dead_job, tried_webhook

LOGINS = ("plain", "personal")


@pytest.fixture(scope="module")
def asked_at() -> datetime:
    return timezone.now()


@pytest.fixture(scope="module")
def told(django_db_setup: None, django_db_blocker: DjangoDbBlocker, asked_at: datetime) -> Iterator[Account]:
    """A shop with gifts in all states and what belongs to them: what the console's own connections see, too."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        for name in ("CONSOLE_DATABASE_URL", "CONSOLE_PII_DATABASE_URL"):
            url = urlsplit(getattr(settings, name))
            patch.setattr(settings, name, url._replace(path=f"/{connection.settings_dict['NAME']}").geturl())
        account = tell(asked_at)
        grant_console()
        seed_questions(now=asked_at)
        fetch("ANALYZE")
        yield account
        call_command("flush", "--no-input", verbosity=0)


@pytest.fixture
def long_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question may take a minute: whatever ends it sooner is not its time limit."""
    monkeypatch.setattr(driver, "OURS", ("BEGIN READ ONLY", "SET LOCAL statement_timeout = 60000"))
    monkeypatch.setattr(driver, "CANCELED_AFTER_S", 61)


def tell(now: datetime) -> Account:
    account = create_account(name="Confetti Shop", email="shop@confetti.example", order_gate=OrderGate.PER_GIFT)
    Template.objects.create(slug="plain-birthday", name="Plain birthday", status="published", duration_s=20)
    User.objects.create_user("ada", "ada@giftflick.example", "a-password-of-hers")
    issue_api_key(account, name="Web page", livemode=True, created_by="ada", now=now)
    for status in GiftStatus:
        build.in_state(status, account, now)
    gift = build.sent(account, now, product={"name": "Espresso set"}, order={"required": False, "reference": "SO-1001"})
    services.record_progress(gift.pk, percent=25, now=now)
    services.leave_thanks(gift.pk, text="Thank you, Ana!", now=now)
    message = build.mailed(gift, now, kind="thanks")
    MailEvent.objects.create(
        sg_event_id="event-1", message=message, type="delivered", at=now, received_at=now, raw={"event": "delivered"}
    )
    record_callback(build.awaited(gift), {"type": "edit", "status": "done"}, now=now)
    build.ready_upload(account, now)
    tried_webhook(account, now)
    dead_job(now)
    return account


@pytest.fixture
def login(request: pytest.FixtureRequest, told: Account) -> Login:
    """The console's own; `@pytest.mark.parametrize("login", LOGINS, indirect=True)` tries both."""
    return console_login(with_pii=getattr(request, "param", "plain") == "personal")


def fetch(statement: str, values: Any = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []
