"""A form that comes too late does nothing, and is as it was typed once its owner has shown who they are."""

import re
from datetime import datetime

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Account, User
from api.console.services import Draft, save_question
from api.templates.models import Template
from tests import build
from tests.accounts.codes import PASSWORD, a_while_later, key_of, member, phone_shows
from tests.admin.browser import OpenPage, age
from tests.campaigns.conftest import Open, gifts_file, open_campaign, recipients
from tests.sheets.conftest import Receive, receive

__all__ = ["open_campaign", "receive"]  # fixtures

pytestmark = pytest.mark.django_db(transaction=True)

WHY = "the shop ordered it"


def come_back(page: Page, user: User, code: str = "") -> None:
    expect(page).to_have_url(re.compile("/reauthenticate/"))
    a_while_later(user)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Code of your authenticator app").fill(code or phone_shows(key_of(user)))
    page.get_by_role("button", name="Go on").click()
    if not code:
        expect(page).not_to_have_url(re.compile("/reauthenticate/"))
        page.wait_for_load_state("load")  # filled in by now is what will be


def test_a_reason_that_was_written_too_late_is_there_again(
    signed_in_page: OpenPage, open_campaign: Open, receive: Receive, now: datetime
) -> None:
    """On a page that is read for longer than ten minutes; what asks who it is leads there by way of its button."""
    ada = member()
    campaign = open_campaign()
    receive("gifts", gifts_file(*recipients(2)), scope=campaign.pk)
    page = signed_in_page(ada)
    page.goto(f"/admin/campaigns/{campaign.pk}/")
    page.get_by_label("Reason").fill(WHY)
    age(page, minutes=11)

    page.get_by_role("button", name="Make 2 gifts").click()
    expect(page.get_by_text("Nothing was done yet")).to_be_visible()
    come_back(page, ada, code="no code")
    come_back(page, ada)

    expect(page).to_have_url(re.compile(f"/campaigns/{campaign.pk}/$"))
    expect(page.get_by_label("Reason")).to_have_value(WHY)
    page.get_by_role("button", name="Make 2 gifts").click()
    expect(page.get_by_text("The gifts are being made")).to_be_visible()


def test_what_was_chosen_is_chosen_again_and_no_other_page_gets_it(
    signed_in_page: OpenPage, account: Account, template: Template, now: datetime
) -> None:
    ada = member()
    other, gift = build.sent(account, now), build.sent(account, now)
    page = signed_in_page(ada)
    erase = f"/admin/gifts/{gift.pk}/erase/"
    page.goto(erase)
    page.get_by_label("Reason").fill("she asks for it")
    chosen = page.locator("[name=which]").last
    chosen.check()
    age(page, minutes=11)
    page.locator("#confirm-form button").click()
    expect(page).to_have_url(re.compile("/reauthenticate/"))

    page.goto(f"/admin/gifts/{other.pk}/erase/")
    come_back(page, ada)
    expect(page.get_by_label("Reason")).to_have_value("")
    page.goto(erase)
    expect(page.get_by_label("Reason")).to_have_value("")  # another page was opened in between

    page.get_by_label("Reason").fill("she asks for it")
    chosen.check()
    age(page, minutes=11)
    page.locator("#confirm-form button").click()
    come_back(page, ada)

    expect(page.get_by_label("Reason")).to_have_value("she asks for it")
    expect(chosen).to_be_checked()


def test_what_was_typed_stays_of_the_row_that_it_was_typed_for(signed_in_page: OpenPage) -> None:
    ada, bea = member(), User.objects.create_user("bea", "bea@giftflick.example", is_staff=True)
    bea.groups.set(Group.objects.filter(name="Support"))
    page = signed_in_page(ada)
    page.goto(f"/admin/accounts/user/{bea.pk}/change/")
    page.get_by_label("First name").fill("Bea")
    User.objects.filter(pk=bea.pk).update(last_name="of the support team")
    age(page, minutes=11)

    page.get_by_role("button", name="Save", exact=True).click()
    come_back(page, ada)
    expect(page.get_by_label("First name")).to_have_value("Bea")
    expect(page.get_by_label("Support", exact=True)).to_be_checked()
    expect(page.get_by_label("Founder", exact=True)).not_to_be_checked()
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_text("Somebody changed this while you had it open")).to_be_visible()
    bea.refresh_from_db()
    assert (bea.first_name, bea.last_name) == ("", "of the support team")


def test_boxes_of_one_name_are_ticked_each_for_itself_and_may_be_changed(
    signed_in_page: OpenPage, account: Account
) -> None:
    ada = member()
    page = signed_in_page(ada)
    page.goto("/admin/accounts/apikey/add/")
    page.get_by_label("Something else").check()
    scopes = page.locator("input[name=scopes]")
    for box in scopes.all():
        box.set_checked(box.get_attribute("value") == "account:read")
    age(page, minutes=11)

    page.get_by_role("button", name="Issue").click()
    come_back(page, ada)

    expect(page.get_by_label("Something else")).to_be_checked()
    expect(page.locator("input[name=scopes]:checked")).to_have_count(1)
    expect(page.locator("input[name=scopes][value='account:read']")).to_be_checked()
    expect(scopes.first).to_be_enabled()


def test_rows_of_a_list_are_chosen_anew(
    signed_in_page: OpenPage, account: Account, template: Template, now: datetime
) -> None:
    ada = member()
    for _ in range(2):
        build.sent(account, now)
    page = signed_in_page(ada)
    page.goto("/admin/api/gift/")
    page.locator("[name=_selected_action]").first.check()
    page.locator("select[name=action]").select_option("cancel")
    age(page, minutes=11)

    page.get_by_role("button", name="Run").click()
    come_back(page, ada)

    expect(page.locator("[name=_selected_action]")).to_have_count(2)
    expect(page.locator("[name=_selected_action]:checked")).to_have_count(0)


def test_a_question_that_was_asked_is_not_typed_into_another(signed_in_page: OpenPage) -> None:
    ada = member()
    one, two = (
        save_question(ada, Draft(name, f"SELECT '{name}'", needs_pii=True), now=timezone.now())
        for name in ("one", "two")
    )
    page = signed_in_page(ada)
    page.goto(f"/admin/console/personal/questions/{one.pk}/")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#answer .gf-notice, #answer table").first).to_be_visible()
    age(page, minutes=11)

    page.goto(f"/admin/console/personal/questions/{two.pk}/")
    come_back(page, ada)

    expect(page.get_by_label("Statement, in SQL")).to_have_value("SELECT 'two'")
