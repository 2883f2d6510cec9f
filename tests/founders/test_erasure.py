"""Job 9: a recipient writes that she wants to be forgotten."""

from datetime import datetime, timedelta
from importlib import import_module
from uuid import UUID

import pytest
from django.apps import apps
from django.conf import settings
from django.core import serializers
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Account, User
from accounts.reauthentication import CONFIRMED_AT
from api.batches.models import Batch
from api.campaigns.models import CampaignGift
from api.gifts.models import Gift
from tests import build
from tests.accounts.codes import PASSWORD, equip, key_of, phone_shows
from tests.campaigns.conftest import Open, approve, gifts_file, open_campaign
from tests.campaigns.conftest import work_off as work_batch_off
from tests.founders.conftest import work_off
from tests.founders.looks import look_at
from tests.sheets.conftest import Receive, receive

__all__ = ["open_campaign", "receive"]

pytestmark = pytest.mark.django_db(transaction=True)

CLEO = "cleo@example.com"
HER_WORDS = ("cleo@", "Cléopâtre", "CLÉO IS 40", "SO-77", "Happy fortieth")


@pytest.fixture
def ada(transactional_db: None) -> User:
    """With a password and a phone of hers: she is asked for both again."""
    ada = User.objects.create_superuser("ada", "ada@giftflick.example", PASSWORD, first_name="Ada")
    equip(ada)
    return ada


@pytest.fixture
def hers(
    account: Account, other_account: Account, template: object, open_campaign: Open, receive: Receive, now: datetime
) -> list[UUID]:
    """A gift of a shop that was watched, one of another that is not sent, one that a campaign made of a mended row."""
    her = {"name": "Cléopâtre", "email": CLEO}
    order = {"required": False, "reference": "SO-77"}
    watched = build.sent(account, now, recipient=her, message="Happy fortieth!", order=order)
    draft = build.draft(other_account, now, recipient={**her, "email": "Cleo@Example.com"}, message="Happy fortieth!")
    campaign = open_campaign()
    row = [CLEO, "Cléopâtre", CLEO, "Happy fortieth!", "CLÉO IS 40"]
    wrong = [*row[:4], "CLÉO IS 40 " * 10]
    receive("gifts", gifts_file(wrong), scope=campaign.pk)
    sheet = receive("gifts", gifts_file(row, ["r2", "Ben", "ben@example.com", "", ""]), scope=campaign.pk)
    work_batch_off(approve(campaign, sheet, now), now)
    receive("gifts", gifts_file(row), scope=campaign.pk)
    made = CampaignGift.objects.get(row_key=CLEO).gift
    return [watched.pk, draft.pk, made.pk]


def test_erase_a_recipient(page: Page, ada: User, hers: list[UUID]) -> None:
    assert {"Gift", "Message", "AuditEntry", "SheetRow", "BatchItem", "CampaignGift"} - _held().keys() == set()
    _let_minutes_pass(page, 11)

    page.get_by_label("Find a gift, a mail, a shop").fill(CLEO)
    page.keyboard.press("Enter")
    gifts = page.get_by_role("region", name="Gifts")
    expect(gifts.get_by_role("listitem")).to_have_count(3)
    look_at(page, "9-found")
    gifts.get_by_role("listitem").filter(has_text="sent").click()
    page.get_by_role("link", name="Erase recipient's data").click()

    expect(page.get_by_role("heading", name="Please show once more that it is you")).to_be_visible()
    look_at(page, "9-once-more")
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("textbox", name="Code").fill(phone_shows(key_of(ada)))
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("All 3 gifts to this person's address, from whichever shop").check()
    page.get_by_label("Reason").fill("Cleo wrote from cleo@example.com and asks for it")
    look_at(page, "9-erase")
    page.get_by_role("button", name="Erase recipient's data").click()
    expect(page.get_by_text("2 more to the same address as well.")).to_be_visible()
    look_at(page, "9-erased")
    work_off()

    assert _held() == {}
    assert set(Gift.objects.filter(pk__in=hers).values_list("status", flat=True)) == {"canceled"}
    page.get_by_role("searchbox", name="Find a gift, a mail, a shop").fill(CLEO)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing begins with “cleo@example.com”.")).to_be_visible()
    for path in ("/admin/api/auditentry/", "/admin/batches/", "/admin/campaigns/", *map(_page_of, hers), *_batches()):
        page.goto(path)
        assert [word for word in HER_WORDS if word in page.content()] == [], path
    page.get_by_role("link", name="Audit log").click()
    expect(page.locator("#result_list tbody tr").filter(has_text="gift erased")).to_have_count(3)


def _let_minutes_pass(page: Page, minutes: int) -> None:
    """Since she has shown password and code."""
    cookie = next(cookie for cookie in page.context.cookies() if cookie["name"] == settings.SESSION_COOKIE_NAME)
    session = import_module(settings.SESSION_ENGINE).SessionStore(cookie["value"])
    session[CONFIRMED_AT] = (timezone.now() - timedelta(minutes=minutes)).timestamp()
    session.save()


def _held() -> dict[str, set[str]]:
    """Whatever the database still holds of her, by table."""
    found: dict[str, set[str]] = {}
    for model in (*apps.get_app_config("api").get_models(), *apps.get_app_config("accounts").get_models()):
        text = serializers.serialize("json", model._default_manager.all(), ensure_ascii=False)
        found[model.__name__] = {word for word in HER_WORDS if word in text}
    return {name: words for name, words in found.items() if words}


def _page_of(gift_id: UUID) -> str:
    return f"/admin/api/gift/{gift_id}/change/"


def _batches() -> list[str]:
    return [f"/admin/batches/{pk}/" for pk in Batch.objects.values_list("pk", flat=True)]
