"""The first page and the search box in a browser: the figures come by themselves, a key leads to the box."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import Account, User
from api.gifts.states import GiftStatus
from api.templates.models import Template
from api.today.services import make_figures
from tests import build
from tests.admin.browser import LOOKS, OpenPage, browser, overflows, photograph, serious, signed_in_page
from tests.admin.conftest import dead_job

__all__ = ["browser", "signed_in_page"]  # fixtures

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def founder(db: None) -> User:
    return User.objects.create_superuser("ada")


@pytest.fixture
def busy(account: Account, template: Template, now: datetime) -> None:
    for number, status in enumerate(GiftStatus):
        build.in_state(status, account, now - timedelta(days=number))
    dead_job(now)


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_today_can_be_read_by_anybody_anywhere(
    signed_in_page: OpenPage, founder: User, busy: None, now: datetime, width: int, dark: bool
) -> None:
    make_figures(now=timezone.now())
    page = signed_in_page(founder, width=width, dark=dark)

    page.goto("/admin/")
    page.get_by_text("The same as a table").click()
    page.get_by_text("What these numbers mean").click()

    photograph(page, "today")
    assert serious(page) == []
    assert not overflows(page)


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_what_was_found_can_be_read_by_anybody_anywhere(
    signed_in_page: OpenPage, founder: User, busy: None, width: int, dark: bool
) -> None:
    page = signed_in_page(founder, width=width, dark=dark)

    page.goto("/admin/")
    page.keyboard.press("/")  # opens the page where the sidebar, and its box, is folded away
    page.wait_for_function("document.activeElement?.dataset?.find !== undefined")
    page.keyboard.type("ben@example")
    page.keyboard.press("Enter")
    page.wait_for_selector("#found-gift")

    photograph(page, "search")
    assert "ben" not in page.url
    assert serious(page) == []
    assert not overflows(page)
    page.goto("/admin/find/")
    assert serious(page) == []


def test_the_first_figures_come_by_themselves(signed_in_page: OpenPage, founder: User, busy: None) -> None:
    page = signed_in_page(founder)

    page.goto("/admin/")
    page.get_by_text("Being counted").wait_for()
    make_figures(now=timezone.now())

    page.locator("#today-needs").wait_for()
    assert page.locator("#today-funnel a").first.inner_text() == "10"


def test_a_key_leads_to_the_box_from_a_list_too_but_not_while_one_writes(
    signed_in_page: OpenPage, founder: User, busy: None
) -> None:
    page = signed_in_page(founder)

    page.goto("/admin/api/gift/")
    page.keyboard.press("/")
    page.keyboard.type("a/b")

    assert page.locator("#find-term").input_value() == "a/b"
    page.keyboard.press("Escape")
    page.locator("#searchbar").click()
    page.keyboard.press("Control+k")
    assert page.evaluate("document.activeElement.id") == "find-term"
