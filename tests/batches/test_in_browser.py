"""What a page fetches anew while it is looked at: by one script, for batches, sheets, campaigns and previews."""

import re
from datetime import datetime

import pytest
from playwright.sync_api import Route, expect

import api.tick  # noqa: F401 - registers the kinds of batches
from accounts.models import Account, User
from api.batches.models import Batch
from api.batches.services import ItemIn, run_slice, start_batch
from api.templates.models import Template
from tests import build
from tests.admin.browser import OpenPage, browser, signed_in_page
from tests.sheets.conftest import now

__all__ = ["browser", "now", "signed_in_page"]

pytestmark = pytest.mark.django_db(transaction=True)

PROGRESS = "part=progress"


@pytest.fixture
def batch(account: Account, template: Template, now: datetime) -> Batch:
    items = [ItemIn(str(build.draft(account, now).pk)) for _ in range(2)]
    return start_batch("gifts.cancel", title="Cancel 2 gifts", items=items, actor="staff:ada", why="x", now=now)


def test_a_page_outlives_what_goes_wrong_and_shows_what_came_of_it(
    batch: Batch, signed_in_page: OpenPage, now: datetime
) -> None:
    page, wrong = signed_in_page(User.objects.create_superuser("ada"), failing=PROGRESS), [500, 0]

    def answer(route: Route) -> None:
        status = wrong.pop(0) if wrong else None
        if status is None:
            route.continue_()
        elif status:
            route.fulfill(status=status, body="no")
        else:
            route.abort()

    page.route(f"**/*{PROGRESS}*", answer)
    page.goto(f"/admin/batches/{batch.pk}/")
    page.get_by_role("link", name="Result as CSV").focus()
    run_slice(batch.pk, now=now)

    expect(page.locator("#batch-state")).to_have_text("done", timeout=15_000)
    assert wrong == []


def test_who_is_signed_out_meanwhile_is_led_to_the_door(batch: Batch, signed_in_page: OpenPage) -> None:
    page = signed_in_page(User.objects.create_superuser("ada"))
    page.goto(f"/admin/batches/{batch.pk}/")

    page.context.clear_cookies()

    expect(page).to_have_url(re.compile("/admin/login/"), timeout=15_000)
