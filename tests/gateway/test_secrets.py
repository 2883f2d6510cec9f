"""The site with its secrets in Secrets Manager: none in its environment, each exchanged while it runs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from pytest_django.fixtures import Settings

from accounts.models import Account
from accounts.services import issue_api_key
from giftflick import edge
from local.environment import NOWHERE
from local.gateway.functions import site
from local.lambda_runtime import Function, FunctionError
from tests.gateway.events import http_event
from tests.gateway.test_lambda_entry import context_of, start_cold
from tests.imports import slow_among
from tests.secrets.conftest import MakeSecret, app_secret, make_secret, manager
from tests.system import System

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

__all__ = ["make_secret", "manager"]

EDGE, NEXT = "edge-canary-one", "edge-canary-two"
FORBIDDEN = (403, {"message": "Forbidden"})


def referring(system: System, app: str, database: str) -> dict[str, str]:
    """The site's environment on AWS: references, no secret."""
    plain = {name: value for name, value in system.env.items() if name not in {*app_secret(), "DATABASE_URL"}}
    return {**plain, "APP_SECRET": app, "DATABASE_SECRET": database, "DATABASE_SSLMODE": "prefer"}


def database_login(system: System) -> dict[str, Any]:
    url = urlsplit(system.env["DATABASE_URL"])
    known = {"username": url.username, "password": url.password, "host": url.hostname, "port": url.port}
    return {**known, "dbname": url.path[1:]}


class Kept:
    """Both secrets, the function that reads them, and what it is asked."""

    def __init__(self, system: System, make_secret: MakeSecret, manager: "SecretsManagerClient") -> None:
        self.values = app_secret(EDGE_SECRET=EDGE)
        self.app, self.database = make_secret(self.values), make_secret(database_login(system))
        self.env = referring(system, self.app, self.database)
        self._manager = manager

    def put(self, **changes: str) -> None:
        self.values |= changes
        self._manager.put_secret_value(SecretId=self.app, SecretString=json.dumps(self.values))

    def put_login(self, login: dict[str, Any]) -> None:
        self._manager.put_secret_value(SecretId=self.database, SecretString=json.dumps(login))


@pytest.fixture
def kept(system: System, make_secret: MakeSecret, manager: "SecretsManagerClient") -> Kept:
    return Kept(system, make_secret, manager)


@contextmanager
def running(kept: Kept, logs: Path, **variables: str) -> Iterator[Function]:
    with site({**kept.env, **variables}, logs, copies=1) as function:
        function.start()
        yield function


def ask(function: Function, secret: str | None, path: str = "/healthz", **headers: str) -> tuple[int, Any]:
    shown = {} if secret is None else {"X-Origin-Secret": secret}
    event = http_event(path, headers={"host": "127.0.0.1", "x-forwarded-proto": "https", **shown, **headers})
    answer = function.invoke(event)
    return answer["statusCode"], json.loads(answer["body"])


@pytest.mark.parametrize("secret", [None, "", "wrong", EDGE[:-1], f"{EDGE}, {EDGE}", "\u00fc"])
def test_nobody_is_served_who_did_not_come_through_our_cloudfront(
    kept: Kept, tmp_path: Path, secret: str | None
) -> None:
    with running(kept, tmp_path) as function:
        assert ask(function, secret) == FORBIDDEN
        assert ask(function, EDGE)[0] == 200


def test_half_a_surrogate_pair_is_no_secret(settings: Settings) -> None:
    settings.EDGE_SECRET = EDGE

    assert [edge.is_ours(shown) for shown in ("\ud800", EDGE)] == [False, True]


@pytest.mark.parametrize("shown", [None, "", "anything"])
def test_a_stage_without_an_edge_secret_serves_nobody(kept: Kept, tmp_path: Path, shown: str | None) -> None:
    kept.put(EDGE_SECRET="")

    with running(kept, tmp_path, STAGE="staging") as function:
        assert ask(function, shown) == FORBIDDEN


def test_a_laptop_without_an_edge_secret_serves_everybody(kept: Kept, tmp_path: Path) -> None:
    kept.put(EDGE_SECRET="")

    with running(kept, tmp_path) as function:
        assert ask(function, None)[0] == 200


def test_an_empty_next_edge_secret_lets_nobody_in(kept: Kept, tmp_path: Path) -> None:
    with running(kept, tmp_path) as function:
        assert ask(function, "") == FORBIDDEN


def test_the_edge_secret_is_rotated_without_anybody_being_refused(kept: Kept, tmp_path: Path) -> None:
    with running(kept, tmp_path) as function:
        for changes, shown in (
            ({}, EDGE),
            ({"EDGE_SECRET_NEXT": NEXT}, EDGE),
            ({}, NEXT),
            ({"EDGE_SECRET": NEXT, "EDGE_SECRET_NEXT": ""}, NEXT),
        ):
            kept.put(**changes)
            assert ask(function, shown)[0] == 200


def test_the_edges_secret_is_in_no_log(kept: Kept, tmp_path: Path) -> None:
    with running(kept, tmp_path) as function:
        ask(function, EDGE)
        ask(function, EDGE, "/v1/no-such-path")

    logs = "".join(file.read_text() for file in tmp_path.rglob("*.log"))
    assert '"message": "request"' in logs
    assert not [name for name, value in kept.values.items() if value and value in logs]


def test_a_site_without_a_login_yet_starts_and_says_that_its_database_is_away(kept: Kept, tmp_path: Path) -> None:
    kept.put_login({})

    with running(kept, tmp_path) as function:
        assert ask(function, EDGE)[0] == 200
        assert ask(function, EDGE, "/readyz")[1]["database"] == "away"
        assert function.invoke({"keep_warm": True}) == {"keep_warm": True}


def test_a_start_without_some_secrets_names_each_of_them(kept: Kept, tmp_path: Path) -> None:
    kept.put(SENDGRID_API_KEY="", RENDERER_API_KEY=" ")

    with pytest.raises(FunctionError) as refusal, running(kept, tmp_path):
        pytest.fail("it started")

    for name in ("SENDGRID_API_KEY", "RENDERER_API_KEY"):
        assert f"{name} is not set; .env.example says what it is for" in str(refusal.value)


def test_a_start_without_secrets_manager_names_what_it_wanted(kept: Kept, tmp_path: Path) -> None:
    with (
        pytest.raises(FunctionError, match="APP_SECRET cannot be read: Secrets Manager did not answer"),
        running(kept, tmp_path, AWS_ENDPOINT_URL=f"http://{NOWHERE}"),
    ):
        pytest.fail("it started")


@pytest.mark.django_db(transaction=True)
def test_a_first_request_with_secrets_imports_no_slow_package(
    kept: Kept, system: System, tmp_path: Path, account: Account, now: Any
) -> None:
    record, _ = issue_api_key(account, name="tests", livemode=True, created_by="tests", now=now)
    headers = {"host": "127.0.0.1", "x-forwarded-proto": "https", "x-origin-secret": EDGE}
    event = http_event("/v1/account", headers=headers, authorizer=context_of(account, record.pk))

    told = start_cold(system, tmp_path, [event], env=kept.env)

    assert [answer["statusCode"] for answer in told["answers"]] == [200]
    assert slow_among(told["modules"]) == []
