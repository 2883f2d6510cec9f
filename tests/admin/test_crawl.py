"""Every page of the admin and every link on it, followed as each group: nothing is broken, nothing is shown that is
refused behind it, nothing secret stands anywhere, and nothing comes from another host."""

from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from django.test import Client
from django.urls import resolve

from api.gifts.states import GiftStatus
from tests.admin.conftest import Story
from tests.admin.leaks import Page, Reader, leaves
from tests.admin.matrix import MODELS, NOBODY, OUTSIDE
from tests.admin.signing import signed_in
from tests.admin.visits import KEPT, ROLES, SUPERUSER, allowed, patterns, user_in, visits

MOST_ROWS = len(GiftStatus) + 1

# Pages that a superuser cannot open by a GET, or not in the story. Besides those that are nobody's: `NOBODYS`.
NOT_OPENED = {
    "logout": "by POST only",
    "view_on_site": "no row has an address of its own",
    "gift_approve": "no gift of the story waits for it",
    "sheet_begin": "by POST only",
    "sheet_discard": "by POST only",
    "console_stop": "by POST only",
    "console_fields": "by POST only",
    "console_keep": "by POST only",
    "template_copy": "by POST only",
}
NOBODYS = {f"{model}_delete" for model in MODELS} | {f"{name}_add" for name, it in MODELS.items() if it.add == NOBODY}


class Way:
    """What is still to be opened, and where the link to it stood.

    Of the addresses of one page, those that have a parameter which none before had: no product of all filters. Of the
    rows of one kind, no more than there are states of a gift.
    """

    def __init__(self) -> None:
        self._seen: dict[str, set[str]] = {}
        self._rows = Counter[str]()
        self.waiting: list[tuple[str, str]] = []

    def add(self, address: str, found_on: str) -> None:
        target = urlsplit(urldefrag(urljoin("http://testserver", address)).url)
        if target.netloc != "testserver" or not target.path.startswith("/admin/"):
            return
        parameters = {pair.partition("=")[0] for pair in target.query.split("&")}
        known = self._seen.setdefault(target.path, set())
        if not parameters - known:
            return
        known |= parameters
        route = resolve(target.path).route
        self._rows[route] += "<" in route
        if self._rows[route] <= MOST_ROWS:
            self.waiting.append((target._replace(scheme="", netloc="").geturl(), found_on))


def crawl(client: Client, starts: list[str]) -> Iterator[tuple[str, str, Any]]:
    """Each page with its answer and where the link to it was found."""
    way = Way()
    for start in starts:
        way.add(start, "")
    while way.waiting:
        path, found_on = way.waiting.pop()
        at, answer = path, client.get(path)
        while answer.status_code == 302 and not leaves(answer["Location"]):
            at = urljoin(at, answer["Location"])
            answer = client.get(at)
        yield path, found_on, answer
        if "text/html" in answer.headers["Content-Type"]:
            for link in Page(answer.content.decode()).links:
                way.add(urljoin(at, link), path)


@pytest.mark.timeout(600)  # some hundreds of pages
@pytest.mark.parametrize("role", ROLES)
def test_no_link_is_broken_or_refused_and_no_secret_is_shown(role: str, story: Story) -> None:
    reader = Reader(role)
    client = signed_in(user_in(role))
    starts = [visit.path for visit in visits() if visit.opens and allowed(role, visit.needs)]

    broken, opened = {}, set()
    for path, found_on, answer in crawl(client, starts):
        opened.add(resolve(urlsplit(path).path).url_name)
        reader.read(path, answer)
        if answer.status_code not in (200, 302):
            broken[path] = f"{answer.status_code}, linked on {found_on}"

    assert (broken, reader.wrong) == ({}, set())
    assert reader.seen == reader.may_see
    if role == SUPERUSER:
        everything = {pattern.name for pattern in patterns()} - KEPT - set(OUTSIDE)
        assert everything - opened == NOBODYS | set(NOT_OPENED)
