"""Reading secrets: when, from where, and what happens when that goes wrong."""

import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.core import signing
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from api.delivery.backends import get_backend
from api.delivery.backends.base import Address, Mail
from api.delivery.events import get_verifier
from api.exceptions import BackendError
from api.rendering.backends.base import RenderOrder
from api.rendering.backends.shotstack import ShotstackBackend
from giftflick import env
from giftflick.secrets import (
    KEPT_S,
    PAUSE_S,
    TRY_AGAIN_AFTER_S,
    Secrets,
    _renew_settings,
    kept_until_secrets_change,
    reread,
)
from local.ports import free_port
from tests.secrets.conftest import MakeSecret, app_secret
from tests.webhooks.receivers import receiving, says

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

pytestmark = pytest.mark.usefixtures("forgotten")

START = 1000.0
LOGIN = {"username": "giftflick_a", "password": "one", "host": "127.0.0.1", "port": 5432, "dbname": "giftflick"}


class Reading:
    """A process's secrets, and how often they changed for it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, manager: "SecretsManagerClient", arn: str) -> None:
        monkeypatch.setenv("APP_SECRET", arn)
        self.changes = 0
        self.secrets = Secrets(on_change=self._count)
        self._manager, self._arn = manager, arn

    def put(self, **values: str) -> None:
        self._manager.put_secret_value(SecretId=self._arn, SecretString=json.dumps(values))

    def _count(self) -> None:
        self.changes += 1


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch, manager: "SecretsManagerClient", make_secret: MakeSecret) -> Reading:
    reading = Reading(monkeypatch, manager, make_secret({"SENDGRID_API_KEY": "first", "EDGE_SECRET_NEXT": "next"}))
    reading.secrets.load(now=START)
    return reading


def known() -> str:
    return env.text("SENDGRID_API_KEY")


def test_a_secret_goes_before_the_environment_and_does_not_get_into_it(reading: Reading) -> None:
    assert known() == "first"
    assert os.environ["SENDGRID_API_KEY"] != "first"


def test_secrets_are_read_again_when_they_are_five_minutes_old(reading: Reading) -> None:
    reading.put(SENDGRID_API_KEY="second")

    reading.secrets.refresh(now=START + KEPT_S - 1)
    assert (known(), reading.changes) == ("first", 0)
    reading.secrets.refresh(now=START + KEPT_S)
    assert (known(), reading.changes) == ("second", 1)

    reading.put(SENDGRID_API_KEY="third")
    reading.secrets.refresh(now=START + KEPT_S + 1)
    assert (known(), reading.changes) == ("second", 1)


def test_what_did_not_change_is_not_made_anew(reading: Reading) -> None:
    reading.secrets.refresh(now=START + KEPT_S)

    assert reading.changes == 0


def test_a_refusal_has_secrets_read_again_at_once(reading: Reading) -> None:
    for second, value in enumerate(["second", "third"], start=1):
        reading.put(SENDGRID_API_KEY=value)
        reading.secrets.reread("edge", now=START + second)
        assert known() == value


def test_after_a_refusal_that_nothing_new_explains_there_is_a_pause(reading: Reading) -> None:
    reading.secrets.reread("edge", now=START)

    reading.put(SENDGRID_API_KEY="second")
    reading.secrets.reread("edge", now=START + PAUSE_S - 1)
    assert known() == "first"
    reading.secrets.reread("edge", now=START + PAUSE_S)
    assert known() == "second"


def test_strangers_who_are_refused_use_up_nobody_elses_turn(reading: Reading) -> None:
    reading.secrets.reread("edge", now=START + 1)
    reading.put(SENDGRID_API_KEY="second")

    reading.secrets.reread("database", now=START + 1)

    assert known() == "second"


def test_while_secrets_manager_is_away_the_last_values_count(
    reading: Reading, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    reading.put(SENDGRID_API_KEY="second")
    with monkeypatch.context() as away:
        away.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
        reading.secrets.refresh(now=START + KEPT_S)
    assert known() == "first"
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("WARNING", "secrets kept as they were")
    ]

    reading.secrets.refresh(now=START + KEPT_S + TRY_AGAIN_AFTER_S - 1)
    assert known() == "first"
    reading.secrets.refresh(now=START + KEPT_S + TRY_AGAIN_AFTER_S)
    assert known() == "second"


@pytest.mark.parametrize("value", ["not JSON", "[]", '{"SENDGRID_API_KEY": 7}', '{"SENDGRID_API_KEY": ""}', "{}"])
def test_a_slip_in_the_secret_leaves_a_running_process_as_it_is(
    reading: Reading, manager: "SecretsManagerClient", value: str
) -> None:
    manager.put_secret_value(SecretId=os.environ["APP_SECRET"], SecretString=value)

    reading.secrets.refresh(now=START + KEPT_S)

    assert (known(), reading.changes) == ("first", 0)


def test_what_is_needed_only_while_rotating_may_be_emptied(reading: Reading) -> None:
    reading.put(SENDGRID_API_KEY="first", EDGE_SECRET_NEXT="")

    reading.secrets.refresh(now=START + KEPT_S)

    assert env.text("EDGE_SECRET_NEXT", "") == ""


@pytest.mark.parametrize("variable", ["APP_SECRET", "DATABASE_SECRET"])
@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("gf-canary", "must hold a JSON object"),
        ('["gf-canary"]', "must hold a JSON object"),
    ],
)
def test_at_start_a_secret_that_makes_no_sense_is_named(
    monkeypatch: pytest.MonkeyPatch, make_secret: MakeSecret, variable: str, value: str, problem: str
) -> None:
    monkeypatch.setenv(variable, make_secret(value))

    with pytest.raises(ImproperlyConfigured, match=f"^{variable} {problem}$"):
        Secrets(on_change=pytest.fail).load(now=START)


def test_at_start_a_secret_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_SECRET", "tests/nowhere")

    problem = "^APP_SECRET cannot be read: Secrets Manager answered ResourceNotFoundException$"
    with pytest.raises(ImproperlyConfigured, match=problem):
        Secrets(on_change=pytest.fail).load(now=START)


def test_at_start_secrets_manager_must_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_SECRET", "tests/database")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")

    problem = r"^DATABASE_SECRET cannot be read: Secrets Manager did not answer \(ConnectionRefusedError\)$"
    with pytest.raises(ImproperlyConfigured, match=problem):
        Secrets(on_change=pytest.fail).load(now=START)


@pytest.mark.parametrize("held", [None, {}, {"username": ""}, {**LOGIN, "password": ""}, {"host": "127.0.0.1"}])
def test_a_database_without_a_login_yet_stops_nobody(
    monkeypatch: pytest.MonkeyPatch, make_secret: MakeSecret, held: Any
) -> None:
    monkeypatch.setenv("DATABASE_SECRET", make_secret(held))
    secrets = Secrets(on_change=pytest.fail)

    secrets.load(now=START)

    assert secrets.database == {}


def test_a_databases_first_login_is_found(
    monkeypatch: pytest.MonkeyPatch, manager: "SecretsManagerClient", make_secret: MakeSecret
) -> None:
    arn = make_secret({})
    monkeypatch.setenv("DATABASE_SECRET", arn)
    secrets = Secrets(on_change=lambda: None)
    secrets.load(now=START)
    manager.put_secret_value(SecretId=arn, SecretString=json.dumps(LOGIN))

    secrets.reread("database", now=START + 1)

    assert secrets.database == {**LOGIN, "port": "5432"}


def test_no_value_of_a_secret_gets_into_a_log(reading: Reading, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for number, value in enumerate(["second", "", "third"], start=1):
        reading.put(SENDGRID_API_KEY=value and f"canary-{value}")
        reading.secrets.reread("sendgrid", now=START + number * PAUSE_S)

    assert [record.message for record in caplog.records if record.name == "giftflick.secrets"] == [
        "secrets read again",
        "secrets changed",
        "secrets read again",
        "secrets kept as they were",
        "secrets read again",
        "secrets changed",
    ]
    assert "canary" not in " ".join(str(vars(record)) for record in caplog.records)


@pytest.fixture
def put(
    monkeypatch: pytest.MonkeyPatch, manager: "SecretsManagerClient", make_secret: MakeSecret
) -> Iterator[Callable[..., None]]:
    """Changes the secret of this process, which does not know of that yet."""
    values = app_secret()
    arn = make_secret(values)
    monkeypatch.setenv("APP_SECRET", arn)
    secrets = Secrets(on_change=_renew_settings)
    monkeypatch.setattr("giftflick.secrets._kept", secrets)  # as if the process had been started with it

    def put(**changes: str) -> None:
        values.update(changes)
        manager.put_secret_value(SecretId=arn, SecretString=json.dumps(values))

    with override_settings():  # what is set within is forgotten afterwards
        secrets.load(now=START)
        _renew_settings()
        yield put
    env.take_secrets({})
    _renew_settings()


def test_what_an_older_key_signed_stays_valid(put: Callable[..., None]) -> None:
    signed, old = signing.dumps("Ben"), settings.SECRET_KEY

    put(SECRET_KEY="k" * 60, SECRET_KEY_FALLBACKS=f"{old}, older")
    reread("tests")

    assert [old, "older"] == settings.SECRET_KEY_FALLBACKS
    assert signing.loads(signed) == "Ben"
    assert signing.dumps("Ben") != signed
    put(SECRET_KEY_FALLBACKS="")
    reread("tests")
    with pytest.raises(signing.BadSignature):
        signing.loads(signed)


def test_what_was_made_from_a_secret_is_made_anew(put: Callable[..., None]) -> None:
    backend, verifier = get_backend(), get_verifier()
    assert get_backend() is backend

    put(SENDGRID_API_KEY="SG.another", RENDERER_API_KEY="another")
    reread("tests")

    assert get_backend() is not backend
    assert get_verifier() is not verifier
    assert (settings.SENDGRID_API_KEY, settings.RENDERER_API_KEY) == ("SG.another", "another")


def test_what_is_being_made_while_secrets_change_is_not_kept() -> None:
    """A backend with the key of before would be refused until the process ends: nothing would change again."""
    versions = ["old", "new"]

    @kept_until_secrets_change
    def make() -> str:
        if len(versions) == 2:
            versions.pop(0)
            _renew_settings()
            return "old"
        return versions[0]

    assert [make(), make(), make()] == ["old", "new", "new"]


class Vendor(ThreadingHTTPServer):
    """Takes one key and answers 401 to any other."""

    def __init__(self, key: str, status: int, answer: dict[str, Any]) -> None:
        self.key, self.status, self.answer = key, status, answer
        self.statuses: list[int] = []
        super().__init__(("127.0.0.1", 0), VendorHandler)


class VendorHandler(BaseHTTPRequestHandler):
    server: Vendor

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        shown = self.headers.get("x-api-key") or self.headers.get("Authorization", "").removeprefix("Bearer ")
        status = self.server.status if shown == self.server.key else 401
        self.server.statuses.append(status)
        body = json.dumps(self.server.answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        pass


@contextmanager
def vendor(key: str, status: int, answer: dict[str, Any]) -> Iterator[Vendor]:
    with Vendor(key, status, answer) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_renderer_that_wants_the_new_key_gets_it_at_once(put: Callable[..., None]) -> None:
    put(RENDERER_API_KEY="the-new-one")
    with vendor("the-new-one", 201, {"response": {"id": "a1"}}) as renderer:
        settings.RENDERER_URL = f"http://127.0.0.1:{renderer.server_port}"

        assert ShotstackBackend().submit(RenderOrder(edit={}, livemode=True)) == "a1"
    assert renderer.statuses == [401, 201]


def test_a_renderer_that_wants_a_key_we_do_not_have_is_asked_once(put: Callable[..., None]) -> None:
    with vendor("another", 201, {}) as renderer:
        settings.RENDERER_URL = f"http://127.0.0.1:{renderer.server_port}"

        with pytest.raises(BackendError, match="refused our key"):
            ShotstackBackend().submit(RenderOrder(edit={}, livemode=True))
    assert renderer.statuses == [401]


def test_a_sendgrid_that_wants_the_new_key_gets_it_with_the_next_try(put: Callable[..., None]) -> None:
    put(SENDGRID_API_KEY="SG.new")
    mail = Mail(uuid4(), "gift", "Ana", Address("ben@example.com", "Ben"), None, "Hi", "<p>Hi</p>", "Hi")
    with vendor("SG.new", 202, {}) as sendgrid:
        settings.SENDGRID_URL = f"http://127.0.0.1:{sendgrid.server_port}"
        reread("tests")  # the address is no secret: the backend is made anew for it
        put(SENDGRID_API_KEY="SG.newer")
        sendgrid.key = "SG.newer"

        with pytest.raises(BackendError) as refusal:
            get_backend().send(mail)
        get_backend().send(mail)

    assert (refusal.value.retryable, sendgrid.statuses) == (True, [401, 202])


class Extension(ThreadingHTTPServer):
    """Stands in for AWS's layer: it holds one secret, and asks for the session's token."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status, self.body = status, body
        self.seen: list[tuple[str, str | None]] = []
        super().__init__(("127.0.0.1", 0), ExtensionHandler)


