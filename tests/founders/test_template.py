"""Job 4: a draft template is finished, looked at as a film, and given to the shops."""

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Account
from api.templates.models import Template
from tests.conftest import client_for
from tests.founders.conftest import NAME, arrived, work_until
from tests.founders.looks import look_at

pytestmark = pytest.mark.django_db(transaction=True)


def shops_list(account: Account) -> dict[str, str]:
    """Names by slug."""
    answer = client_for(account).get("/v1/templates")
    return {found["slug"]: found["name"] for found in answer.json()["results"]}


def test_publish_a_template_after_a_preview(page: Page, account: Account, quick_template: Template) -> None:
    Template.objects.filter(pk=quick_template.pk).update(status="draft", name="Untitled")
    assert shops_list(account) == {}

    page.get_by_role("link", name="Templates", exact=True).click()
    arrived(page, "Templates")
    look_at(page, "4-templates")
    page.get_by_role("row", name="Untitled").get_by_role("link").first.click()
    page.get_by_label(NAME).fill("Confetti rain")
    look_at(page, "4-template")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    page.get_by_role("link", name="Preview", exact=True).click()
    page.get_by_role("button", name="Make the film").click()
    expect(page.get_by_role("progressbar", name="How far it is")).to_be_visible()
    look_at(page, "4-being-made")

    film = page.get_by_label("The sample film of Confetti rain")
    work_until(film.is_visible)
    page.wait_for_function("film => film.readyState >= 2", arg=film.element_handle())
    look_at(page, "4-preview")
    page.get_by_role("link", name="Publish").click()
    page.get_by_label("Reason").fill("Ready for spring")
    look_at(page, "4-publish")
    page.get_by_role("button", name="Publish").click()

    expect(page.get_by_text("Confetti rain is published: shops find it in their list.")).to_be_visible()
    look_at(page, "4-published")
    assert shops_list(account) == {quick_template.slug: "Confetti rain"}
