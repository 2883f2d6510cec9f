"""A founder in a browser: from the mail with the link, by a password and a second factor, to a shop in the admin."""

import secrets
import time
from typing import Any

import urllib3

from local.recipient import chromium_pages
from local.rehearsal.account import Account, RehearsalError
from local.totp import code_at

MAILED_WITHIN_S = 15
RECOVERY_CODES = 10


def make_shop(account: Account, *, email: str, name: str, shop: str) -> None:
    """Raises RehearsalError, or RecipientError for what fails in the browser."""
    link, password = _link(account, email), secrets.token_urlsafe(16)
    with chromium_pages(ignore_certificates=True) as new_page:
        page = new_page()
        page.goto(link)
        page.fill("#id_new_password1", password)
        page.fill("#id_new_password2", password)
        page.click("form.choose button")
        recovery_codes = _enrol(page)
        page.screenshot(path=account.home / "admin.png")
        page.goto(f"{account.url}/admin/accounts/account/add/")
        page.fill("#id_name", shop)
        page.fill("#id_email", "shop@confetti.example")
        page.click("[name=_save]")
        page.wait_for_url("**/admin/accounts/account/")
        again = new_page()
        answer = again.goto(link)
        if answer is None or answer.status != 410:
            raise RehearsalError("the founder's link works a second time")
        _sign_in(new_page(), account.url, name, password, recovery_codes[0])


def _enrol(page: Any) -> list[str]:
    """Set up the second factor, as somebody with a phone does; that signs in. Returns the recovery codes."""
    page.wait_for_url("**/admin/login/second-factor/")
    page.fill("#id_code", code_at(page.inner_text("#secret"), time.time()))
    page.click("#enrol-form button")
    page.wait_for_url("**/admin/login/recovery-codes/")
    codes: list[str] = page.locator("#recovery-codes code").all_inner_texts()
    if len(codes) != RECOVERY_CODES:
        raise RehearsalError("the founder got no recovery codes")
    page.check("#id_kept")
    page.click("#kept-form button")
    page.wait_for_url("**/admin/")
    return codes


def _sign_in(page: Any, url: str, name: str, password: str, code: str) -> None:
    page.context.clear_cookies()
    page.goto(f"{url}/admin/")
    page.fill("#id_username", name)
    page.fill("#id_password", password)
    page.click("#login-form button")
    page.wait_for_url("**/admin/login/code/")
    page.fill("#id_code", code)
    page.click("#code-form button")
    page.wait_for_url("**/admin/")


def _link(account: Account, email: str) -> str:
    deadline = time.monotonic() + MAILED_WITHIN_S
    while True:
        mails: list[dict[str, Any]] = urllib3.request(
            "GET", f"{account.mailbox_url}.json", fields={"to": email}, timeout=10, retries=False
        ).json()
        links = [link for mail in mails for link in mail["links"] if "/founders/" in link]
        if links:
            return str(links[0])
        if time.monotonic() > deadline:
            raise RehearsalError("no mail with a link came to the founder")
        time.sleep(0.2)
