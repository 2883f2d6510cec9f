"""How the admin looks: on a desk and on a phone, light and dark, with no file from another host, for every reader."""

import re
from collections import Counter
from datetime import datetime

import pytest
from django.contrib.auth.models import Group
from django.contrib.auth.tokens import default_token_generator
from django.test import Client
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from playwright.sync_api import Page, expect
from pytest_django import Settings

from accounts.groups import READ_ONLY, SUPPORT
from accounts.models import Account, ApiKey, User
from accounts.services import issue_api_key
from api.console.services import Draft, save_question
from api.delivery.models import Message
from api.gifts.states import GiftStatus
from api.templates.models import Template
from giftflick.admin_look import stage_badge
from tests import build
from tests.admin.browser import DESK, LOOKS, PHONE, SCREENSHOTS, OpenPage, overflows, photograph, serious
from tests.admin.conftest import Story
from tests.admin.signing import signed_in
from tests.admin.test_pages import details, lists

in_browser = pytest.mark.django_db(transaction=True)
every_look = pytest.mark.parametrize(("width", "dark"), LOOKS)

CUT_OFF = "cells => cells.filter(cell => cell.scrollWidth > cell.clientWidth).map(cell => cell.innerText)"
THUMB = 44  # pixels that a thumb hits
LISTS = ["api/gift", "api/template", "accounts/apikey"]


def look_at(page: Page, path: str, name: str) -> None:
    """Photograph it, and insist that nobody is kept from reading it."""
    page.goto(path)
    photograph(page, name)
    assert (name, serious(page), overflows(page)) == (name, [], False)


@in_browser
@every_look
def test_lists_forms_and_first_page_can_be_read(signed_in_page: OpenPage, story: Story, width: int, dark: bool) -> None:
    page = signed_in_page(User.objects.create_superuser("ada"), width=width, dark=dark)
    shop, key = Account.objects.latest("created_at"), ApiKey.objects.latest("created_at")

    look_at(page, "/admin/", "index")
    for name in LISTS:
        look_at(page, f"/admin/{name}/", f"list-{name.partition('/')[2]}")
    look_at(page, "/admin/api/gift/?q=nobody-is-called-so", "list-empty")
    look_at(page, f"/admin/accounts/account/{shop.pk}/change/", "shop")
    look_at(page, f"/admin/shops/{shop.pk}/suspend/", "shop-suspend")
    look_at(page, "/admin/accounts/apikey/add/", "key-new")
    look_at(page, f"/admin/accounts/apikey/{key.pk}/change/", "key")
    look_at(page, f"/admin/keys/{key.pk}/rotate/", "key-rotate")
    look_at(page, f"/admin/keys/revoke/?key={key.pk}", "key-revoke")


@in_browser
@every_look
def test_refusals_stand_in_the_frame_and_say_what_to_do(signed_in_page: OpenPage, width: int, dark: bool) -> None:
    support = User.objects.create_user("bea", is_staff=True)
    support.groups.add(Group.objects.get(name=SUPPORT))
    page = signed_in_page(support, width=width, dark=dark)

    look_at(page, "/admin/nothing/here/", "refusal-404")
    expect(page.get_by_text("This page does not exist")).to_be_visible()
    look_at(page, "/admin/accounts/apikey/", "refusal-403")
    expect(page.locator("#nav-sidebar")).to_have_count(1)


@in_browser
@every_look
def test_a_stranger_can_read_the_way_in(signed_in_page: OpenPage, width: int, dark: bool) -> None:
    user = User.objects.create_superuser("ada", email="ada@giftflick.example")
    link = (
        f"/founders/password/{urlsafe_base64_encode(force_bytes(user.pk))}/{default_token_generator.make_token(user)}"
    )
    page = signed_in_page(None, width=width, dark=dark)

    look_at(page, "/admin/login/", "login")
    look_at(page, link, "founder-password")
    page.locator("#id_new_password1").fill("short")
    page.locator("#id_new_password2").fill("other")
    page.get_by_role("button", name="Set the password").click()
    expect(page.locator(".errorlist").first).to_be_visible()
    photograph(page, "founder-password-refused")
    assert serious(page) == []
    look_at(page, link.rpartition("/")[0] + "/none", "founder-password-gone")


@in_browser
def test_on_a_phone_the_menu_opens_and_closes_by_a_thumb(signed_in_page: OpenPage, story: Story) -> None:
    page = signed_in_page(User.objects.create_superuser("ada"), width=PHONE)
    page.goto("/admin/api/gift/")
    menu = page.get_by_role("button", name="Menu", exact=True)
    sidebar = page.locator("#nav-sidebar")

    expect(sidebar).to_be_hidden()
    menu.click()
    expect(sidebar).to_be_visible()
    photograph(page, "menu")
    small = page.locator("#nav-sidebar :is(a, button):visible").evaluate_all(
        f"nodes => nodes.filter(n => n.getBoundingClientRect().height < {THUMB} && !n.closest('#site-name, .shrink-0'))"
        ".map(n => n.textContent.trim())"
    )
    assert small == []
    page.get_by_role("button", name="Close the menu").click()
    expect(sidebar).to_be_hidden()


