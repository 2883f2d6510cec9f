"""The package as AWS runs it: unpacked in a folder of its own, beside the runtime's client and nothing else."""

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Account
from accounts.services import issue_api_key
from api.templates.models import Template
from local.environment import inherited_environment
from local.gateway.functions import AUTHORIZER, SITE
from local.lambda_runtime import Function
from local.migrations import PROJECT
from local.stack import Stack
from tests import build
from tests.gateway.events import http_event, posted
from tests.gateway.test_lambda_entry import context_of
from tests.imports import slow_among
from tests.infra.packaging import Made
from tests.system import Mailbox, System, url_of_test_database

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def system(stack: Stack, django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(stack, url_of_test_database(stack), tmp_path_factory.mktemp("system"))
    yield system
    system.stop()


@pytest.fixture(scope="module")
def mailbox(system: System) -> Mailbox:
    return system.start_sendgrid()


@pytest.fixture(scope="module")
def function(
    system: System, mailbox: Mailbox, package: Made, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Function]:
    logs = tmp_path_factory.mktemp("functions")
    env = {**system.env, "PYTHONDONTWRITEBYTECODE": "1"}
    with Function("site", SITE, env=env, logs=logs, folder=package.unpacked, only=()) as function:
        function.start()
        yield function


@pytest.fixture
def now() -> datetime:
    """The function looks at the clock itself."""
    return timezone.now()


@pytest.fixture
def caller(account: Account, now: datetime) -> dict[str, Any]:
    record, _ = issue_api_key(account, name="tests", livemode=True, created_by="tests", now=now)
    return context_of(account, record.pk)


def alone(package: Made, *arguments: str | Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A program with the package's modules and the standard library, and nothing else."""
    variables = {**env, "PYTHONPATH": str(package.unpacked), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-S", *arguments],
        cwd=package.unpacked,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_says_which_release_it_is(function: Function, package: Made) -> None:
    answer = function.invoke(http_event("/healthz"))

    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"status": "ok", "version": package.release})


def test_it_answers_an_authorized_call(function: Function, account: Account, caller: dict[str, Any]) -> None:
    answer = function.invoke(http_event("/v1/account", authorizer=caller))

    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])["id"] == str(account.pk)


def test_its_botocore_knows_what_it_calls(function: Function, caller: dict[str, Any]) -> None:
    """Its key table and bucket answer, and it signs an upload."""
    upload = {"filename": "clip.mp4", "content_type": "video/mp4", "size": 1000}

    ready = function.invoke(http_event("/readyz"))
    signed = function.invoke(posted("/v1/uploads", upload, authorizer=caller))

    assert (ready["statusCode"], signed["statusCode"]) == (200, 201), (ready, signed)


def test_it_sends_mail_without_werkzeug(
    function: Function, mailbox: Mailbox, account: Account, template: Template, now: datetime
) -> None:
    build.filmed(build.rendering(account, now), now)  # is due at once

    function.invoke({"tick": True})

    assert {mail["to"] for mail in mailbox.mails()} == {"ana@example.com", "ben@example.com"}


def test_its_pages_name_files_that_lie_beside_it(function: Function, package: Made) -> None:
    answers = [function.invoke(http_event(path)) for path in ("/", "/docs/reference", "/admin/login/", "/missing")]

    assert [answer["statusCode"] for answer in answers] == [200, 200, 200, 404]
    named = {name for answer in answers for name in re.findall(r'(?:href|src)="/static/([^"]+)"', answer["body"])}
    assert len(named) > 5
    assert [name for name in named if not (package.static / name).is_file()] == []


def test_a_cold_api_request_imports_neither_admin_pages_nor_slow_packages(
    package: Made, system: System, tmp_path: Path, caller: dict[str, Any], template: Template, body: dict[str, Any]
) -> None:
    events = tmp_path / "events.json"
    events.write_text(
        json.dumps([http_event("/v1/account", authorizer=caller), posted("/v1/gifts", body, authorizer=caller)])
    )

    done = alone(package, PROJECT / "tests" / "gateway" / "cold_start.py", "[]", str(events), env=system.env)

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert [answer["statusCode"] for answer in told["answers"]] == [200, 201]
    assert slow_among(told["modules"]) == []


@pytest.mark.parametrize("command", [["check", "--fail-level", "ERROR"], ["migrate", "--check"]])
def test_it_runs_the_release_functions_commands(package: Made, system: System, command: list[str]) -> None:
    done = alone(package, "manage.py", *command, env=system.env)

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_authorizer_needs_only_what_lambdas_runtime_has(
    package: Made, system: System, tmp_path: Path, account: Account, now: datetime
) -> None:
    _, key = issue_api_key(account, name="tests", livemode=True, created_by="tests", now=now)
    with zipfile.ZipFile(package.authorizer) as opened:
        opened.extractall(tmp_path / "authorizer")
    own = {name: value for name, value in system.env.items() if name == "KEY_TABLE" or name.startswith("AWS_")}
    env = {**inherited_environment(), **own}

    with Function(
        "authorizer", AUTHORIZER, env=env, logs=tmp_path, folder=tmp_path / "authorizer", only=["botocore"]
    ) as authorizer:
        verdicts = [authorizer.invoke({"headers": {"x-api-key": presented}}) for presented in (key, f"{key}x")]

    assert [verdict["isAuthorized"] for verdict in verdicts] == [True, False]
    assert verdicts[0]["context"]["account_id"] == str(account.pk)
