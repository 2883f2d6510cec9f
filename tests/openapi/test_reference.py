"""The reference in a real browser: drawn under a strict policy, by nobody else's files."""

import json
import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from api.openapi.document import FILE
from local.chromium import chromium_path
from tests.admin.browser import PATIENCE_MS

DOCUMENT = json.loads(FILE.read_bytes())
DESCRIBED = sum(len(path) for section in ("paths", "webhooks") for path in DOCUMENT[section].values())
WIDTHS = {"desk": 1280, "phone": 390}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with pytest.MonkeyPatch.context() as environment, sync_playwright() as playwright:
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        expect.set_options(timeout=PATIENCE_MS)
        chromium = playwright.chromium.launch(executable_path=chromium_path(), args=options)
        yield chromium
        chromium.close()


@pytest.fixture(params=WIDTHS)
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": WIDTHS[request.param], "height": 844})
    yield page
    page.close()


@pytest.mark.django_db(transaction=True)
def test_the_reference_draws_itself_with_our_files_only(page: Page, live_server: LiveServer) -> None:
    complaints: list[str] = []
    hosts: set[str] = set()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))

    answer = page.goto(f"{live_server.url}/docs/reference")

    expect(page.locator(".opblock")).to_have_count(DESCRIBED)
    page.locator("#operations-Gifts-create_gift .opblock-summary-control").click()
    expect(page.locator("#operations-Gifts-create_gift .opblock-body")).to_contain_text("Idempotency-Key")
    assert answer is not None
    assert "'unsafe" not in answer.headers["content-security-policy"]
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]
    assert (complaints, hosts) == ([], {urlsplit(live_server.url).netloc})
