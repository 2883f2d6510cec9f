"""A campaign of 500 rows with 3 bad, in a browser, up to its progress; a large file straight into the bucket."""

import re
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Account, User
from api.batches.models import Batch
from api.campaigns import services
from api.gifts.models import Gift
from api.sheets.models import Sheet
from api.templates.models import Template
from tests import build
from tests.admin.browser import LOOKS, OpenPage, overflows, photograph, serious
from tests.campaigns.conftest import Open, approve, gifts_file, recipients, work_off
from tests.sheets.conftest import Receive, check_all
from tests.sheets.files import SHOPS, csv_file, lines, read_back

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_superuser("ada")


def test_a_campaign_of_500_rows_with_3_bad(
    signed_in_page: OpenPage,
    ada: User,
    account: Account,
    template: Template,
    now: datetime,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(services, "AT_ONCE", 1000)  # nothing renders here, so nothing would make room
    file = tmp_path / "gifts.csv"
    file.write_bytes(gifts_file(*recipients(500, wrong=(7, 250, 499))).getvalue())
    page = signed_in_page(ada)

    page.goto("/admin/campaigns/")
    page.get_by_role("link", name="New campaign").click()
    page.get_by_label("Name", exact=True).fill("Mother's Day")
    page.get_by_label("Shop").select_option("Confetti Shop")
    page.get_by_label("Template").select_option("Plain birthday")
    page.get_by_label("Sender name").fill("Confetti Shop")
    page.get_by_label("Sender's e-mail").fill("shop@confetti.example")
    page.get_by_role("button", name="Go on to the file").click()
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Upload and check").click()

    expect(page.locator("#count-new")).to_have_text("497")
    expect(page.locator("#count-wrong")).to_have_text("3")
    expect(page.locator("#wrong-rows tbody tr")).to_have_count(3)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download them (CSV)").click()
    wrong = read_back(download.value.path().read_bytes())
    assert [row[0] for row in wrong] == ["row_key", "r7", "r250", "r499"]
    assert wrong[1][-1] == "recipient_email: Enter a valid e-mail address."

    page.get_by_label("Why").fill("The shop ordered it")
    page.get_by_role("button", name="Go on with the 497 good ones").click()
    expect(page.get_by_text("Approved. The gifts are being made")).to_be_visible()
    work_off(Batch.objects.get(), now)
    expect(page.locator("[data-status=rendering] .gf-number")).to_have_text("497", timeout=15_000)

    mended = [
        ["row_key", *wrong[0][1:-1]],
        *([row[0], row[1], f"{row[0]}@example.com", *row[3:-1]] for row in wrong[1:]),
    ]
    page.get_by_label("Or paste rows").fill(lines(mended))
    page.get_by_role("button", name="Upload and check").click()
    expect(page.locator("#count-new")).to_have_text("3")
    page.get_by_label("Why").fill("Mended")
    page.get_by_role("button", name="Make 3 gifts").click()
    work_off(Batch.objects.latest("id"), now)
    page.reload()
    expect(page.locator("[data-status=rendering] .gf-number")).to_have_text("500")
    assert Gift.objects.count() == 500

    page.get_by_role("link", name="Cancel the rest").click()
    page.get_by_label("Why").fill("The shop changed its mind")
    page.get_by_role("button", name="Cancel the rest").click()
    expect(page.get_by_text("500 gifts that are not sent are being canceled; 0 that were sent stay.")).to_be_visible()


def test_a_large_file_goes_straight_into_the_bucket(
    signed_in_page: OpenPage, ada: User, now: datetime, tmp_path: Path
) -> None:
    rows = ([f"Shop {number}", f"shop{number}@shop.example", "x" * 380] for number in range(12_000))
    content = csv_file([*SHOPS, "order_gate"], *rows).getvalue()
    assert len(content) > 4 * 1024 * 1024
    large, huge = tmp_path / "shops.csv", tmp_path / "huge.csv"
    large.write_bytes(content)
    huge.write_bytes(content * 3)
    page = signed_in_page(ada)
    page.goto("/admin/imports/accounts/")

    page.get_by_label("File", exact=True).set_input_files(huge)
    page.get_by_role("button", name="Upload and check").click()
    expect(page.get_by_role("alert")).to_contain_text("at most 10 MB can be taken in")
    page.get_by_label("File", exact=True).set_input_files(large)
    page.get_by_role("button", name="Upload and check").click()

    expect(page).to_have_url(re.compile(r"/admin/imports/sheets/"))
    expect(page.get_by_role("status")).to_contain_text("The file is being read.")
    check_all(Sheet.objects.get(), now)
    expect(page.locator("#count-wrong")).to_have_text("12000", timeout=15_000)


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_how_the_pages_look(
    width: int,
    dark: bool,
    signed_in_page: OpenPage,
    ada: User,
    account: Account,
    open_campaign: Open,
    receive: Receive,
    now: datetime,
) -> None:
    report = receive(
        "accounts",
        csv_file(
            [*SHOPS, "mails_per_day", "order_gate"],
            ["Confetti Shop", "new@confetti.example", "500", "per_gift"],
            ["Blumen Zoë", "zoe@blumen.example", "", ""],
            ["Broken", "no address", "12.5", "sometimes"],
            ["Confetti Shop", "again@confetti.example", "", ""],
        ),
    )
    refused = receive("accounts", csv_file(["shop", "e-mail"], ["a", "b"]))
    campaign, running = open_campaign(), open_campaign(name="Father's Day", livemode=False)
    receive("gifts", gifts_file(*recipients(9, wrong=(2, 5))), scope=campaign.pk)
    work_off(approve(running, receive("gifts", gifts_file(*recipients(6)), scope=running.pk), now), now)
    gifts = list(Gift.objects.order_by("id"))
    build.filmed(gifts[0], now)
    build.mailed(gifts[0], now)
    page = signed_in_page(ada, width=width, dark=dark)
    pages = {
        "imports": "/admin/imports/",
        "import": "/admin/imports/accounts/",
        "import-report": f"/admin/imports/sheets/{report.pk}/",
        "import-refused": f"/admin/imports/sheets/{refused.pk}/",
        "campaigns": "/admin/campaigns/",
        "campaign-new": "/admin/campaigns/new/",
        "campaign-report": f"/admin/campaigns/{campaign.pk}/",
        "campaign-running": f"/admin/campaigns/{running.pk}/",
        "campaign-cancel": f"/admin/campaigns/{running.pk}/cancel/",
        "campaign-gifts": f"/admin/campaigns/{running.pk}/gifts/rendering/",
        "exports": "/admin/exports/",
        "export": "/admin/exports/gifts/new/",
        "suppressions": "/admin/api/suppression/",
        "suppression-new": "/admin/api/suppression/add/",
    }
    found = {name: _look_at(page, name, path) for name, path in pages.items()}

    assert {name: problems for name, problems in found.items() if problems} == {}


def _look_at(page: Page, name: str, path: str) -> list[str]:
    page.goto(path)
    photograph(page, name)
    return [*serious(page), *(["it scrolls sideways"] if overflows(page) else [])]
