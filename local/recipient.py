"""The recipient: finds the mail, opens its link in a real browser and plays the film."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import urllib3

from local.chromium import chromium_path
from local.errors import LocalError
from local.signals import deaf_children

if TYPE_CHECKING:
    from playwright.sync_api import Page

POLL_S = 0.25
WIDTH, HEIGHT = 1280, 800
PLAYED = "percent => film.error !== null || (film.currentTime / film.duration) * 100 >= percent"


class RecipientError(LocalError):
    """The mail did not come, or the page or the film does not work."""


def find_mail(mailbox_url: str, to: str, *, watch_url: str, within_s: float) -> dict[str, Any]:
    """Wait for the mail to `to` that has exactly this watch link, and return it as the mailbox shows it."""
    deadline = time.monotonic() + within_s
    while True:
        mails = _mails(mailbox_url, to)
        for mail in mails:
            if watch_url in mail["links"]:
                return mail
        if time.monotonic() > deadline:
            raise RecipientError(
                f"No mail with the gift's link came to {to} in {within_s:.0f} s; the mailbox has {len(mails)} others"
            )
        time.sleep(POLL_S)


def _mails(mailbox_url: str, to: str) -> list[dict[str, Any]]:
    try:
        response = urllib3.request("GET", f"{mailbox_url}.json", fields={"to": to}, timeout=10, retries=False)
        if response.status == 200:
            mails: list[dict[str, Any]] = response.json()
            return mails
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        raise RecipientError(f"The mailbox cannot be read: {type(error).__name__}") from error
    raise RecipientError(f"The mailbox cannot be read: HTTP status {response.status}")


class WatchPage:
    """The watch page, open in a browser."""

    def __init__(self, page: "Page") -> None:
        self._page = page

    def play(self, percent: int, *, within_s: float) -> None:
        """Press play, and watch until so much of the film has gone by."""
        self._page.click("#play")
        self._page.wait_for_function(PLAYED, arg=percent, timeout=within_s * 1000)
        error: str | None = self._page.evaluate("film.error && `${film.error.code} ${film.error.message}`")
        if error is not None:
            raise RecipientError(f"The browser cannot play the film: {error}")

    def photograph(self, file: Path) -> None:
        self._page.screenshot(path=file, full_page=True)


@contextmanager
def browser(*, ignore_certificates: bool = False) -> Iterator[Callable[[str], WatchPage]]:
    """Start Chromium; call what it yields with a watch link to open it. Raises RecipientError for a page that fails."""
    with chromium_pages(ignore_certificates=ignore_certificates) as new_page:
        yield lambda link: _open(new_page(), link)


@contextmanager
def chromium_pages(*, ignore_certificates: bool = False) -> Iterator[Callable[[], "Page"]]:
    """Start Chromium; each page that it makes shares the others' cookies. Raises RecipientError for what fails."""
    from playwright.sync_api import Error, sync_playwright  # slow, and `make run` does without

    options = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's sandbox refuses to run as root
    with deaf_children():
        playwright = sync_playwright().start()
    try:
        chromium = playwright.chromium.launch(
            executable_path=chromium_path(), args=[*options, "--mute-audio"], handle_sigint=False
        )
        try:
            context = chromium.new_context(
                viewport={"width": WIDTH, "height": HEIGHT}, ignore_https_errors=ignore_certificates
            )
            yield context.new_page
        finally:
            chromium.close()
    except Error as error:
        raise RecipientError(f"In the browser: {error.message.splitlines()[0]}") from error
    finally:
        playwright.stop()


def _open(page: "Page", link: str) -> WatchPage:
    response = page.goto(link)
    if response is None or response.status != 200:
        raise RecipientError(f"The watch page answers {response.status if response else 'nothing'}")
    page.wait_for_selector("#play:visible")
    return WatchPage(page)
