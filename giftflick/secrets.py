"""The secrets that AWS keeps for us: read at start, kept five minutes, read again at once when one of them is refused.

APP_SECRET and DATABASE_SECRET name them; where neither is set, as on a laptop, nothing here does anything. The values
go to `giftflick.env`, which puts them before the environment, and nowhere else.

A changed value takes effect without a restart, by one list: the settings of `_renew_settings` are read again, the
database's new connections use the new login, and what was made from a secret (`kept_until_secrets_change`) is made anew
when it is next asked for. Who is refused with a secret calls `reread` and tries again if it has another one then.
"""

import json
import logging
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from django.core.exceptions import ImproperlyConfigured

from giftflick import aws, env

log = logging.getLogger("giftflick.secrets")

KEPT_S = 300.0
PAUSE_S = 10.0  # after reading in vain: strangers with a wrong header must not make us hammer Secrets Manager
TRY_AGAIN_AFTER_S = 30.0  # when Secrets Manager is away
TIMEOUT_S = 2.0
ATTEMPTS = 2

TEXTS = (
    "SECRET_KEY",
    "EDGE_SECRET",
    "EDGE_SECRET_NEXT",
    "RENDERER_API_KEY",
    "RENDERER_SANDBOX_API_KEY",
    "SENDGRID_API_KEY",
    "SENDGRID_WEBHOOK_PUBLIC_KEY",
    "MEDIA_KEY_ID",
    "MEDIA_PRIVATE_KEY",
)
MAY_BE_EMPTIED = frozenset({"SECRET_KEY_FALLBACKS", "EDGE_SECRET_NEXT", "SENTRY_DSN"})
LOGIN = {"username": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT", "dbname": "NAME"}

Made = TypeVar("Made")
_generation = 0  # of what is made from secrets


class SecretAwayError(Exception):
    """A secret could not be read, or makes no sense; the message holds nothing of it."""


class Secrets:
    """Both secrets as they were last read. Threads may share it.

    Times are seconds of the wall clock: a monotonic one may stand still while Lambda has frozen the process.
    """

    def __init__(self, *, on_change: Callable[[], None]) -> None:
        self.database: dict[str, str] = {}
        self._app: dict[str, str] = {}
        self._on_change = on_change
        self._due_at = float("inf")
        self._in_vain_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def load(self, *, now: float) -> None:
        """The first time. Raises ImproperlyConfigured by the name of what cannot be read."""
        try:
            self._app, self.database = _read_app(), _read_database()
        except SecretAwayError as error:
            raise ImproperlyConfigured(str(error)) from None
        env.take_secrets(self._app)
        if env.text("APP_SECRET", "") or env.text("DATABASE_SECRET", ""):
            self._due_at = now + KEPT_S

    def refresh(self, *, now: float) -> None:
        """Read them again if they are five minutes old."""
        if now < self._due_at:
            return
        with self._lock:
            if now >= self._due_at:
                self._renew(now)

    def reread(self, why: str, *, now: float) -> None:
        """Read them again because something was refused, unless that was in vain for the same reason 10 s ago.

        Who comes while another thread reads waits, and has what that one found.
        """
        with self._lock:
            if self._due_at < float("inf") and now - self._in_vain_at.get(why, float("-inf")) >= PAUSE_S:
                log.info("secrets read again", extra={"reason": why})
                if not self._renew(now):
                    self._in_vain_at[why] = now

    def _renew(self, now: float) -> bool:
        """Whether there was anything new."""
        try:
            app, database = _read_app(), _read_database()
            _refuse_losses(self._app, app)
        except SecretAwayError as error:
            self._due_at = now + TRY_AGAIN_AFTER_S
            log.warning("secrets kept as they were", extra={"reason": str(error)})
            return False
        self._due_at = now + KEPT_S
        database = database or self.database
        if (app, database) == (self._app, self.database):
            return False
        self._app, self.database = app, database
        env.take_secrets(app)
        self._on_change()
        log.info("secrets changed")
        return True


def load() -> None:
    """Called by the settings, once a process."""
    _kept.load(now=time.time())


def refresh() -> None:
    """Called at the start of an invocation."""
    _kept.refresh(now=time.time())


def reread(why: str) -> None:
    """Called by whoever was refused. What it finds has taken effect when it returns."""
    _kept.reread(why, now=time.time())


def database_login() -> dict[str, str]:
    """As Django's DATABASES spells it; empty where there is none, or none yet."""
    return {LOGIN[name]: value for name, value in _kept.database.items()}


def read(variable: str, reference: str) -> dict[str, Any]:
    """What a secret holds at this moment, for what is needed seldom; nothing is kept. Raises SecretAwayError."""
    return _read(variable, reference)


class kept_until_secrets_change(Generic[Made]):  # noqa: N801 - a decorator
    """`functools.cache` for what is made from secrets. What is being made while they change is used once, not kept."""

    def __init__(self, make: Callable[[], Made]) -> None:
        self._make = make
        self._kept: tuple[int, Made] | None = None

    def __call__(self) -> Made:
        generation, kept = _generation, self._kept
        if kept is None or kept[0] != generation:
            kept = self._kept = generation, self._make()
        return kept[1]

    def cache_clear(self) -> None:
        self._kept = None


def _renew_settings() -> None:
    global _generation
    from django.conf import settings
    from django.db import connections

    for name in TEXTS:
        setattr(settings, name, env.text(name, ""))
    settings.SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS", default="")
    database = connections.settings["default"]  # one dictionary, which all threads' connections read when they connect
    database.update(database_login() | ({"NAME": database["NAME"]} if database["NAME"] else {}))
    _generation += 1


_kept = Secrets(on_change=_renew_settings)


def _refuse_losses(old: dict[str, str], new: dict[str, str]) -> None:
    """A slip of whoever edits the secret must not take a working site down."""
    lost = sorted(name for name, value in old.items() if value and not new.get(name) and name not in MAY_BE_EMPTIED)
    if lost:
        raise SecretAwayError(f"APP_SECRET has lost {', '.join(lost)}")


def _read_app() -> dict[str, str]:
    held = _read("APP_SECRET", env.text("APP_SECRET", ""))
    if not all(isinstance(value, str) for value in held.values()):
        raise SecretAwayError("APP_SECRET must hold texts only")
    return held


def _read_database() -> dict[str, str]:
    """Nothing while it is a placeholder, as before `manage.py prepare_database` has made the first login."""
    held = _read("DATABASE_SECRET", env.text("DATABASE_SECRET", ""))
    return {name: str(held[name]) for name in LOGIN} if all(held.get(name) for name in LOGIN) else {}


def _read(variable: str, reference: str) -> dict[str, Any]:
    """The object in the secret that a variable names; an empty one where it names none, or one without a value."""
    if not reference:
        return {}
    text = _from_extension(reference) or _from_secrets_manager(variable, reference)
    try:
        held = json.loads(text)
    except ValueError:
        held = None
    if not isinstance(held, dict):
        raise SecretAwayError(f"{variable} must hold a JSON object")
    return held


def _from_extension(reference: str) -> str | None:
    """None unless AWS's extension is there and answers; during init it is there and refuses."""
    if not env.text("PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED", ""):
        return None
    port = env.number("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", default=2773)
    path = f"/secretsmanager/get?secretId={quote(reference, safe='')}"
    headers = {"X-Aws-Parameters-Secrets-Token": env.text("AWS_SESSION_TOKEN", "")}
    try:
        answer = aws.send(HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S), "GET", path, b"", headers)
    except aws.AwsAwayError:
        return None
    return _text_in(answer.body) if answer.status == 200 else None


