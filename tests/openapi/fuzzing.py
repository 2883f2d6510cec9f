"""Fuzzing the API by its own description: what has to be there first, and one run of schemathesis."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from accounts.models import Account, OrderGate
from accounts.services import create_account, issue_api_key
from api.gifts.models import Gift
from api.gifts.states import GiftStatus
from api.media import services as media
from api.openapi.described import OPERATIONS
from api.webhooks.models import WebhookDelivery, WebhookEndpoint
from api.webhooks.services import send_test
from api.webhooks.signing import new_secret
from local.migrations import PROJECT
from tests import build
from tests.system import System

Named = dict[str, Any]

FREE_OF_LIMITS = 10_000_000
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
GENERATED = re.compile(r"(\d+) generated")


@dataclass(frozen=True)
class Shop:
    """One key of the fuzzed account, and the file of ids that it can reach."""

    key: str
    facts: Path


@dataclass(frozen=True)
class Outcome:
    cases: int
    is_clean: bool
    report: str


def open_shop(account: Account, folder: Path, *, livemode: bool, gifts_a_state: int, now: datetime) -> Shop:
    """What is there to be found: for each operation a set of its own, so that none uses up another's."""
    _, key = issue_api_key(account, name="fuzz", livemode=livemode, created_by="tests", now=now)
    makers: dict[str, Callable[[], list[Named]]] = {
        "/v1/gifts/{id}": lambda: _gifts(account, livemode=livemode, count=gifts_a_state, now=now),
        "/v1/uploads/{id}": lambda: _uploads(account, livemode=livemode, now=now),
        "/v1/webhook-endpoints/{id}": lambda: _endpoints(account, livemode=livemode, now=now),
        "/v1/templates/{slug}": lambda: [{"slug": build.CONTENT["template"]}],
        "/public/gifts/{token}": lambda: _tokens(account, count=gifts_a_state, now=now),
    }
    facts = {
        "places": {
            place: make()
            for place in OPERATIONS
            for prefix, make in makers.items()
            if place.partition(" ")[2].startswith(prefix)
        },
        "template": build.CONTENT["template"],
        "media": [build.ready_upload(account, now, livemode=livemode).pk for _ in range(3)],
        "soon": (now + timedelta(days=20)).isoformat(),
    }
    file = folder / f"{'live' if livemode else 'test'}.json"
    file.write_text(json.dumps(facts, default=str))
    return Shop(key, file)


def open_account() -> Account:
    account = create_account(
        name="Fuzzy Shop",
        email="shop@fuzzy.example",
        order_gate=OrderGate.PER_GIFT,
        requests_per_minute=FREE_OF_LIMITS,
    )
    account.mails_per_day = FREE_OF_LIMITS
    account.save()
    return account


def fuzz(system: System, shop: Shop, *, examples: int, is_new: bool) -> Outcome:
    """At most so many made-up cases for each operation, on top of those that try each limit.

    They are the same cases each time, unless `is_new`.
    """
    command = [
        sys.executable,
        "-m",
        "schemathesis.cli",
        f"--config-file={CONFIGURATION}",
        "run",
        f"{system.base_url}/v1/openapi.json",
        f"--max-examples={examples}",
        "--phases=examples,coverage,fuzzing",
        "--no-color",
        "--output-sanitize=false",
        *([] if is_new else ["--generation-deterministic"]),
    ]
    env = {**system.env, "FUZZ_FACTS": str(shop.facts), "FUZZ_KEY": shop.key, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(command, env=env, cwd=PROJECT, capture_output=True, text=True, check=False)
    report = done.stdout + done.stderr
    shop.facts.with_suffix(".txt").write_text(report)
    counted = GENERATED.search(report)
    return Outcome(int(counted[1]) if counted else 0, done.returncode == 0, report)


def _gifts(account: Account, *, livemode: bool, count: int, now: datetime) -> list[Named]:
    made = [build.in_state(status, account, now) for status in GiftStatus for _ in range(count)]
    if not livemode:
        Gift.objects.filter(pk__in=[gift.pk for gift in made]).update(livemode=False)
    return [{"id": gift.pk} for gift in made]


def _tokens(account: Account, *, count: int, now: datetime) -> list[Named]:
    openable = [GiftStatus.SENT, GiftStatus.WATCHED, GiftStatus.BOUNCED]
    states = [*openable * 2 * count, GiftStatus.EXPIRED, GiftStatus.DRAFT]
    return [{"token": build.in_state(status, account, now).token} for status in states]


def _uploads(account: Account, *, livemode: bool, now: datetime) -> list[Named]:
    ready = [build.ready_upload(account, now, livemode=livemode).pk for _ in range(5)]
    photo: Any = {"filename": "photo.jpg", "content_type": "image/jpeg", "size": 1000}
    pending = [media.create_upload(account.pk, livemode=livemode, now=now, **photo)[0].pk for _ in range(10)]
    return [{"id": upload} for upload in ready + pending]


def _endpoints(account: Account, *, livemode: bool, now: datetime) -> list[Named]:
    """With a delivery each, of which some are over."""
    endpoints = [
        WebhookEndpoint.objects.create(
            account=account,
            livemode=livemode,
            url="https://shop.example/hook",
            types=["gift.sent"],
            secret=new_secret(),
            created_at=now,
            updated_at=now,
        )
        for _ in range(2)  # of the 20 that an account may have, some are left to be made
    ]
    made = [{"id": endpoint.pk, "delivery": send_test(endpoint, now=now).pk} for endpoint in endpoints]
    over = WebhookDelivery.objects.filter(pk__in=[names["delivery"] for names in made[::2]])
    over.update(status="succeeded", next_attempt_at=None, finished_at=now)
    return made