class ExtensionHandler(BaseHTTPRequestHandler):
    server: Extension

    def do_GET(self) -> None:
        self.server.seen.append((self.path, self.headers["X-Aws-Parameters-Secrets-Token"]))
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture
def extended(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, bytes], Any]:
    @contextmanager
    def run(status: int, body: bytes) -> Iterator[Extension]:
        with Extension(status, body) as extension:
            monkeypatch.setenv("PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED", "false")
            monkeypatch.setenv("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", str(extension.server_port))
            monkeypatch.setenv("AWS_SESSION_TOKEN", "the-token")
            thread = Thread(target=extension.serve_forever, args=(0.05,))
            thread.start()
            yield extension
            extension.shutdown()
            thread.join()

    return run


def test_where_the_extension_runs_it_is_asked(
    reading: Reading, extended: Callable[[int, bytes], Any], manager: "SecretsManagerClient"
) -> None:
    body = json.dumps({"SecretString": json.dumps({"SENDGRID_API_KEY": "from the extension"})}).encode()
    with extended(200, body) as extension:
        reading.secrets.reread("tests", now=START + 1)

    quoted = os.environ["APP_SECRET"].replace(":", "%3A").replace("/", "%2F")
    assert known() == "from the extension"
    assert extension.seen == [(f"/secretsmanager/get?secretId={quoted}", "the-token")]


