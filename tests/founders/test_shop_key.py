"""Job 5: a shop gets a key; later the key is ended."""

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Account
from tests.e2e.asking import ask, problem
from tests.founders.conftest import NAME, arrived
from tests.founders.looks import look_at

pytestmark = pytest.mark.django_db(transaction=True)


def test_issue_a_key_for_a_shop_and_revoke_it(page: Page, account: Account, reached: str) -> None:
    page.get_by_role("link", name="Shops", exact=True).click()
    arrived(page, "Shops")
    look_at(page, "5-shops")
    page.get_by_role("link", name=account.name).click()
    arrived(page, account.name)
    look_at(page, "5-shop")
    page.get_by_role("link", name="Issue an API key").click()
    page.get_by_label(NAME).fill("Till server")
    page.get_by_label("The shop's own server").check()
    look_at(page, "5-new-key")
    page.get_by_role("button", name="Issue key").click()
    expect(page.get_by_text("Copy it now.")).to_be_visible()
    look_at(page, "5-key-shown-once")
    key = page.locator("#api-key").inner_text()
    answer = ask(f"{reached}/v1/account", key=key)
    assert (answer.status, answer.json()["name"]) == (200, account.name)

    page.get_by_role("link", name="I have copied it").click()
    arrived(page, "API keys")
    assert key not in page.content()
    look_at(page, "5-keys")
    page.get_by_role("row", name="Till server").get_by_role("link").first.click()
    arrived(page, "Till server")
    look_at(page, "5-key")
    page.get_by_role("link", name="Revoke").click()
    page.get_by_label("Reason").fill("A laptop was stolen")
    look_at(page, "5-revoke")
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("Revoked. Dead everywhere within 60 seconds.")).to_be_visible()
    look_at(page, "5-revoked")
    assert problem(ask(f"{reached}/v1/account", key=key))[0] == 401
