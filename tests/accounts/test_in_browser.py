"""Signing in as it is done: a newcomer with a phone, a founder with a code; with scripts and without, in each look."""

import re
from base64 import b32decode

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.accounts.codes import PASSWORD, a_while_later, key_of, member, phone_shows, wrong_code
from tests.admin.browser import DESK, LOOKS, OpenPage, browser, overflows, photograph, serious, signed_in_page

__all__ = ["browser", "signed_in_page"]  # fixtures

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick_hashes")]

look = pytest.mark.parametrize(("width", "dark"), LOOKS)


def type_name(page: Page, name: str = "ada") -> None:
    page.goto("/admin/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()


def examine(page: Page, name: str) -> None:
    photograph(page, name)
    assert not overflows(page)
    assert serious(page) == []


@look
def test_a_newcomer_sets_up_the_phone_and_is_in(signed_in_page: OpenPage, width: int, dark: bool) -> None:
    user = member(has_factor=False)
    page = signed_in_page(None, width=width, dark=dark)
    page.goto("/admin/")
    examine(page, "sign-in")
    type_name(page)

    expect(page.get_by_role("heading", name="Your second factor")).to_be_visible()
    expect(page.locator("svg.gf-qr")).to_be_visible()
    examine(page, "enrol")
    key = "".join(page.locator("#secret").inner_text().split())
    page.get_by_label("The six digits that the app shows now").fill(phone_shows(_hex(key)))
    page.get_by_role("button", name="Go on").click()

    expect(page.locator("#recovery-codes code")).to_have_count(10)
    examine(page, "recovery-codes")
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as a text file").click()
    assert download.value.suggested_filename == "giftflick-recovery-codes.txt"
    page.get_by_role("button", name="Finish and sign in").click()
    expect(page).to_have_url(re.compile("/recovery-codes/"))  # the browser wants the box ticked
    page.get_by_label("I have kept these codes").check()
    page.get_by_role("button", name="Finish and sign in").click()

    expect(page).to_have_url(re.compile(r"/admin/$"))
    assert key_of(user) == _hex(key)


@look
def test_a_founder_signs_in_with_a_code_and_out(signed_in_page: OpenPage, width: int, dark: bool) -> None:
    user = member()
    page = signed_in_page(None, width=width, dark=dark)
    type_name(page)
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    page.get_by_label("Code of your authenticator app").fill(wrong_code(key_of(user)))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("This code is wrong, or has been used already.")).to_be_visible()
    examine(page, "code-refused")
    a_while_later(user)

    page.get_by_label("Code of your authenticator app").fill(phone_shows(key_of(user)))
    page.get_by_role("button", name="Sign in").click()

    expect(page).to_have_url(re.compile(r"/admin/$"))
    for path, name in (("second-factor/", "my-second-factor"), ("reauthenticate/", "reauthenticate")):
        page.goto(f"/admin/{path}")
        examine(page, name)


@look
def test_the_team_page_looks_right(signed_in_page: OpenPage, width: int, dark: bool) -> None:
    ada = User.objects.create_superuser("ada", "ada@giftflick.example")
    bea = User.objects.create_user("bea", "bea@giftflick.example", is_staff=True)
    page = signed_in_page(ada, width=width, dark=dark)

    for path, name in (("", "team"), ("add/", "invite"), (f"{bea.pk}/change/", "member")):
        page.goto(f"/admin/accounts/user/{path}")
        examine(page, name)
    page.goto(f"/admin/team/{bea.pk}/help/")
    examine(page, "team-help")


def test_without_scripts_one_comes_in_all_the_same(browser: Browser, live_server: LiveServer) -> None:
    member(has_factor=False)
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    type_name(page)
    key = _hex("".join(page.locator("#secret").inner_text().split()))
    page.locator("#id_code").fill(phone_shows(key))
    page.locator("#enrol-form button").click()
    page.locator("#id_kept").check()
    page.locator("#kept-form button").click()

    expect(page).to_have_url(re.compile(r"/admin/$"))
    context.close()


def test_codes_are_copied_by_a_button(signed_in_page: OpenPage) -> None:
    member(has_factor=False)
    page = signed_in_page(None, width=DESK)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    type_name(page)
    key = _hex("".join(page.locator("#secret").inner_text().split()))
    page.locator("#id_code").fill(phone_shows(key))
    page.locator("#enrol-form button").click()

    page.get_by_role("button", name="Copy").click()

    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.split("\n") == page.locator("#recovery-codes code").all_inner_texts()


def _hex(secret: str) -> str:
    return b32decode(secret).hex()
