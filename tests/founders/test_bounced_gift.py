"""Job 1: a gift's mail came back. Find it, correct the address, send it again."""

from datetime import datetime

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Account
from tests import build
from tests.founders.conftest import on_a_phone_too, work_off
from tests.founders.looks import look_at
from tests.system import Mailbox

pytestmark = pytest.mark.django_db(transaction=True)

RIGHT = "benjamin@example.com"


@on_a_phone_too
@pytest.mark.usefixtures("template")
def test_find_a_bounced_gift_and_fix_it(page: Page, account: Account, mailbox: Mailbox, now: datetime) -> None:
    gift = build.bounce(build.sent(account, now), now)
    build.sent(account, now, recipient={"name": "Cleo", "email": "cleo@example.com"})

    page.reload()
    work_off()  # the figures are counted
    page.get_by_role("region", name="Needs somebody now").get_by_role("link", name="bounced").click()
    expect(page.get_by_role("row", name="Cleo")).to_have_count(0)
    look_at(page, "1-bounced-gifts")
    page.get_by_role("row", name="Ben").get_by_role("link").first.click()
    expect(page.locator("#gift-state")).to_have_text("bounced")
    look_at(page, "1-bounced-gift")

    page.get_by_role("link", name="Correct address and resend").click()
    page.get_by_label("Recipient's e-mail address").fill(RIGHT)
    page.get_by_label("Reason").fill("The shop gave us the right address")
    look_at(page, "1-correct-address")
    page.get_by_role("button", name="Correct address and resend").click()
    expect(page.get_by_text("Corrected, and on its way to the new address.")).to_be_visible()
    expect(page.locator("#next-step")).to_contain_text("The mail with the gift is on its way")
    look_at(page, "1-corrected")

    work_off()
    page.reload()
    expect(page.locator("#gift-state")).to_have_text("sent")
    (mail,) = mailbox.mails(RIGHT)
    assert f"/g/{gift.token}'" in str(mail["links"])  # the whole of it
    gift.refresh_from_db()
    assert (gift.status, gift.recipient_email) == ("sent", RIGHT)