@in_browser
def test_colours_follow_the_device_until_somebody_chooses(signed_in_page: OpenPage) -> None:
    page = signed_in_page(User.objects.create_superuser("ada"), dark=True)
    page.goto("/admin/help/")
    expect(page.locator("html")).to_have_class("dark")

    page.get_by_role("button", name=re.compile("^ada: colours")).click()
    page.get_by_role("button", name="Light").click()
    expect(page.locator("html")).to_have_class("light")
    page.goto("/admin/words/")
    expect(page.locator("html")).to_have_class("light")


@in_browser
@pytest.mark.parametrize("width", [DESK, PHONE])
def test_one_long_word_is_read_whole_and_widens_nothing(
    signed_in_page: OpenPage, account: Account, template: Template, now: datetime, width: int
) -> None:
    build.draft(account, now, recipient={"name": "W" * 90, "email": f"{'long' * 12}@example.com"})
    Template.objects.filter(pk=template.pk).update(name="n" * 70)
    ada = User.objects.create_superuser("ada")
    question = save_question(ada, Draft("q" * 110, "SELECT 1"), now=now)
    page = signed_in_page(ada, width=width)

    for path in ("api/gift/", "api/template/", f"console/questions/{question.pk}/"):
        page.goto(f"/admin/{path}")
        expect(page.get_by_text(re.compile("W{90}|n{70}|q{110}")).first).to_be_visible()
        assert not overflows(page), path
        assert page.locator("#result_list td, h2").evaluate_all(CUT_OFF) == [], path


@in_browser
def test_without_scripts_pages_are_there_and_buttons_work(
    signed_in_page: OpenPage, account: Account, template: Template, now: datetime
) -> None:
    gift = build.sent(account, now)
    page = signed_in_page(User.objects.create_superuser("ada"), has_scripts=False)

    page.goto(f"/admin/api/gift/{gift.pk}/change/")
    page.screenshot(path=SCREENSHOTS / "without-scripts.png", full_page=True)
    page.get_by_role("link", name="Withdraw gift").click()
    page.get_by_label("Reason").fill("the shop asked for it")
    page.get_by_role("button", name="Withdraw gift").click()

    expect(page.get_by_text("canceled").first).to_be_visible()


@in_browser
def test_a_keyboard_reaches_the_menu(signed_in_page: OpenPage) -> None:
    page = signed_in_page(User.objects.create_superuser("ada"), width=DESK)
    page.goto("/admin/help/")
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.innerText")
        )

    assert {"Fold the menu", "What do I do when…"} <= reached
    assert any(name.startswith("ada: colours") for name in reached)


@in_browser
def test_a_founder_issues_a_key_and_revokes_it(signed_in_page: OpenPage, account: Account) -> None:
    page = signed_in_page(User.objects.create_superuser("ada"))
    page.goto(f"/admin/accounts/account/{account.pk}/change/")
    page.get_by_role("link", name="Issue an API key").click()
    page.locator("#id_name").fill("Web page")
    expect(page.get_by_label("orders:write")).not_to_be_checked()
    page.get_by_text("The shop's own server").click()
    expect(page.get_by_label("orders:write")).to_be_checked()
    page.get_by_text("A web page of the shop").click()
    page.get_by_role("button", name="Issue key").click()

    expect(page.get_by_text("Copy it now.")).to_be_visible()
    key = page.locator("#api-key").inner_text()
    photograph(page, "key-issued")
    assert serious(page) == []
    record = ApiKey.objects.get()
    assert (key.split("_")[2], record.scopes[-1]) == (record.pk, "uploads:write")

    page.once("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(page.get_by_text("shown only once")).to_be_visible()
    assert (key not in page.content(), ApiKey.objects.count()) == (True, 1)

    page.goto(f"/admin/accounts/apikey/{record.pk}/change/")
    page.get_by_role("link", name="Revoke").click()
    page.get_by_label("Reason").fill("the shop leaked it")
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("Dead everywhere within 60 seconds.")).to_be_visible()
    record.refresh_from_db()
    assert record.revoked_by == "ada"


# What needs no browser


