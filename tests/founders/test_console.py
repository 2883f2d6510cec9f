"""Job 8: a question that comes saved, and one of one's own, in the console."""

from datetime import datetime
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection
from playwright.sync_api import Locator, Page, expect

from accounts.models import Account
from api.audit.models import AuditEntry
from api.console.grants import grant_console
from api.console.models import SavedQuery
from api.console.services import seed_questions
from tests import build
from tests.admin.browser import downloaded
from tests.founders.looks import look_at

pytestmark = pytest.mark.django_db(transaction=True)

SLIPPED = "SELECT status, count(*) AS gifts\nFROM api_gift\nWHERE livemod\nGROUP BY status\nORDER BY status"
RIGHT = SLIPPED.replace("livemod\n", "livemode\n")


@pytest.fixture
def questions(transactional_db: None, monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    """The console's logins see the tests' database, as a release has them see the product's."""
    for name in ("CONSOLE_DATABASE_URL", "CONSOLE_PII_DATABASE_URL"):
        url = urlsplit(getattr(settings, name))
        monkeypatch.setattr(settings, name, url._replace(path=f"/{connection.settings_dict['NAME']}").geturl())
    grant_console()
    seed_questions(now=now)


@pytest.mark.usefixtures("questions", "template")
def test_answer_a_question(page: Page, account: Account, now: datetime) -> None:
    build.sent(account, now, order={"required": False, "reference": "SO-1001"})
    build.draft(account, now)

    page.get_by_role("link", name="Query console").click()
    page.get_by_label("Find a question").fill("order")
    page.get_by_role("link", name="Which gift belongs to this order?").click()
    page.get_by_label("Order reference").fill("SO-1001")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(_answer(page).get_by_role("heading")).to_have_text("1 row")
    expect(_answer(page).get_by_role("cell", name="Confetti Shop")).to_be_visible()
    look_at(page, "8-console-answer")

    page.get_by_role("link", name="Query console").click()
    page.get_by_label("Statement, in SQL").fill(SLIPPED)
    page.get_by_role("button", name="Run", exact=True).click()
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text('Column "livemod" does not exist')
    expect(problem).to_contain_text("Line 3, column 7.")
    look_at(page, "8-console-mistake")
    page.get_by_label("Statement, in SQL").fill(RIGHT)
    page.get_by_role("button", name="Run", exact=True).click()
    expect(_answer(page).get_by_role("cell")).to_have_text(["draft", "1", "sent", "1"])

    page.get_by_text("Keep it as a question").click()
    page.get_by_label("Question", exact=True).fill("How many gifts are in which state?")
    page.get_by_label("What the answer shows").fill("Live gifts of all shops.")
    page.get_by_label("Everybody who may use the console sees it").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name="How many gifts are in which state?")).to_be_visible()
    look_at(page, "8-console-kept")
    answer = downloaded(page, page.get_by_role("button", name="Download CSV"))

    assert answer.decode("utf-8-sig").splitlines() == ["status,gifts", "draft,1", "sent,1"]
    kept = SavedQuery.objects.get(name="How many gifts are in which state?")
    assert (kept.is_shared, kept.sql) == (True, RIGHT)
    assert AuditEntry.objects.filter(actor="staff:ada", action__startswith="console").exists()


def _answer(page: Page) -> Locator:
    return page.get_by_role("region", name="Answer")
