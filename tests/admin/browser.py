"""The admin in a real browser, signed in, on a desk or on a phone, light or dark.

`signed_in_page` opens pages; at a test's end it insists that none asked another host for anything, broke the content
security policy, had a script fail, wanted a file of ours that is not there, or met an error of the server. Tests that
use it need `pytest.mark.django_db(transaction=True)`.
"""

import os
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Response, Route, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from accounts.reauthentication import CONFIRMED_AT
from local.chromium import chromium_path
from tests.admin.signing import signed_in

SCREENSHOTS = Path(__file__).resolve().parents[2] / ".local" / "screenshots"
DESK, PHONE = 1280, 390
HEIGHTS = {DESK: 900, PHONE: 844}
LOOKS = [(DESK, False), (DESK, True), (PHONE, False), (PHONE, True)]  # for parametrize: width, dark
GRAVE = frozenset({"serious", "critical"})
PATIENCE_MS = 15_000  # a machine that does other things as well


class OpenPage(Protocol):
    def __call__(
        self, user: User | None, *, width: int = DESK, dark: bool = False, failing: str = "", has_scripts: bool = True
    ) -> Page: ...


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Playwright runs an event loop in this thread; Django, asked from the same thread, must not mind."""
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with pytest.MonkeyPatch.context() as environment, sync_playwright() as playwright:
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        expect.set_options(timeout=PATIENCE_MS)
        chromium = playwright.chromium.launch(executable_path=chromium_path(), args=[*options, "--mute-audio"])
        yield chromium
        chromium.close()


@pytest.fixture
def signed_in_page(browser: Browser, live_server: LiveServer) -> Iterator[OpenPage]:
    """Call it with a user (None: a stranger) for a page at the live server; open `/admin/…` in it.

    What goes wrong there fails the test; `failing` is part of the addresses that are meant to.
    """
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def open_page(
        user: User | None, *, width: int = DESK, dark: bool = False, failing: str = "", has_scripts: bool = True
    ) -> Page:
        url = live_server.url
        context = browser.new_context(
            viewport={"width": width, "height": HEIGHTS.get(width, 900)},
            has_touch=width == PHONE,
            is_mobile=width == PHONE,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            base_url=url,
            java_script_enabled=has_scripts,
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        context.route(_is_foreign(url), lambda route: _refuse(route, wrong))
        if user is not None:
            cookie = signed_in(user).cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": url}])
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
        page.on("console", lambda said: _listen(said, page, wrong))
        page.on("response", lambda response: _judge(response, failing, wrong))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def age(page: Page, *, minutes: int) -> None:
    """Let the last sign-in be so long ago."""
    [cookie] = [one["value"] for one in page.context.cookies() if one["name"] == settings.SESSION_COOKIE_NAME]
    session = SessionStore(cookie)
    session[CONFIRMED_AT] = (timezone.now() - timedelta(minutes=minutes)).timestamp()
    session.save()


def downloaded(page: Page, button: Locator) -> bytes:
    """The file behind a button or a link. A page that is left for a file before it has loaded never says so."""
    page.wait_for_load_state("load")
    with page.expect_download() as download:
        button.click()
    return download.value.path().read_bytes()


def photograph(page: Page, name: str) -> Path:
    """Keep what the page looks like in `.local/screenshots/`, by its width and colours, for a designer's eye."""
    width = page.viewport_size["width"] if page.viewport_size else 0
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    path = SCREENSHOTS / f"{name}-{width}-{'dark' if dark else 'light'}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path, full_page=True)
    return path


def serious(page: Page) -> list[str]:
    """What axe finds serious or critical on the page as it stands, one line an element.

    In a frame without scripts, such as a mail's, axe does not run: what it shows is looked at as a page of its own.
    What axe cannot decide (`incomplete`) is left to a designer's eye.
    """
    found = _violations(page)
    for framed in page.locator("iframe[srcdoc]").evaluate_all("frames => frames.map(frame => frame.srcdoc)"):
        alone = page.context.new_page()
        alone.set_content(framed)
        found += _violations(alone)
        alone.close()
    return found


def overflows(page: Page) -> bool:
    """Whether the page itself scrolls sideways; a table may, inside its own frame."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def _violations(page: Page) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{problem['id']}: {node['target'][0]}: {_in_short(node)}"
        for problem in found
        if problem["impact"] in GRAVE
        for node in problem["nodes"]
    ]


def _is_foreign(own_url: str) -> Callable[[str], bool]:
    own = {urlsplit(own_url).netloc, urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc}
    return lambda url: urlsplit(url).scheme in ("http", "https", "ws", "wss") and urlsplit(url).netloc not in own


def _refuse(route: Route, wrong: list[str]) -> None:
    wrong.append(f"asked another host: {route.request.url}")
    route.abort()


def _listen(said: Any, page: Page, wrong: list[str]) -> None:
    if "Content Security Policy" in said.text:
        wrong.append(f"{page.url}: {said.text}")


def _judge(response: Response, failing: str, wrong: list[str]) -> None:
    is_file_of_ours = urlsplit(response.url).path.startswith("/static/")
    is_meant = bool(failing) and failing in response.url
    if response.status >= (400 if is_file_of_ours else 500) and not is_meant:
        wrong.append(f"{response.status}: {response.url}")


def _in_short(node: dict[str, Any]) -> str:
    return re.sub(r"\s+", " ", f"{node['failureSummary']} {node['html']}")[:300]