@pytest.mark.parametrize("path", ["/admin/", "/admin/api/gift/", "/admin/nothing/", "/admin/login/", "/admin/jsi18n/"])
def test_every_answer_lets_no_other_host_in_and_is_kept_nowhere(founder: Client, path: str) -> None:
    answer = founder.get(path)
    policy = dict(part.strip().partition(" ")[::2] for part in answer["Content-Security-Policy"].split(";"))

    assert (policy["default-src"], policy["frame-ancestors"]) == ("'self'", "'none'")
    assert "unsafe-inline" not in policy["script-src"]
    assert "no-store" in answer["Cache-Control"]
    assert "http" not in policy["script-src"] + policy["style-src"] + policy["default-src"]


def test_films_and_pictures_may_come_from_the_bucket_alone(founder: Client, settings: Settings) -> None:
    from giftflick import admin_policy

    settings.SIGNED_MEDIA_URL = "https://gifts.example.com/media"
    admin_policy._policy.cache_clear()
    policy = founder.get("/admin/")["Content-Security-Policy"]
    admin_policy._policy.cache_clear()

    [media] = re.findall(r"media-src ([^;]+)", policy)
    assert media.split()[:2] == ["'self'", "https://gifts.example.com"]


@pytest.mark.parametrize(
    ("stage", "badge"),
    [
        ("", ("laptop", "default")),
        ("dev", ("dev", "info")),
        ("staging", ("staging", "warning")),
        ("production", ("production", "danger")),
        ("anything else", ("production", "danger")),
    ],
)
def test_the_stage_is_over_every_page(settings: Settings, founder: Client, stage: str, badge: tuple[str, str]) -> None:
    settings.STAGE = stage

    page = founder.get("/admin/help/")

    assert page.context["environment"] == badge
    assert stage_badge(page.wsgi_request) == badge


def test_a_section_that_is_empty_for_somebody_is_not_there(db: None) -> None:
    reader = User.objects.create_user("rita", is_staff=True)
    reader.groups.add(Group.objects.get(name=READ_ONLY))

    page = signed_in(reader).get("/admin/help/")

    sections = {
        section["title"]: [item["title"] for item in section["items"]] for section in page.context["sidebar_navigation"]
    }
    assert "Settings" not in sections
    assert "API keys" not in sections["Shops"]
    assert all(sections.values())


@pytest.mark.parametrize(("path", "status", "words"), [("/admin/x/", 404, "Nothing here"), ("/v1/x", 404, "not_found")])
def test_a_stranger_is_told_nothing_of_the_admin(db: None, path: str, status: int, words: str) -> None:
    answer = Client().get(path)

    if path.startswith("/admin"):
        assert (answer.status_code, answer["Location"][:13]) == (302, "/admin/login/")
    else:
        assert (answer.status_code, words in answer.content.decode()) == (status, True)


def test_a_form_that_is_too_large_is_refused_in_the_frame(founder: Client) -> None:
    answer = founder.post("/admin/accounts/account/add/", {"name": "x" * 300_000})

    assert answer.status_code == 400
    assert "What the page sent was too large" in answer.content.decode()
    assert 'id="nav-sidebar"' in answer.content.decode()


def test_a_form_of_another_page_is_refused_in_the_frame(founder: Client) -> None:
    founder.handler.enforce_csrf_checks = True

    answer = founder.post("/admin/accounts/account/add/", {"name": "x"})

    assert (answer.status_code, 'id="nav-sidebar"' in answer.content.decode()) == (403, True)


def test_a_state_is_explained_where_it_stands(founder: Client, account: Account, now: datetime) -> None:
    issue_api_key(account, name="Web page", livemode=True, created_by="ada", now=now)

    assert 'title="works"' in founder.get("/admin/accounts/apikey/").content.decode()


def test_a_page_has_one_heading_of_the_first_level(founder: Client, story: Story) -> None:
    """The frame's, whatever heads the page itself."""
    gift = story[GiftStatus.SENT].pk
    own = [reverse(f"admin:gift_{act}", args=[gift]) for act in ("withdraw", "cancel")]  # to be asked, and not now
    own.append(reverse("admin:mail_preview", args=[Message.objects.latest("pk").pk]))
    for path in ["/admin/", *lists(), *(path for _, path in details()), *own]:
        assert founder.get(path).content.count(b"<h1") == 1, path


def test_no_two_rules_of_the_looks_are_about_the_same(settings: Settings) -> None:
    """What stands twice argues with itself, by the order of the files."""
    folder = settings.BASE_DIR / "giftflick" / "look" / "giftflick"
    text = "".join((folder / f"{name}.css").read_text() for name in ("admin", "frame", "gift", "today", "console"))
    selectors = Counter(re.findall(r"^([.#:a-z][^{}]*) \{", text, re.MULTILINE))

    assert [selector for selector, times in selectors.items() if times > 1] == [":root", ".dark"]
