"""The console in a real browser: a question answered, stopped, kept; on a desk and on a phone, light and dark."""

import re
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from api.console.grants import grant_console
from api.console.services import Draft, save_question
from tests.admin.browser import (
    LOOKS,
    PHONE,
    OpenPage,
    age,
    browser,
    downloaded,
    overflows,
    photograph,
    serious,
    signed_in_page,
)
from tests.console.conftest import tell
from tests.waiting import eventually

__all__ = ["browser", "signed_in_page"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def grace(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> User:
    """A founder, in a system where there is something to ask about."""
    from api.console.services import seed_questions

    for name in ("CONSOLE_DATABASE_URL", "CONSOLE_PII_DATABASE_URL"):
        url = urlsplit(getattr(settings, name))
        monkeypatch.setattr(settings, name, url._replace(path=f"/{connection.settings_dict['NAME']}").geturl())
    tell(timezone.now())
    grant_console()
    seed_questions(now=timezone.now())
    return User.objects.create_superuser("grace")


def answered(page: Page) -> None:
    expect(page.locator("#answer table")).to_be_visible()


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_a_question_is_answered_and_looks_well(grace: User, signed_in_page: OpenPage, width: int, dark: bool) -> None:
    page = signed_in_page(grace, width=width, dark=dark)

    page.goto("/admin/console/")
    photograph(page, "console-empty")
    assert serious(page) == []
    page.get_by_role("link", name="How many gifts were made each day").click()
    page.get_by_label("Days back").fill("7")
    page.get_by_role("button", name="Run", exact=True).click()
    answered(page)
    photograph(page, "console-answer")
    assert serious(page) == []
    assert not overflows(page)
    page.get_by_label("Statement, in SQL").fill("SELECT id, recipient_email\nFROM api_gift\nWHERE statu = 'sent'")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#problem")).to_contain_text("Line 3, column 7.")
    photograph(page, "console-mistake")
    assert serious(page) == []
    assert not overflows(page)
    if width == PHONE:
        return
    page.get_by_text("Tables", exact=True).click()
    page.locator("summary", has_text="api_message").click()
    photograph(page, "console-tables")
    assert serious(page) == []


@pytest.mark.usefixtures("long_questions")
def test_a_slow_question_is_stopped(grace: User, signed_in_page: OpenPage) -> None:
    page = signed_in_page(grace)
    page.goto("/admin/console/")
    page.get_by_label("Statement, in SQL").fill("SELECT pg_sleep(60)")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#answer")).to_contain_text("Asking …")

    def is_stopped() -> bool:
        """More than one press: the first may come before the database has begun."""
        page.locator("#stop").dispatch_event("click")
        return page.locator("#problem").is_visible()

    eventually(is_stopped, 30)
    expect(page.locator("#problem")).to_contain_text("user request")


def test_names_go_into_the_statement_and_parameters_become_fields(grace: User, signed_in_page: OpenPage) -> None:
    page = signed_in_page(grace)
    page.goto("/admin/console/")
    editor = page.get_by_label("Statement, in SQL")
    editor.fill("SELECT ")
    page.get_by_text("Tables", exact=True).click()
    page.locator("summary", has_text="api_gift").first.click()
    page.get_by_role("button", name="order_reference", exact=True).click()
    editor.press_sequentially(" FROM api_gift WHERE order_reference = :reference")

    page.get_by_label("Reference").fill("SO-1001")
    page.get_by_role("button", name="Run", exact=True).click()

    answered(page)
    expect(page.locator("#answer td")).to_have_text(["SO-1001"])


def test_a_file_is_downloaded(grace: User, signed_in_page: OpenPage) -> None:
    page = signed_in_page(grace)
    page.goto("/admin/console/")
    page.get_by_label("Statement, in SQL").fill("SELECT order_reference FROM api_gift WHERE order_reference <> ''")

    answer = downloaded(page, page.get_by_role("button", name="Download CSV"))

    assert answer.decode("utf-8-sig").splitlines() == ["order_reference", "SO-1001"]


def test_what_was_written_is_kept_while_one_signs_in_again(grace: User, signed_in_page: OpenPage) -> None:
    page = signed_in_page(grace)
    page.goto("/admin/console/")
    page.get_by_label("Statement, in SQL").fill(
        "SELECT recipient_email FROM api_gift WHERE recipient_email <> '' LIMIT 1"
    )

    page.get_by_role("link", name="Show it").click()
    expect(page.get_by_label("Statement, in SQL")).to_have_value(re.compile("^SELECT recipient_email"))
    page.get_by_role("button", name="Run", exact=True).click()

    answered(page)
    expect(page.locator("#answer td")).to_have_text(["ben@example.com"])


def test_after_ten_minutes_nothing_typed_is_lost(grace: User, signed_in_page: OpenPage) -> None:
    page = signed_in_page(grace)
    page.goto("/admin/console/personal/")
    page.get_by_label("Statement, in SQL").fill("SELECT :word || recipient_email FROM api_gift LIMIT 1")
    page.get_by_label("Word", exact=True).fill("to ")
    age(page, minutes=11)

    page.get_by_role("button", name="Download CSV").click()
    expect(page).to_have_url(re.compile("/reauthenticate/"))
    age(page, minutes=0)  # as once both factors are shown
    page.goto("/admin/console/personal/download/")

    expect(page.get_by_label("Statement, in SQL")).to_have_value(
        "SELECT :word || recipient_email FROM api_gift LIMIT 1"
    )
    expect(page.get_by_label("Word", exact=True)).to_have_value("to ")


def test_a_statement_that_was_downloaded_does_not_come_back_over_a_later_one(
    grace: User, signed_in_page: OpenPage
) -> None:
    page = signed_in_page(grace)
    page.goto("/admin/console/personal/")
    editor = page.get_by_label("Statement, in SQL")
    editor.fill("SELECT 1")
    downloaded(page, page.get_by_role("button", name="Download CSV"))
    editor.fill("SELECT 2")
    age(page, minutes=11)

    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("link", name="Go on").click()
    expect(page).to_have_url(re.compile("/reauthenticate/"))
    age(page, minutes=0)
    page.evaluate("location.href = '/admin/console/personal/run/'")  # from that page, as its form leads there

    expect(page).to_have_url(re.compile("#kept"))
    page.wait_for_load_state("load")
    expect(editor).to_have_value("SELECT 2")


def test_what_is_typed_into_a_question_stays_of_its_version(grace: User, signed_in_page: OpenPage) -> None:
    kept = save_question(grace, Draft("How many?", "SELECT 1", needs_pii=True), now=timezone.now())
    page = signed_in_page(grace)
    page.goto(f"/admin/console/personal/questions/{kept.pk}/")
    page.get_by_label("Statement, in SQL").fill("SELECT 2")
    save_question(grace, Draft("How many?", "SELECT 3", needs_pii=True), question=kept, version=1, now=timezone.now())
    age(page, minutes=11)

    page.get_by_role("button", name="Download CSV").click()
    expect(page).to_have_url(re.compile("/reauthenticate/"))
    age(page, minutes=0)
    page.goto(f"/admin/console/personal/download/?question={kept.pk}")
    expect(page.get_by_label("Statement, in SQL")).to_have_value("SELECT 2")
    page.get_by_text("Keep the change, or a copy").click()
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_text("Nothing was overwritten")).to_be_visible()


def test_the_keyboard_alone_will_do(grace: User, signed_in_page: OpenPage) -> None:
    page = signed_in_page(grace)
    page.goto("/admin/console/")
    page.get_by_label("Statement, in SQL").focus()
    page.keyboard.type("SELECT 1")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Statement, in SQL")).to_have_value("SELECT 1  ")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")

    expect(page.get_by_role("button", name="Run", exact=True)).to_be_focused()
    page.keyboard.press("Enter")

    answered(page)


def test_enter_in_a_questions_name_keeps_it(grace: User, signed_in_page: OpenPage) -> None:
    page = signed_in_page(grace)
    page.goto("/admin/console/")
    page.get_by_label("Statement, in SQL").fill("SELECT 1")
    page.get_by_text("Keep it as a question").click()
    page.get_by_label("Question", exact=True).fill("How many?")

    page.get_by_label("Question", exact=True).press("Enter")

    expect(page.get_by_role("heading", name="How many?")).to_be_visible()


def test_without_scripts_it_asks_all_the_same(grace: User, signed_in_page: OpenPage) -> None:
    page = signed_in_page(grace)
    page.route("**/console*.js", lambda route: route.abort())
    page.goto("/admin/console/")
    page.get_by_label("Statement, in SQL").fill("SELECT :days AS days")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_label("Days").fill("7")
    page.get_by_role("button", name="Run", exact=True).click()

    expect(page.locator("#answer td")).to_have_text(["7"])
