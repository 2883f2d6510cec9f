"""Job 7: last month's gifts as a file, with and without the people's names."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Account
from tests import build
from tests.admin.browser import downloaded
from tests.founders.looks import look_at
from tests.sheets.files import read_back

pytestmark = pytest.mark.django_db(transaction=True)

FORMULA = '=HYPERLINK("http://evil.example";"Click")'


@pytest.mark.usefixtures("template")
def test_export_last_month(page: Page, account: Account, now: datetime) -> None:
    this_month = now.astimezone(UTC).replace(day=1, hour=0, minute=0)
    last_month = (this_month - timedelta(days=1)).replace(day=1)
    inside = [build.sent(account, last_month, message=FORMULA), build.draft(account, this_month - timedelta(hours=1))]
    build.draft(account, last_month - timedelta(hours=1))
    build.draft(account, this_month)

    page.get_by_role("link", name="Export", exact=True).click()
    page.get_by_role("link", name="Gifts", exact=True).last.click()
    expect(page.get_by_label("Made on or after")).to_have_value(f"{last_month:%Y-%m-%d}")
    look_at(page, "7-export")
    page.get_by_role("button", name="Export").click()
    bare = _downloaded(page, "Gifts (XLSX)")
    page.get_by_role("link", name="Gifts", exact=True).last.click()
    page.get_by_label("File").select_option("CSV")
    page.get_by_label("With names, addresses and messages").check()
    page.get_by_role("button", name="Export").click()
    full = _downloaded(page, "Gifts (CSV)")
    look_at(page, "7-exports")

    assert {row["id"] for row in bare} == {row["id"] for row in full} == {str(gift.pk) for gift in inside}
    assert "ben@example.com" not in str(bare)
    by_id = {row["id"]: row for row in full}
    sent = by_id[str(inside[0].pk)]
    assert (sent["status"], sent["recipient_email"], sent["message"]) == ("sent", "ben@example.com", f"'{FORMULA}")

    page.get_by_role("link", name="Audit log").click()
    look_at(page, "7-audit-log")
    entries = page.locator("#result_list tbody tr")
    expect(entries.filter(has_text="export")).to_have_count(4)  # each was ordered, and downloaded
    entries.filter(has_text="ordered").first.get_by_role("link").first.click()
    expect(page.get_by_role("row", name="personal data")).to_contain_text("yes")


def _downloaded(page: Page, name: str) -> list[dict[str, str]]:
    header, *rows = read_back(downloaded(page, page.get_by_role("link", name=name)))
    return [dict(zip(header, row, strict=True)) for row in rows]
