"""A list, its filters under names, an action for all that a filter finds, and its progress, as a founder sees them."""

import re
from datetime import datetime

import pytest
from django.utils import timezone
from playwright.sync_api import expect

import api.tick  # noqa: F401 - registers the kinds of batches
from accounts.models import Account, User
from api.batches import services as batches
from api.batches.models import Batch
from api.gifts.models import Gift
from api.templates.models import Template
from tests import build
from tests.admin.browser import OpenPage, downloaded
from tests.founders.looks import look_at

pytestmark = pytest.mark.django_db(transaction=True)

GIFTS = "/admin/api/gift/"


@pytest.fixture
def gifts(account: Account, template: Template, now: datetime) -> list[Gift]:
    """Sixty drafts, one of each other state that matters here, and an expired one that cannot be canceled."""
    drafts = [build.draft(account, now, recipient={"name": f"Ben {i}", "email": "ben@example.com"}) for i in range(60)]
    others = [build.failed(account, now), build.ready(account, now), build.expired(account, now)]
    return [*drafts, *others]


def test_a_founder_filters_saves_and_acts_on_all(gifts: list[Gift], signed_in_page: OpenPage) -> None:
    page = signed_in_page(User.objects.create_superuser("ada"))
    page.goto(GIFTS)
    expect(page.locator("#list-count")).to_have_text("63 gifts")
    expect(page.get_by_role("navigation", name="Saved filters").get_by_role("link")).to_have_count(5)
    look_at(page, "list")

    page.get_by_role("link", name="Next", exact=True).click()
    expect(page.get_by_role("link", name="Previous", exact=True)).to_be_visible()
    page.get_by_role("link", name="First", exact=True).click()

    page.goto(f"{GIFTS}?livemode__exact=1")
    page.get_by_role("link", name="Save this filter…").click()
    page.get_by_label("Name").fill("All but tests")
    look_at(page, "save-filter")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="All but tests")).to_have_attribute("aria-current", "true")
    look_at(page, "list-filtered")

    page.locator("#action-toggle").check()
    page.get_by_role("link", name=re.compile("Select all 63 gifts")).click()
    page.get_by_role("combobox").select_option("cancel")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("heading", name="Cancel and withdraw: 63 gifts?")).to_be_visible()
    look_at(page, "bulk-confirm")
    page.get_by_label("Reason").fill("The shop has closed")
    page.get_by_role("button", name="Cancel and withdraw").click()

    expect(page.locator("#batch-state")).to_have_text("queued")
    look_at(page, "batch-queued")
    batch = Batch.objects.get()
    while batches.run_slice(batch.pk, now=timezone.now()) is not None:
        pass
    expect(page.locator("#batch-state")).to_have_text("done")
    expect(page.get_by_role("cell", name=re.compile("This gift is expired and cannot be canceled"))).to_be_visible()
    look_at(page, "batch-done")
    page.goto("/admin/batches/")
    look_at(page, "batches")


@pytest.mark.usefixtures("standing_clock")
def test_a_shop_is_filtered_by_typing_its_name_and_a_day_is_chosen(
    gifts: list[Gift], other_account: Account, signed_in_page: OpenPage
) -> None:
    page = signed_in_page(User.objects.create_superuser("ada"))
    page.goto(GIFTS)
    page.get_by_role("button", name="Filters").click()
    page.get_by_label("By day (UTC)").fill(f"{timezone.now():%Y-%m-%d}")
    page.locator("#changelist-filter .select2-selection").first.click()
    page.locator("input.select2-search__field").fill("Conf")
    page.get_by_role("option", name="Confetti Shop").click()
    look_at(page, "list-filters")
    page.get_by_role("button", name="Apply Filters").click()

    expect(page.locator("#list-count")).to_have_text("63 gifts")
    assert "account__id__exact=" in page.url
    assert "day=" in page.url


def test_the_rest_is_called_off_after_a_question(gifts: list[Gift], signed_in_page: OpenPage) -> None:
    items = (batches.ItemIn(str(gift.pk)) for gift in gifts)
    batch = batches.start_batch(
        "gifts.cancel", title="Cancel 63 gifts", items=items, actor="staff:ada", why="x", now=timezone.now()
    )
    page = signed_in_page(User.objects.create_superuser("ada"))
    page.goto(f"/admin/batches/{batch.pk}/")

    page.get_by_role("link", name="Cancel the rest").click()
    look_at(page, "batch-cancel")
    page.get_by_label("Reason").fill("It was the wrong shop")
    page.get_by_role("button", name="Cancel the rest").click()

    expect(page.locator("#batch-state")).to_have_text("canceled")
    lines = downloaded(page, page.get_by_role("link", name="Result as CSV")).decode("utf-8-sig").splitlines()
    assert lines[0] == "ref,label,outcome,detail"
    assert len(lines) == 64
    assert lines[1] == f"{gifts[0].pk},,skipped,called off"
