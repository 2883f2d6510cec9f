"""Job 6: a campaign of 500 rows with 3 bad, from the file to calling off the rest."""

import csv
import io
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from accounts.models import Account
from api.audit.models import AuditEntry
from api.batches.models import Batch
from api.batches.services import run_slice
from api.campaigns.estimate import AT_ONCE
from api.gifts.models import Gift
from api.templates.models import Template
from tests import build
from tests.admin.browser import downloaded
from tests.campaigns.conftest import HEADER, gifts_file, recipients
from tests.founders.looks import look_at
from tests.sheets.files import lines, read_back

pytestmark = pytest.mark.django_db(transaction=True)

ROWS, WRONG = 500, (7, 250, 499)
FILMED = 3


def test_run_a_campaign_of_500_rows_with_3_bad(
    page: Page, account: Account, template: Template, now: datetime, tmp_path: Path
) -> None:
    assert (account.name, template.name) == ("Confetti Shop", "Plain birthday")
    file = tmp_path / "gifts.csv"
    file.write_bytes(gifts_file(*recipients(ROWS, wrong=WRONG)).getvalue())
    _open_campaign(page)
    _upload(page, file)

    expect(page.locator("#count-new")).to_have_text("497")
    expect(page.locator("#wrong-rows tbody tr")).to_have_count(3)
    look_at(page, "6-campaign-report")
    wrong = _wrong_rows(page)
    assert [row["row_key"] for row in wrong] == ["r7", "r250", "r499"]
    assert {row["error"] for row in wrong} == {"recipient_email: Enter a valid e-mail address."}

    page.get_by_label("Reason").fill("The shop ordered it")
    page.get_by_role("button", name="Go on with the 497 good ones").click()
    expect(page.get_by_text("Approved. The gifts are being made")).to_be_visible()
    _work_part(Batch.objects.get(), now)
    for gift in Gift.objects.order_by("id")[:FILMED]:
        build.mailed(build.filmed(gift, now), now)
    expect(_gifts(page, "sent")).to_have_text("3", timeout=15_000)  # the page looks by itself
    expect(_gifts(page, "rendering")).to_have_text("197")
    look_at(page, "6-campaign-progress")

    mended = [{**row, "recipient_email": f"{row['row_key']}@example.com"} for row in wrong]
    file.write_bytes(_as_csv(mended))
    _upload(page, file)
    expect(page.locator("#count-new")).to_have_text("3")
    expect(page.locator("#count-wrong")).to_have_text("0")
    page.get_by_label("Reason").fill("The three are mended")
    page.get_by_role("button", name="Make 3 gifts").click()
    _work_part(Batch.objects.latest("id"), now)
    expect(_gifts(page, "rendering")).to_have_text("200", timeout=15_000)

    again = [HEADER, *recipients(2), *([row[name] for name in HEADER] for row in mended)]
    page.get_by_label("Or paste rows").fill(lines(again))
    page.get_by_role("button", name="Upload and check").click()
    expect(page.locator("#count-unchanged")).to_have_text("5")
    expect(page.get_by_text("No row of this file would make a new gift.")).to_be_visible()
    assert Gift.objects.count() == AT_ONCE + FILMED

    page.get_by_role("link", name="Cancel the rest").click()
    expect(page.get_by_text("297: no gift will be made of them")).to_be_visible()
    page.get_by_label("Reason").fill("The shop changed its mind")
    look_at(page, "6-campaign-cancel")
    page.get_by_role("button", name="Cancel the rest").click()
    expect(page.get_by_text("200 gifts that are not sent are being canceled; 3 that were sent stay.")).to_be_visible()
    _work_part(Batch.objects.latest("id"), now)
    expect(_gifts(page, "canceled")).to_have_text("200", timeout=15_000)
    expect(_gifts(page, "sent")).to_have_text("3")
    assert set(Gift.objects.values_list("status", flat=True)) == {"canceled", "sent"}
    assert AuditEntry.objects.filter(action="gift.created", why="The shop ordered it").count() == AT_ONCE


def _open_campaign(page: Page) -> None:
    page.get_by_role("link", name="Campaigns", exact=True).click()
    page.get_by_role("link", name="New campaign").click()
    page.get_by_label("Name", exact=True).fill("Mother's Day")
    page.get_by_label("Shop", exact=True).select_option("Confetti Shop")
    page.get_by_label("Mode").select_option("test")
    page.get_by_label("Template").select_option("Plain birthday")
    page.get_by_label("Sender name").fill("Confetti Shop")
    page.get_by_label("Sender's e-mail").fill("shop@confetti.example")
    page.get_by_role("button", name="Go on to the file").click()


def _upload(page: Page, file: Path) -> None:
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Upload and check").click()


def _wrong_rows(page: Page) -> list[dict[str, str]]:
    header, *rows = read_back(downloaded(page, page.get_by_role("link", name="Download them (CSV)")))
    return [dict(zip(header, row, strict=True)) for row in rows]


def _as_csv(rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _gifts(page: Page, status: str) -> Locator:
    return page.locator(f"[data-status={status}] .gf-number")


def _work_part(batch: Batch, now: datetime) -> None:
    """As the worker does, until the batch is over or the renderer has enough to do."""
    waiting = -1
    while waiting != (waiting := batch.items.filter(state="waiting").count()):
        run_slice(batch.pk, now=now)
