"""A founder at the admin, before a product whose worker is the test: it works jobs off when the test says so.

What the founder's browser talks to is the live server; renderer, bucket and SendGrid are the local ones, and real.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from django.db import connections
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

import giftflick.admin_urls  # noqa: F401 - finds the pages, as the first request to the admin does
from accounts.models import User
from api import tick  # noqa: F401 - all kinds of jobs are registered by its imports
from api.outbox.drain import drain
from api.templates.models import Template
from local.stack import Stack
from tests.admin.browser import DESK, PHONE, OpenPage, browser, signed_in_page
from tests.rendering.films import definition
from tests.system import Mailbox
from tests.waiting import eventually

__all__ = ["browser", "signed_in_page"]  # fixtures

RENDERED_WITHIN_S = 90
on_a_phone_too = pytest.mark.parametrize("page", [DESK, PHONE], ids=["desk", "phone"], indirect=True)
NAME = re.compile(r"^Name\s*\*?$")  # with the mark of what must be filled in


@pytest.fixture
def now() -> datetime:
    """The admin looks at the clock itself."""
    return timezone.now()


@pytest.fixture
def ada(transactional_db: None) -> User:
    return User.objects.create_superuser("ada", first_name="Ada", last_name="Byron")


@pytest.fixture
def reached(live_server: LiveServer, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the product can be reached, by recipients and by the renderer with its word that a film is done.

    The renderer keeps its line to us open. The thread at our end would keep its database connection as long, and the
    test database could not be dropped at the end.
    """
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    settings.BASE_URL = live_server.url
    return live_server.url


@pytest.fixture
def page(request: pytest.FixtureRequest, signed_in_page: OpenPage, ada: User, reached: str) -> Page:
    """Ada has just signed in: the first page, by day, on a desk unless a job is also done `on_a_phone_too`."""
    page = signed_in_page(ada, width=getattr(request, "param", DESK))
    page.goto("/admin/")
    return page


@pytest.fixture
def quick_template(template: Template) -> Template:
    """Its films are small, and soon made."""
    full = definition("birthday-confetti")
    template.theme = {**full["theme"], "heading_font": "Roboto"}
    short = {"seconds": 2, "photo_seconds": 2, "clip_seconds": 2}
    template.scenes = [{name: short.get(name, value) for name, value in scene.items()} for scene in full["scenes"]]
    template.aspect_ratio = "1:1"
    template.save()
    return template


@pytest.fixture
def mailbox(stack: Stack) -> Iterator[Mailbox]:
    """What SendGrid has taken since the test began."""
    mailbox = Mailbox(stack.env["SENDGRID_URL"])
    mailbox.clear()
    yield mailbox
    mailbox.clear()


def work_off() -> int:
    """All jobs that are due, and those that they queue; how many there were."""
    now = timezone.now()
    return drain(clock=lambda: now, until=now + timedelta(minutes=1))


def work_until(condition: Callable[[], object], within_s: float = RENDERED_WITHIN_S) -> None:
    """Work, also on what others (the renderer) make due meanwhile, until it has come to this."""

    def is_so() -> bool:
        work_off()
        return bool(condition())

    eventually(is_so, within_s)


def arrived(page: Page, title: str) -> None:
    """A click has led to the page with this title."""
    expect(page).to_have_title(re.compile(re.escape(title)))


def find(page: Page, term: str) -> None:
    """By the box in the sidebar, which a phone shows when it is asked for its menu."""
    menu = page.get_by_role("button", name="Menu", exact=True)
    if menu.is_visible():
        menu.click()
    box = page.get_by_role("searchbox", name="Find a gift")
    box.fill(term)
    box.press("Enter")
