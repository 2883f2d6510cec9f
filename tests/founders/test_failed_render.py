"""Job 2: a gift's video could not be made. Have it made once more, and watch it."""

from datetime import datetime

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Account
from tests import build
from tests.founders.conftest import find, on_a_phone_too, work_off, work_until
from tests.founders.looks import look_at

pytestmark = pytest.mark.django_db(transaction=True)


@on_a_phone_too
@pytest.mark.usefixtures("quick_template")
def test_make_a_video_once_more_that_failed(page: Page, account: Account, now: datetime) -> None:
    gift = build.failed(account, now)

    find(page, "ben@example.com")
    expect(page.locator("#found-gift")).to_be_visible()
    look_at(page, "2-found")
    page.get_by_role("region", name="Gifts").get_by_role("link", name="failed").click()
    expect(page.locator("#gift-state")).to_have_text("failed")
    look_at(page, "2-failed-gift")
    page.get_by_role("link", name="Render again").click()
    expect(page.locator("#what-happens")).to_be_visible()
    look_at(page, "2-render-again")
    page.get_by_role("button", name="Render again").click()
    expect(page.get_by_text("Its video is made anew.")).to_be_visible()
    expect(page.locator("#gift-state")).to_have_text("rendering")
    look_at(page, "2-rendering")

    def is_made() -> bool:
        gift.refresh_from_db()
        return gift.status != "rendering"

    work_until(is_made)
    work_off()
    page.reload()
    expect(page.locator("#gift-state")).to_have_text("sent")
    film = page.get_by_label("The video of this gift")
    film.evaluate("film => film.play()")
    page.wait_for_function("film => film.currentTime > 0.5", arg=film.element_handle())
    film.evaluate("film => film.pause()")
    look_at(page, "2-film")
