"""A large file straight into the bucket, and how the pages look. A whole campaign: tests/founders/test_campaign.py."""

import re
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Account, User
from api.gifts.models import Gift
from api.gifts.services import cancel_gift
from api.sheets.models import Sheet
from tests import build
from tests.admin.browser import LOOKS, OpenPage, overflows, photograph, serious
from tests.campaigns.conftest import Open, approve, gifts_file, recipients, work_off
from tests.sheets.conftest import Receive, check_all
from tests.sheets.files import SHOPS, csv_file

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_superuser("ada")


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


def test_what_is_being_typed_is_spared_when_the_last_gift_is_done(
    signed_in_page: OpenPage, ada: User, open_campaign: Open, receive: Receive, now: datetime
) -> None:
    campaign = open_campaign()
    batch = approve(campaign, receive("gifts", gifts_file(*recipients(2)), scope=campaign.pk), now)
    page = signed_in_page(ada)
    page.goto(f"/admin/campaigns/{campaign.pk}/")
    rows = page.get_by_label("Or paste rows")
    rows.fill("row_key")

    work_off(batch, now)
    for gift in Gift.objects.all():
        cancel_gift(gift.pk, actor="tests", now=now)

    expect(page.locator("#campaign-stage")).to_have_text("every gift had its turn", timeout=15_000)
    expect(rows).to_have_value("row_key")
