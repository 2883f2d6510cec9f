"""Job 3: an order was refunded after its gift had been sent. Take the gift back, and be able to say who did and why."""

from datetime import datetime

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Account
from api.gifts import services
from api.gifts.models import Gift
from api.gifts.states import OrderStatus
from tests import build
from tests.admin.browser import OpenPage
from tests.founders.conftest import find, work_off
from tests.founders.looks import look_at

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("template")]

WHY = "The order was refunded on Monday"


@pytest.fixture
def paid(account: Account, now: datetime) -> Gift:
    """Paid, and sent."""
    gift = build.ready(account, now, order={"required": True, "reference": "SO-1001"})
    services.set_order(gift.pk, status=OrderStatus.PAID, reference="SO-1001", actor="tests", now=now)
    work_off()
    gift.refresh_from_db()
    assert gift.status == "sent"
    return gift


def status(page: Page, url: str) -> int:
    answer = page.goto(url)
    assert answer is not None
    return answer.status


def test_withdraw_a_gift_whose_order_is_refunded(
    page: Page, signed_in_page: OpenPage, paid: Gift, account: Account, now: datetime
) -> None:
    build.ready(account, now, order={"required": True, "reference": "SO-2002"})
    recipient = signed_in_page(None)
    find(page, "SO-1001")
    expect(page.locator("#gift-state")).to_have_text("sent")  # what is found alone is opened at once
    link = page.get_by_role("link", name=f"/g/{paid.token}").get_attribute("href") or ""
    assert status(recipient, link) == 200

    page.get_by_role("link", name="Withdraw gift").click()
    page.get_by_label("Reason").fill(WHY)
    look_at(page, "3-withdraw")
    page.get_by_role("button", name="Withdraw gift").click()
    expect(page.get_by_text("Withdrawn: its link says that it is gone.")).to_be_visible()
    expect(page.locator("#gift-state")).to_have_text("canceled")
    look_at(page, "3-withdrawn")

    assert status(recipient, link) == 410
    expect(recipient.get_by_role("heading", name="This gift is no longer available")).to_be_visible()

    log = page.get_by_role("region", name="Audit log")
    expect(log).to_contain_text(WHY)
    log.get_by_role("link", name="In the log").click()
    entry = page.get_by_role("row", name=WHY)
    expect(entry).to_contain_text("ada")
    look_at(page, "3-audit-log")
    entry.get_by_role("link").first.click()
    expect(page.locator("#content-main")).to_contain_text(WHY)
    look_at(page, "3-audit-entry")