def _from_secrets_manager(variable: str, reference: str) -> str:
    headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "secretsmanager.GetSecretValue"}
    body = json.dumps({"SecretId": reference}).encode()
    reason = ""
    for _ in range(ATTEMPTS):
        try:
            answer = aws.post("secretsmanager", "/", body, headers=headers, timeout=TIMEOUT_S)
        except aws.AwsAwayError as error:
            reason = f"Secrets Manager did not answer ({error})"
            continue
        if answer.status == 200:
            return _text_in(answer.body) or ""
        code = _error_code(answer.body)
        if code == "ResourceNotFoundException" and b"AWSCURRENT" in answer.body:
            return "{}"  # the secret is there, and nobody has given it a value yet
        reason = f"Secrets Manager answered {code}"
        if answer.status < 500:
            break
    raise SecretAwayError(f"{variable} cannot be read: {reason}")


def _text_in(body: bytes) -> str | None:
    """The secret's value; None for one that is no text, and for rubbish."""
    try:
        return str(json.loads(body)["SecretString"])
    except (ValueError, LookupError, TypeError):
        return None


def _error_code(body: bytes) -> str:
    try:
        return str(json.loads(body)["__type"]).rpartition("#")[2]
    except (ValueError, LookupError, TypeError):
        return "nonsense"
