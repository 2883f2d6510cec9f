"""Every listed command as `zappa manage` and `zappa invoke` send it to the function, and what is left in its log."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import urllib3
from django.utils import timezone

from accounts.models import Account, ApiKey
from accounts.services import issue_api_key
from api.gifts.models import Gift
from api.outbox.models import Job
from api.templates.models import Template
from giftflick.remote import COMMANDS
from local.gateway.functions import site
from local.lambda_runtime import Function, FunctionError
from tests import build
from tests.remote.conftest import Console
from tests.system import System

ELSEWHERE = {"prepare_database", "rotate_database", "rotate_console"}  # the release function's, with tests of their own
SECRET_VARIABLES = ("SECRET", "KEY", "DATABASE_URL")
NO_SECRETS = ("AWS_ACCESS_KEY_ID", "KEY_TABLE", "SENDGRID_WEBHOOK_PUBLIC_KEY", "RENDERER_SECRET")

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def now() -> datetime:
    """Functions look at the clock themselves."""
    return timezone.now()


@pytest.fixture
def console(system: System) -> Console:
    return Console(system.env["AWS_ENDPOINT_URL"])


@contextmanager
def stage_function(system: System, console: Console, logs: Path) -> Iterator[Function]:
    env = {**system.env, **console.environment, "LOG_LEVEL": "DEBUG"}
    with site(env, logs, copies=1) as function:
        function.start()
        yield function


@pytest.fixture
def function(system: System, console: Console, tmp_path: Path) -> Iterator[Function]:
    with stage_function(system, console, tmp_path) as function:
        yield function


def written(logs: Path) -> str:
    """What CloudWatch would keep."""
    return "".join(file.read_text() for file in sorted(logs.glob("site-*.log")))


def lines_for(account: Account, key: ApiKey, gift: Gift, founder: str) -> dict[str, str]:
    """One for each command; erased and revoked last."""
    address = hashlib.sha256(gift.recipient_email.encode()).hexdigest()
    return {
        "check": "check --deploy",
        "migrate": "migrate",
        "showmigrations": "showmigrations",
        "seed_templates": "seed_templates",
        "prepare_console": "prepare_console",
        "create_founder": f"create_founder --email={founder} --name=ada",
        "reset_second_factor": f"reset_second_factor --email={founder}",
        "api_key issue": f"api_key issue --account={account.pk} --name=Web%20page --scopes=account:read",
        "api_key rotate": f"api_key rotate --key={key.pk} --overlap-hours=1",
        "api_key list": f"api_key list --account={account.pk} --limit=2",
        "sync_api_keys": "sync_api_keys --dry-run",
        "smoke_key": "smoke_key",
        "requeue_jobs": "requeue_jobs --kind=mail.send",
        "renderer_key": "renderer_key --action=issue",
        "stats": "stats",
        "tick": "tick --seconds=1",
        "erase_recipient": f"erase_recipient --email-sha256={address}",
        "api_key revoke": f"api_key revoke --key={key.pk}",
    }


def test_every_command_answers_both_events_with_the_last_line_it_logs_and_may_be_run_again(
    function: Function, tmp_path: Path, account: Account, template: Template, now: datetime
) -> None:
    key, _ = issue_api_key(account, name="x", livemode=True, created_by="tests", now=now)
    lines = lines_for(account, key, build.sent(account, now), f"founder-{uuid4().hex}@giftflick.example")
    assert lines.keys() | ELSEWHERE == COMMANDS.keys()

    for name, line in lines.items():
        for event in ({"manage": line}, {"command": line}):
            before = written(tmp_path)
            answer = function.invoke(event)
            printed = [text for text in written(tmp_path).removeprefix(before).splitlines() if not is_log(text)]
            assert json.loads(printed[-1]) == answer, name
            assert isinstance(answer, dict)


def test_nothing_that_is_secret_or_personal_is_left_in_log_answer_or_error(
    system: System, function: Function, console: Console, tmp_path: Path, account: Account, template: Template
) -> None:
    now, founder = timezone.now(), f"canary-founder-{uuid4().hex}@giftflick.example"
    ben = {"name": "Canary Ben", "email": f"canary-{uuid4().hex}@example.com"}
    gift = build.sent(account, now, recipient=ben, message="canary words")
    key, text = issue_api_key(account, name="x", livemode=True, created_by="tests", now=now)
    Job.objects.create(
        kind="mail.send", dedupe_key="x", ref_id=uuid4(), run_at=now, state="dead", created_at=now, finished_at=now
    )

    told = []
    for line in lines_for(account, key, gift, founder).values():
        told.append(json.dumps(function.invoke({"manage": line})))
        for spoiled in (
            f"{line} {text}",
            f"{line} --password={text}",
            f"{line} --email={ben['email']}",
            f"{text} {line}",
        ):
            with pytest.raises(FunctionError, match="CommandFailedError") as failed:
                function.invoke({"command": spoiled})
            told.append(str(failed.value))
    for line in (f"create_founder --email={founder} --name={text}%20x", f"api_key revoke --key={text}"):
        with pytest.raises(FunctionError, match="CommandFailedError") as failed:
            function.invoke({"manage": line})
        told.append(str(failed.value))

    kept = written(tmp_path) + "\n".join(told)
    canaries = {
        **{name: value for name, value in system.env.items() if is_secret(name)},
        **console.handed_over(),
        **json.loads(console.secret(console.renderer_secret)),
        "database": str(urlsplit(system.env["DATABASE_URL"]).password),
        "link": mailed_token(system, founder),
        "founder": founder,
        "key": text,
        "gift": gift.token,
        **ben,
        "message": "canary words",
        "sender": gift.sender_email,
        "shop": account.email,
    }
    assert len(canaries) > 20, canaries.keys()
    assert [name for name, value in canaries.items() if value in kept] == []
    assert [name for name, value in console.handed_over().items() if value[-38:-6] in kept] == []


@pytest.mark.parametrize(
    "event",
    [
        {"manage": "shell"},
        {"command": "shell"},
        {"manage": "api_key issue --account=Nobody --name=x"},
        {"manage": "requeue_jobs --limit=many"},
        {"manage": "stats 'x'"},
        {"command": "stats --x=\x00"},
        {"command": "x" * 5_000_000},
        {"manage": "migrate --fake"},
    ],
)
def test_a_line_that_fails_is_a_function_error_and_the_next_one_works(function: Function, event: Any) -> None:
    with pytest.raises(FunctionError, match="CommandFailedError"):
        function.invoke(event)

    assert function.invoke({"manage": "stats"})["jobs"]["dead"] == 0


@pytest.mark.parametrize(
    "event",
    [
        {"raw_command": "print(1)"},
        {"raw_command": "print(1)", "command": "stats"},
        {"manage": "stats", "command": "stats"},
        {"manage": "stats", "keep_warm": False},
    ],
)
def test_an_event_that_asks_for_more_than_a_line_is_refused(function: Function, event: Any) -> None:
    with pytest.raises(FunctionError, match="RefusedEventError"):
        function.invoke(event)


def is_log(line: str) -> bool:
    return line.startswith('{"at": ') and '"logger": ' in line


def is_secret(name: str) -> bool:
    return any(word in name for word in SECRET_VARIABLES) and name not in NO_SECRETS


def mailed_token(system: System, to: str) -> str:
    mails = urllib3.request("GET", f"{system.env['SENDGRID_URL']}/mailbox.json", fields={"to": to}, timeout=30).json()
    [link] = {link for link in mails[0]["links"] if "/founders/" in link}
    return str(link.rpartition("/")[2])