@pytest.mark.parametrize(
    ("status", "body"),
    [(400, b"not ready to serve traffic, please wait"), (500, b"{}"), (200, b"nonsense"), (200, b"[]")],
)
def test_an_extension_that_does_not_serve_yet_is_passed_by(
    reading: Reading, extended: Callable[[int, bytes], Any], status: int, body: bytes
) -> None:
    reading.put(SENDGRID_API_KEY="second")
    with extended(status, body) as extension:
        reading.secrets.reread("tests", now=START + 1)

    assert (known(), len(extension.seen)) == ("second", 1)


def test_an_extension_that_is_not_there_is_passed_by(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED", "false")
    monkeypatch.setenv("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", str(free_port()))
    reading.put(SENDGRID_API_KEY="second")

    reading.secrets.reread("tests", now=START + 1)

    assert known() == "second"


@pytest.mark.parametrize(
    "body", [b"", b"nonsense", b"[]", b"7", b"\xff", b'{"SecretString": 7}', b'{"SecretString": null}']
)
def test_rubbish_in_the_name_of_secrets_manager_leaves_a_running_process_as_it_is(
    reading: Reading, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    with receiving(says(200, body, "Connection: close")) as receiver, monkeypatch.context() as rubbish:
        rubbish.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{receiver.port}")
        reading.secrets.refresh(now=START + KEPT_S)

    assert (known(), reading.changes) == ("first", 0)
