"""Drills run against the test database: a site takes the events, the workers are there to be killed."""

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Account
from api.delivery.backends import get_backend
from api.templates.models import Template
from local.stack import Stack
from tests.drills.drill import Drill
from tests.system import Mailbox, System


@pytest.fixture
def now() -> datetime:
    """The drills' first tick; SendGrid's and the renderer's word comes by the real clock."""
    return timezone.now()


@pytest.fixture(scope="package")
def running(
    stack: Stack, django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[System, Mailbox]]:
    url = urlsplit(stack.env["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    system = System(stack, url.geturl(), tmp_path_factory.mktemp("drills"))
    try:
        mailbox = system.start_sendgrid()
        system.start_site()
        yield system, mailbox
    finally:
        system.stop()


@pytest.fixture
def system(running: tuple[System, Mailbox], settings: Settings) -> Iterator[System]:
    """With this process as one of its workers."""
    system, _ = running
    settings.BASE_URL, settings.SENDGRID_URL = system.base_url, system.env["SENDGRID_URL"]
    get_backend.cache_clear()
    yield system
    get_backend.cache_clear()


@pytest.fixture
def drill(
    transactional_db: None,
    system: System,
    running: tuple[System, Mailbox],
    account: Account,
    template: Template,
    now: datetime,
) -> Drill:
    mailbox = running[1]
    mailbox.clear()
    return Drill(system, mailbox, account, now)


@pytest.fixture
def deaf_drill(drill: Drill, system: System, settings: Settings) -> Iterator[Drill]:
    """SendGrid takes mails and never says what became of them."""
    sendgrid_url = system.env["SENDGRID_URL"]
    drill.mailbox = system.start_sendgrid("silent-sendgrid", has_feed=False)
    settings.SENDGRID_URL = system.env["SENDGRID_URL"]
    yield drill
    system.env["SENDGRID_URL"] = sendgrid_url
