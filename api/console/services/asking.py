"""Asking the database a question, and stopping that. Who asked is written before the database hears of it."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from accounts.models import User
from api import actors
from api.audit.services import record
from api.console import driver
from api.console.login import console_login
from api.console.models import QueryRun, SavedQuery
from api.console.problems import SMALLER, TOO_LONG, Problem, explain
from api.console.selectors import running
from api.console.statements import (
    LONGEST,
    MOST_PARAMETERS,
    Statement,
    parameters_of,
    read_statement,
    read_values,
    without_keys,
)
from api.console.states import RunState
from api.exceptions import ApplicationError, InvalidStateError, NotFoundError, TooManyError, UnavailableError
from giftflick.database.logins import Login

# Who asks at the same time is counted one after the other. The console's logins may not take this lock, while a number
# for an advisory one would be anybody's.
LOCK = "LOCK TABLE api_queryrun IN SHARE ROW EXCLUSIVE MODE"
AT_ONCE = 3
STOP_WAIT_S = 5.0
CANCELED = "57014"  # PostgreSQL's code, for a time limit as for a cancel


@dataclass(frozen=True)
class Asked:
    """What somebody typed. `given` are the values of its parameters as texts."""

    statement: str
    given: Mapping[str, str] = field(default_factory=dict)
    question: SavedQuery | None = None
    with_pii: bool = False
    is_download: bool = False


@dataclass(frozen=True)
class Told:
    """What came of it: an answer or a problem."""

    run: QueryRun
    answer: driver.Answer | None = None
    problem: Problem | None = None


def ask_database(user: User, asked: Asked, *, now: datetime) -> Told:
    """One question at a time for each person, three for everybody; the rest are refused, not queued.

    Raises ApplicationError for what never reaches the database.
    """
    statement = _readable(asked.statement)
    values = read_values(parameters_of(statement), asked.given)
    login = console_login(with_pii=asked.with_pii)
    run = _begin(user, asked, statement, now=now)
    started = time.monotonic()
    try:
        told = _ask(run, login, statement, values)
    except driver.AwayError:
        _finish(run, RunState.LOST, started, now=now)
        raise UnavailableError(
            "The database did not let the console in. Try again in a moment; else run prepare_database."
        ) from None
    except BaseException:
        _finish(run, RunState.LOST, started, now=now)
        raise
    _finish(run, run.state, started, now=now)
    return told


def stop_run(user: User, *, now: datetime) -> int:
    """Cancel one's own question while it is being answered; how many connections were told. Raises NotFoundError."""
    run = running(now=now).filter(user=user).first()
    if run is None:
        raise NotFoundError("No question of yours is being answered any more.")
    try:
        return driver.stop(console_login(with_pii=run.with_pii), _name(run), wait_s=STOP_WAIT_S)
    except (driver.AwayError, driver.TimeUpError, driver.StatementError):
        raise UnavailableError("The database did not hear it; in a few seconds the question ends by itself.") from None


def answering_logins() -> list[str]:
    """Those of the console's logins that get an answer: so each release finds out, before anybody asks."""
    answering = []
    for with_pii in (False, True):
        with suppress(UnavailableError, driver.AwayError, driver.TimeUpError, driver.StatementError):
            login = console_login(with_pii=with_pii)
            driver.ask(login, "SELECT id FROM api_gift LIMIT 1", name="console check", wait_s=STOP_WAIT_S)
            answering.append(login.username)
    return answering


def _readable(source: str) -> Statement:
    if not source.strip():
        raise ApplicationError("There is nothing to ask yet: write a SELECT, or choose a question.")
    if len(source) > LONGEST:
        raise ApplicationError(f"This is too long: at most {LONGEST:,} characters.")
    statement = read_statement(source.replace("\r\n", "\n"))
    if len(statement.names) > MOST_PARAMETERS:
        raise ApplicationError(f"These are too many parameters: at most {MOST_PARAMETERS}.")
    return statement


def _begin(user: User, asked: Asked, statement: Statement, *, now: datetime) -> QueryRun:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LOCK)
        busy = list(running(now=now).values_list("user_id", flat=True))
        if user.pk in busy:
            raise InvalidStateError("Your last question is still being answered: wait for it, or stop it.")
        if len(busy) >= AT_ONCE:
            raise TooManyError(f"{AT_ONCE} questions are being answered already: try again in a few seconds.")
        return QueryRun.objects.create(
            user=user,
            actor=actors.staff(user.get_username()),
            question=asked.question,
            statement=without_keys(statement.source.replace("\0", "�")),
            parameters=[name[:63] for name in statement.names],
            with_pii=asked.with_pii,
            is_download=asked.is_download,
            started_at=now,
        )


def _ask(run: QueryRun, login: Login, statement: Statement, values: list[driver.Value]) -> Told:
    """Sets the run's state, code and rows; the caller saves them."""
    wait_s = float(settings.DATABASES["default"]["OPTIONS"]["connect_timeout"])
    try:
        answer = driver.ask(login, statement.text, values, name=_name(run), wait_s=wait_s)
    except driver.TimeUpError:
        run.state, run.code = RunState.CUT_OFF, CANCELED
        return Told(run, problem=Problem(TOO_LONG, SMALLER, CANCELED))
    except driver.StatementError as error:
        run.state, run.code = _state(error), error.code
        return Told(run, problem=explain(error, statement))
    run.state, run.rows, run.cut = RunState.ANSWERED, len(answer.rows), answer.cut
    return Told(run, answer=answer)


def _state(error: driver.StatementError) -> RunState:
    if error.code != CANCELED:
        return RunState.REFUSED
    return RunState.CANCELED if "user request" in error.message else RunState.CUT_OFF


def _finish(run: QueryRun, state: str, started: float, *, now: datetime) -> None:
    spent = time.monotonic() - started
    run.state, run.ms, run.finished_at = state, round(spent * 1000), now + timedelta(seconds=spent)
    with transaction.atomic():
        run.save(update_fields=["state", "code", "rows", "cut", "ms", "finished_at"])
        record(
            "console.download" if run.is_download else "console.run",
            now=now,
            actor=run.actor,
            subject=run,
            changes={"state": [None, run.state], "rows": [None, run.rows], "with_pii": [None, run.with_pii]},
        )


def _name(run: QueryRun) -> str:
    """By which the database knows the connection; at most 63 characters."""
    return f"console {run.pk}"
