"""What an answer of the admin may not have in it: a secret, a file of another host, what is not for this eye."""

import os
from base64 import b32encode
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import ApiKey, User
from api.gifts.models import Gift
from api.outbox.models import Job
from api.rendering.models import Render
from api.webhooks.models import WebhookEndpoint
from tests.accounts.codes import equip
from tests.admin.desk import ASKED_FOR
from tests.admin.visits import allowed

LOADED = {"img": "src", "script": "src", "link": "href", "source": "src", "iframe": "src", "video": "src"}
TOKEN, ASKED, RECIPIENT = "a watch link", "what was asked of personal data", "a recipient's address"

# What is shown somewhere to those who have the permission, and nowhere to anybody else. A watch link opens the gift to
# whoever has it: it is for those who may send the gift again.
FOR_SOME = {TOKEN: "api.operate_gift", ASKED: "api.console_pii", RECIPIENT: "api.view_gift"}


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


class Reader:
    """Reads answers for a role, and keeps what is wrong with them. Make it when the story is there."""

    def __init__(self, role: str) -> None:
        self._role = role
        self._secrets = plant_secrets()
        self._for_some = {
            TOKEN: set(Gift.objects.values_list("token", flat=True)),
            ASKED: {ASKED_FOR},
            RECIPIENT: set(Gift.objects.values_list("recipient_email", flat=True)) - {""},
        }
        self.wrong: set[tuple[str, str]] = set()
        self.seen: set[str] = set()

    def read(self, what: str, answer: Any) -> None:
        """`what` was asked for tells where it is."""
        if answer.status_code >= 500:
            self.wrong.add((what, f"answered {answer.status_code}"))
        if answer.status_code == 302:
            self._note_foreign(what, answer["Location"])
            return
        text = answer.getvalue().decode(errors="replace")  # of a file, too
        self.wrong |= {(what, secret) for secret, value in self._secrets.items() if value in text}
        for kind, values in self._for_some.items():
            if any(value in text for value in values):
                self.seen.add(kind)
                if kind not in self.may_see:
                    self.wrong.add((what, kind))
        if "text/html" in answer.headers.get("Content-Type", ""):
            for load in Page(text).loads:
                self._note_foreign(what, load)

    @property
    def may_see(self) -> set[str]:
        return {kind for kind, permission in FOR_SOME.items() if allowed(self._role, (permission,))}

    def _note_foreign(self, what: str, address: str) -> None:
        if leaves(address) and urlsplit(address).netloc != urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc:
            self.wrong.add((what, f"leads to {address}"))


def leaves(address: str) -> bool:
    return urlsplit(address).netloc not in ("", "testserver")


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
