"""Every link on every page of the admin, followed as each group: nothing is broken, nothing is shown that is refused
behind it, nothing secret stands anywhere, and nothing comes from another host."""

import os
from base64 import b32encode
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import resolve
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.groups import GROUPS
from accounts.models import ApiKey, User
from api.gifts.models import Gift
from api.gifts.states import GiftStatus
from api.outbox.models import Job
from api.rendering.models import Render
from api.webhooks.models import WebhookEndpoint
from tests.accounts.codes import equip
from tests.admin.conftest import Story
from tests.admin.signing import signed_in
from tests.admin.test_matrix import NO_GROUP, ROLES, SUPERUSER, user_in

# A watch link opens the gift to whoever has it: it is shown to those who may send the gift again, and to nobody else.
SEE_WATCH_LINKS = {
    SUPERUSER,
    *[name for name, listed in GROUPS.items() if listed is None or "api.operate_gift" in listed],
}
MOST_ROWS = len(GiftStatus) + 1
LOADED = {"img": "src", "script": "src", "link": "href", "source": "src", "iframe": "src", "video": "src"}


class Page(HTMLParser):
    """A page's links, and what a browser would load for it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag in LOADED and given.get(LOADED[tag]):
            self.loads.append(given[LOADED[tag]])


def crawl(client: Client) -> Iterator[tuple[str, str, Any]]:
    """Each page with its answer and where the link to it was found.

    Of the addresses of one page, those that have a parameter which none before had: no product of all filters. Of the
    rows of one kind, no more than there are states of a gift.
    """
    waiting, seen, rows = [("/admin/", "")], {"/admin/": {""}}, Counter[str]()
    while waiting:
        path, found_on = waiting.pop()
        at, answer = path, client.get(path)
        while answer.status_code == 302 and not _leaves(answer["Location"]):
            at = urljoin(at, answer["Location"])
            answer = client.get(at)
        yield path, found_on, answer
        if "text/html" not in answer.headers["Content-Type"]:
            continue
        for link in Page(answer.content.decode()).links:
            target = urlsplit(urldefrag(urljoin(f"http://testserver{at}", link)).url)
            if target.netloc != "testserver" or not target.path.startswith("/admin/"):
                continue
            parameters = {pair.partition("=")[0] for pair in target.query.split("&")}
            known = seen.setdefault(target.path, set())
            if parameters - known:
                known |= parameters
                route = resolve(target.path).route
                rows[route] += "<" in route
                if rows[route] > MOST_ROWS:
                    continue
                waiting.append((target._replace(scheme="", netloc="").geturl(), path))


def plant_secrets() -> dict[str, str]:
    """What must stand on no page, by what it is."""
    zoe = User.objects.create_user("zoe", is_staff=True)
    codes = equip(zoe)
    User.objects.filter(pk=zoe.pk).update(password=make_password("a password that nobody has"))
    planted = {"session_key": "planted0session0key", "session_data": "planted-session-data"}
    Session.objects.create(expire_date=timezone.now() + timedelta(hours=12), **planted)
    secrets = {f"digest of {key.pk}": key.digest for key in ApiKey.objects.all()}
    secrets |= {f"token of render {render.pk}": render.secret for render in Render.objects.all()}
    secrets |= {f"lease of job {job.pk}": str(job.lease_token) for job in Job.objects.exclude(lease_token=None)}
    secrets |= {f"secret of webhook {one.pk}": one.secret for one in WebhookEndpoint.objects.all()}
    secrets |= {f"password of {user.username}": user.password for user in User.objects.exclude(password="")}
    for device in TOTPDevice.objects.all():
        secrets[f"key of {device.user}'s app"] = device.key
        secrets[f"key of {device.user}'s app, readable"] = b32encode(bytes.fromhex(device.key)).decode()
    secrets |= {f"recovery code {number}": code for number, code in enumerate(codes)}
    secrets |= {f"digest of a recovery code {one.pk}": one.token for one in StaticToken.objects.all()}
    return secrets | planted


@pytest.mark.timeout(600)  # some hundreds of pages
@pytest.mark.parametrize("role", ROLES)
def test_no_link_is_broken_or_refused_and_no_secret_is_shown(role: str, story: Story) -> None:
    secrets = plant_secrets()
    tokens = {gift.token for gift in Gift.objects.all()}
    client = signed_in(user_in(role))

    wrong, leaks, foreign, shows_token, pages = {}, set(), set(), set(), 0
    for path, found_on, answer in crawl(client):
        pages += 1
        if answer.status_code == 302:
            foreign |= {answer["Location"]} if _is_foreign(answer["Location"]) else set()
            continue
        if answer.status_code != 200:
            wrong[path] = f"{answer.status_code}, linked on {found_on}"
            continue
        text = answer.getvalue().decode(errors="replace")  # of a file, too
        leaks |= {(path, what) for what, secret in secrets.items() if secret in text}
        shows_token |= {path for token in tokens if token in text}
        if "text/html" in answer.headers["Content-Type"]:
            foreign |= {load for load in Page(text).loads if _is_foreign(load)}

    assert (wrong, leaks, foreign) == ({}, set(), set())
    assert bool(shows_token) == (role in SEE_WATCH_LINKS), shows_token
    assert pages > (4 if role in (NO_GROUP, "Query") else 60), pages


def _leaves(address: str) -> bool:
    return urlsplit(address).netloc not in ("", "testserver")


def _is_foreign(address: str) -> bool:
    return _leaves(address) and urlsplit(address).netloc != urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc
