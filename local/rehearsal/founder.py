"""A founder in a browser: from the mail with the link to a shop in the admin."""

import secrets
import time
from typing import Any

import urllib3

from local.recipient import chromium_pages
from local.rehearsal.account import Account, RehearsalError

MAILED_WITHIN_S = 15


def make_shop(account: Account, *, email: str, name: str, shop: str) -> None:
    """Raises RehearsalError, or RecipientError for what fails in the browser."""
    link, password = _link(account, email), secrets.token_urlsafe(16)
    with chromium_pages(ignore_certificates=True) as new_page:
        page = new_page()
        page.goto(link)
        page.fill("#id_new_password1", password)
        page.fill("#id_new_password2", password)
        page.click("form.choose button")
        page.wait_for_url("**/admin/login/**")
        page.fill("#id_username", name)
        page.fill("#id_password", password)
        page.click("input[type=submit]")
        page.wait_for_url("**/admin/")
        page.screenshot(path=account.home / "admin.png")
        page.goto(f"{account.url}/admin/accounts/account/add/")
        page.fill("#id_name", shop)
        page.fill("#id_email", "shop@confetti.example")
        page.click("input[name=_save]")
        page.wait_for_url("**/admin/accounts/account/")
        again = new_page()
        answer = again.goto(link)
        if answer is None or answer.status != 410:
            raise RehearsalError("the founder's link works a second time")


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
