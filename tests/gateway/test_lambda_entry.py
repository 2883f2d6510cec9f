"""The entry point in processes of its own: what it serves, what it refuses, what it does without."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib.metadata import distribution, packages_distributions
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from packaging.requirements import Requirement

from accounts.models import Account
from accounts.services import issue_api_key
from api.delivery.models import Message
from api.gifts.models import Gift
from api.gifts.states import GiftStatus
from api.templates.models import Template
from local.environment import NOWHERE
from local.gateway.functions import site
from local.lambda_runtime import Function, FunctionError
from local.migrations import PROJECT
from local.sendgrid.events import SIGNATURE_HEADER, TIMESTAMP_HEADER, sign
from local.sendgrid.keys import load_private_key
from tests import build
from tests.delivery.conftest import event as delivery_event
from tests.gateway.events import Event, http_event, posted
from tests.imports import admins_among, slow_among
from tests.system import System

RULE = "arn:aws:events:ap-southeast-2:000000000000:rule/giftflick-staging-"
SECRET = "gf_live_000000000000_00000000000000000000000000000000000000"


def scheduled(*rules: str) -> dict[str, Any]:
    return {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}, "resources": list(rules)}


@pytest.fixture
def now() -> datetime:
    """Functions look at the clock themselves."""
    return timezone.now()


@pytest.fixture
def function(functions: tuple[Function, Function]) -> Function:
    return functions[0]


@pytest.fixture(scope="module")
def without_database(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Function]:
    env = {**system.env, "DATABASE_URL": f"postgres://giftflick:secret@{NOWHERE}/giftflick"}
    with site(env, tmp_path_factory.mktemp("without-database"), copies=1) as function:
        function.start()
        yield function


@pytest.mark.parametrize("event", [{"keep_warm": True}, scheduled(f"{RULE}zappa-keep-warm-handler.keep_warm_callback")])
def test_keep_warm_is_answered_without_the_database(without_database: Function, event: dict[str, Any]) -> None:
    assert without_database.invoke(event) == {"keep_warm": True}


def test_a_database_that_is_away_kills_neither_init_nor_a_request(without_database: Function, account: Account) -> None:
    context = context_of(account, "000000000000")

    answer = without_database.invoke(http_event("/v1/account", authorizer=context))

    assert (answer["statusCode"], json.loads(answer["body"])["status"]) == (503, 503)
    assert without_database.invoke(http_event("/healthz"))["statusCode"] == 200


@pytest.mark.parametrize("event", [{"tick": True}, scheduled(f"{RULE}giftflick.lambda_entry.tick")])
@pytest.mark.django_db(transaction=True)
def test_a_tick_does_what_is_due(
    function: Function, account: Account, template: Template, now: datetime, event: dict[str, Any]
) -> None:
    forgotten = build.draft(account, now - timedelta(days=31))
    Gift.objects.filter(pk=forgotten.pk).update(updated_at=now - timedelta(days=31))

    found = function.invoke(event)

    assert found["untouched drafts"] == 1
    assert not Gift.objects.filter(status=GiftStatus.DRAFT).exists()


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"tick": False},
        {"tick": "true"},
        {"tick": True, "keep_warm": True},
        {"tick": True, "raw_command": f"print('{SECRET}')"},
        {"raw_command": f"print('{SECRET}')"},
        {"manage": f"stats {SECRET}", "tick": True},
        {"manage": "stats", "command": f"stats {SECRET}"},
        {"manage": ["stats", SECRET]},
        {"Records": [{"Sns": {"Message": json.dumps({"command": SECRET})}}]},
        {"Records": [{"s3": {"configurationId": f"x:{SECRET}"}}]},
        scheduled(),
        scheduled(f"{RULE}os.system"),
        scheduled(f"{RULE}giftflick.lambda_entry.tick", f"{RULE}os.system"),
        scheduled("giftflick.lambda_entry.tick-x"),
        {**scheduled(f"{RULE}giftflick.lambda_entry.tick"), "source": "aws.s3"},
        {**http_event("/healthz"), "version": "1.0"},
        {"httpMethod": "GET", "path": "/healthz", "headers": {}, "requestContext": {"elb": {}}},
        {"type": "TOKEN", "authorizationToken": SECRET, "methodArn": "arn"},
    ],
)
def test_everything_else_is_refused_and_nothing_of_it_told(function: Function, event: dict[str, Any]) -> None:
    with pytest.raises(FunctionError, match=r"RefusedEventError") as refusal:
        function.invoke(event)

    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize("kind", ["manage", "command"])
def test_a_command_that_is_not_listed_is_refused_and_nothing_of_it_told(function: Function, kind: str) -> None:
    with pytest.raises(FunctionError, match=r"CommandFailedError") as refusal:
        function.invoke({kind: f"shell {SECRET}"})

    assert SECRET not in str(refusal.value)


def test_an_event_that_is_no_object_is_refused(function: Function) -> None:
    events: list[Any] = [[], "tick", 7, None]

    for event in events:
        with pytest.raises(FunctionError, match="RefusedEventError"):
            function.invoke(event)


@pytest.mark.django_db(transaction=True)
def test_one_api_request_imports_neither_admin_pages_nor_slow_packages(
    system: System, tmp_path: Path, account: Account, template: Template, body: dict[str, Any]
) -> None:
    record, _ = issue_api_key(account, name="tests", livemode=True, created_by="tests", now=timezone.now())
    context = context_of(account, record.pk)
    events = [http_event("/v1/account", authorizer=context), posted("/v1/gifts", body, authorizer=context)]

    told = start_cold(system, tmp_path, events)

    assert [answer["statusCode"] for answer in told["answers"]] == [200, 201]
    assert slow_among(told["modules"]) == []


@pytest.mark.django_db(transaction=True)
def test_nothing_that_a_shop_a_recipient_or_a_vendor_does_imports_admin_pages(
    system: System, tmp_path: Path, account: Account, template: Template, body: dict[str, Any], now: datetime
) -> None:
    """Each of them does something: what is imported on the way would be missed in a refusal."""
    record, _ = issue_api_key(account, name="tests", livemode=True, created_by="tests", now=now)
    by_key: dict[str, Any] = {"authorizer": context_of(account, record.pk)}
    draft, ready, sent = build.draft(account, now), build.scheduled(account, now), build.sent(account, now)
    calls = [
        (200, http_event("/v1/gifts", **by_key)),
        (200, http_event("/v1/templates", **by_key)),
        (201, posted("/v1/gifts", body, **by_key)),
        (200, posted(f"/v1/gifts/{draft.pk}/submit", {}, **by_key)),
        (200, posted(f"/v1/gifts/{ready.pk}/cancel", {}, **by_key)),
        (201, posted("/v1/uploads", {"filename": "a.mp4", "content_type": "video/mp4", "size": 1000}, **by_key)),
        (200, http_event(f"/g/{sent.token}")),
        (200, http_event(f"/public/gifts/{sent.token}")),
        (204, posted(f"/public/gifts/{sent.token}/progress", {"percent": 50})),
        (201, posted(f"/public/gifts/{sent.token}/thanks", {"message": "How lovely!"})),
        (204, sendgrid_event(sent.messages.get(kind="gift"), system.private_key)),
    ]

    told = start_cold(system, tmp_path, [event for _, event in calls])

    assert [answer["statusCode"] for answer in told["answers"]] == [status for status, _ in calls]
    assert admins_among(told["modules"]) == []


def sendgrid_event(message: Message, private_key: str) -> Event:
    """Signed as SendGrid signs: the mail was delivered."""
    event = http_event("/hooks/sendgrid", method="POST", body=json.dumps([delivery_event(message, "delivered")]))
    timestamp = str(int(time.time()))
    signature = sign(load_private_key(private_key), timestamp, event["body"].encode())
    headers = {"content-type": "application/json", SIGNATURE_HEADER: signature, TIMESTAMP_HEADER: timestamp}
    return {**event, "headers": {**event["headers"], **{name.lower(): value for name, value in headers.items()}}}


@pytest.mark.django_db(transaction=True)
def test_admin_pages_are_imported_for_the_first_admin_page(system: System, tmp_path: Path) -> None:
    told = start_cold(system, tmp_path, [http_event("/admin/login/")])

    assert told["answers"][0]["statusCode"] == 200
    assert {"accounts.admin", "api.admin", "api.gifts.pages.gift", "accounts.key_admin", "unfold.admin"} <= set(
        admins_among(told["modules"])
    )


def context_of(account: Account, key_id: str) -> dict[str, Any]:
    """What the authorizer says of a caller."""
    return {
        "account_id": str(account.pk),
        "account_name": account.name,
        "livemode": True,
        "key_id": key_id,
        "key_name": "tests",
        "scopes": "account:read gifts:read gifts:write uploads:write orders:write webhooks:write",
        "requests_per_minute": 6000,
        "mails_per_day": 100,
        "origins": "",
    }


def start_cold(system: System, folder: Path, events: list[dict[str, Any]], *, env: dict[str, str] | None = None) -> Any:
    """What a fresh process told of these events; in the system's environment, unless another one is given."""
    file = folder / "events.json"
    file.write_text(json.dumps(events))
    command = ["-m", "tests.gateway.cold_start", json.dumps(sorted(not_shipped())), str(file)]
    done = subprocess.run(
        [sys.executable, *command],
        env=env or system.env,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def not_shipped() -> set[str]:
    """The top-level modules of what is installed here beyond requirements.txt and what that needs."""
    lines = (PROJECT / "requirements.txt").read_text().splitlines()
    shipped, open_ends = set[str](), [line.partition("#")[0].strip() for line in lines]
    while open_ends:
        line = open_ends.pop()
        if not line:
            continue
        requirement = Requirement(line)
        name = normal(requirement.name)
        if name in shipped or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        shipped.add(name)
        open_ends += distribution(requirement.name).requires or []
    return {
        module
        for module, packages in packages_distributions().items()
        if not {normal(package) for package in packages} & shipped
    }


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
