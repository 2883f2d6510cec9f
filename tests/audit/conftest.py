"""What the log has got, and a worker that runs the due jobs in this process, one after the other."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

import giftflick.admin_urls  # noqa: F401 - finds the pages, as the first request to the admin does
from accounts.models import User
from api import tick  # noqa: F401 - importing it registers every kind of job
from api.audit.models import AuditEntry
from api.delivery.events import get_verifier
from api.outbox.drain import run
from api.outbox.services import claim
from api.templates.models import Template
from local.sendgrid.keys import generate
from tests.admin.signing import signed_in

Work = Callable[[], None]


class Log:
    """What was written since the last look."""

    def __init__(self) -> None:
        self._seen = 0

    def news(self) -> list[AuditEntry]:
        entries = list(AuditEntry.objects.order_by("id")[self._seen :])
        self._seen += len(entries)
        return entries

    def only(self) -> AuditEntry:
        """The one entry, if it is one."""
        entries = self.news()
        assert [entry.action for entry in entries] == [entry.action for entry in entries[:1]]
        assert entries
        return entries[0]


@pytest.fixture
def now() -> datetime:
    """The doors look at the clock themselves."""
    return timezone.now()


@pytest.fixture(autouse=True)
def _plain_template(request: pytest.FixtureRequest) -> Template | None:
    return request.getfixturevalue("template") if "account" in request.fixturenames else None


@pytest.fixture
def log(db: None) -> Log:
    return Log()


@pytest.fixture
def founder(db: None) -> Client:
    return signed_in(User.objects.create_superuser("ada"))


@pytest.fixture
def work() -> Work:
    def until_nothing_is_due() -> None:
        while claims := claim(now=timezone.now(), limit=1):
            run(claims[0], clock=timezone.now)

    return until_nothing_is_due


@pytest.fixture
def webhook_private_key(settings: Settings) -> Iterator[str]:
    private_key, settings.SENDGRID_WEBHOOK_PUBLIC_KEY = generate()
    get_verifier.cache_clear()
    yield private_key
    get_verifier.cache_clear()
