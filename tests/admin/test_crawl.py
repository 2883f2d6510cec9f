"""Every link on every page of the admin, followed as each group: nothing is broken, nothing is shown that is refused
behind it, nothing secret stands anywhere, and nothing comes from another host."""

import os
from base64 import b32encode
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.groups import GROUPS
from accounts.models import ApiKey, User
from api.gifts.models import Gift
from api.outbox.models import Job
from api.rendering.models import Render
from api.webhooks.models import WebhookEndpoint
from tests.accounts.codes import equip
from tests.admin.conftest import Story
from tests.admin.desk import ASKED_FOR
from tests.admin.signing import signed_in
from tests.admin.test_matrix import NO_GROUP, ROLES, SUPERUSER, user_in

# A watch link opens the gift to whoever has it: it is shown to those who may send the gift again, and to nobody else.
SEE_WATCH_LINKS = {SUPERUSER, "Founder", *[name for name, listed in GROUPS.items() if "api.operate_gift" in listed]}
LOADED = {"img": "src", "script": "src", "link": "href", "source": "src", "iframe": "src", "video": "src"}
MOST_PAGES = 2000


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
    """Each page with its answer and where the link to it was found. Of addresses that differ in their parameters'
    values only, the first is opened; a list's filters are tried alone, as every list offers each beside all others."""
    waiting, seen = [("/admin/", "")], {_kind("/admin/")}
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
            target = urldefrag(urljoin(f"http://testserver{at}", link)).url
            where = urlsplit(target)
            inside = where.netloc == "testserver" and where.path.startswith("/admin/")
            further = where._replace(scheme="", netloc="").geturl()
            is_mixed = "/admin/api/" in further or "/admin/accounts/" in further
            if inside and not (is_mixed and "&" in further) and _kind(further) not in seen:
                seen.add(_kind(further))
                waiting.append((further, path))
        assert len(seen) < MOST_PAGES


def _kind(path: str) -> tuple[str, tuple[str, ...]]:
    parts = urlsplit(path)
    return parts.path, tuple(sorted(pair.partition("=")[0] for pair in parts.query.split("&")))


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


@pytest.mark.parametrize("role", ROLES)
def test_no_link_is_broken_or_refused_and_no_secret_is_shown(role: str, story: Story) -> None:
    secrets = plant_secrets()
    tokens = {gift.token for gift in Gift.objects.all()}
    client = signed_in(user_in(role))

    wrong, leaks, foreign, shows_token, shows_asked, pages = {}, set(), set(), set(), set(), 0
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
        shows_asked |= {path} if ASKED_FOR in text else set()
        shows_token |= {path for token in tokens if token in text}
        if "text/html" in answer.headers["Content-Type"]:
            foreign |= {load for load in Page(text).loads if _is_foreign(load)}

    assert (wrong, leaks, foreign) == ({}, set(), set())
    assert bool(shows_token) == (role in SEE_WATCH_LINKS), shows_token
    assert bool(shows_asked) == (role in (SUPERUSER, "Founder")), shows_asked
    assert pages > (4 if role in (NO_GROUP, "Query") else 60), pages


def _leaves(address: str) -> bool:
    return urlsplit(address).netloc not in ("", "testserver")


def _is_foreign(address: str) -> bool:
    return _leaves(address) and urlsplit(address).netloc != urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc
