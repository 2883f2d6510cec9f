"""One statement to PostgreSQL as one of the console's logins, over a connection of its own, by psycopg 3.

What protects the database is the role, the protocol and time, never a look at the words. The statement travels by the
extended protocol, which takes one statement and refuses `a; b`. The transaction is read-only, as the role is anyway.
PostgreSQL's own time limit ends what is slow; what ignores it is canceled from here, and then terminated by a second
connection. No answer is kept beyond the limits of rows and bytes, however large a single value is.
"""

import os
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from api.console.libpq import conninfo, libpq, received, wait
from giftflick.database.logins import Login

ROWS = 10_000
BYTES = 4 * 1024 * 1024  # packed and in base64, a file of as much fits into the 6 MB that a Lambda may return
CELL = 8  # bytes that a cell counts for besides its text: an empty one is not free either
STATEMENT_S = 5.0
CANCELED_AFTER_S = 5.5
HEEDED_WITHIN_S = 1.0  # a cancel, before the connection is terminated
OURS_WITHIN_S = 2.0
CHUNK = 200  # rows that libpq hands over at a time
# libpq reads as long as there is something to read, so little may be waiting for it at a time.
READ_AHEAD = 128 * 1024
MOST_BYTES = 20 * 1024 * 1024  # on the wire
OURS = ("BEGIN READ ONLY", f"SET LOCAL statement_timeout = {STATEMENT_S * 1000:.0f}")
HUNG_UP = "08006"  # what SQL calls it


@dataclass(frozen=True)
class Column:
    name: str
    type: int  # PostgreSQL's number of it


@dataclass(frozen=True)
class Value:
    """A parameter as PostgreSQL reads it: the text of it (None: NULL), and its type's number."""

    text: str | None
    type: int


@dataclass
class Answer:
    """Values are PostgreSQL's own text of them. `cut`: the limit (rows or bytes) that kept the rest out, if one did."""

    columns: list[Column] = field(default_factory=list)
    rows: list[list[str | None]] = field(default_factory=list)
    cut: str = ""


class StatementError(Exception):
    """PostgreSQL would not have it. `position` is its character in the statement, from 1; 0 where it names none."""

    def __init__(self, code: str, message: str, *, position: int = 0, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.position = position
        self.hint = hint


class TimeUpError(Exception):
    """It ignored the time limit, or the database went silent; the connection is gone."""


class AwayError(Exception):
    """No connection came about; the message is libpq's, without the login."""


def ask(login: Login, statement: str, values: Sequence[Value] = (), *, name: str, wait_s: float) -> Answer:
    """`name` marks the connection for `stop`; `wait_s` is how long it may take to come up.

    Raises StatementError, TimeUpError or AwayError.
    """
    if "\0" in statement or any("\0" in (value.text or "") for value in values):
        raise StatementError("22021", "There is a NUL character in it, which PostgreSQL has no place for.")
    connection = _Connection(login, name, time.monotonic() + wait_s)
    try:
        return connection.ask(statement, values)
    except _LateError:
        connection.end()
        raise TimeUpError from None
    finally:
        connection.close()


def stop(login: Login, name: str, *, wait_s: float, is_final: bool = False) -> int:
    """Cancel what runs under this name, or terminate it; how many there were. Only one's own login's are reached."""
    how = "pg_terminate_backend" if is_final else "pg_cancel_backend"
    return _count(login, f"{how}(pid)", "application_name = $1", name, wait_s)


def sweep(login: Login, *, older_than_s: int, wait_s: float) -> int:
    """Terminate what this login has left behind: whoever waited for it is dead."""
    older = "backend_start < clock_timestamp() - $1::int * interval '1 second'"
    return _count(login, "pg_terminate_backend(pid)", older, str(older_than_s), wait_s)


def _count(login: Login, act: str, which: str, value: str, wait_s: float) -> int:
    statement = (
        f"SELECT {act} FROM pg_stat_activity"  # noqa: S608 - ours, all of it
        f" WHERE usename = current_user AND pid <> pg_backend_pid() AND {which}"
    )
    connection = _Connection(login, "ending another", time.monotonic() + wait_s)
    try:
        return len(connection.ask(statement, [Value(value, 25)]).rows)
    except _LateError:  # who ends another is not ended in turn: a silent database would have us do that for ever
        raise TimeUpError from None
    finally:
        connection.close()


class _LateError(Exception):
    """The time is up, and PostgreSQL is still at it."""


class _TooMuchError(Exception):
    """More bytes came than any answer may have."""


class _Connection:
    """libpq without blocking: whatever is waited for has an end."""

    def __init__(self, login: Login, name: str, until: float) -> None:
        self._pq = libpq()
        self._errors = sys.modules["psycopg.errors"].OperationalError
        self._login = login
        self._socket: socket.socket | None = None
        self._handle = self._pq.PGconn.connect_start(conninfo(login, name))
        try:
            self._poll(self._handle, until)
        except BaseException:
            self.close()
            raise
        self._handle.nonblocking = 1
        self._socket = socket.socket(fileno=os.dup(self._handle.socket))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, READ_AHEAD)

    def ask(self, statement: str, values: Sequence[Value] = ()) -> Answer:
        """Raises StatementError, AwayError, and _LateError when the time is up."""
        for own in OURS:
            self.start(own)
            self.read(time.monotonic() + OURS_WITHIN_S)
        self.start(statement, values)
        return self.read(time.monotonic() + CANCELED_AFTER_S)

    def start(self, statement: str, values: Sequence[Value] = ()) -> None:
        """By the extended protocol, with parameters or without: PQsendQueryParams knows no other."""
        texts = [None if value.text is None else value.text.encode() for value in values]
        with self._translated():
            self._handle.send_query_params(statement.encode(), texts, [value.type for value in values])
        self._handle.set_chunked_rows_mode(CHUNK)

    def read(self, until: float) -> Answer:
        """All of the answer, or as much of it as may be kept. Raises _LateError when the time is up."""
        answer, size = Answer(), 0
        try:
            while (result := self._next(until)) is not None:
                self._refuse(result)
                answer.columns = answer.columns or _columns(result)
                for row, bytes_of_it in _rows(result):
                    size += bytes_of_it
                    if len(answer.rows) == ROWS or size > BYTES:
                        answer.cut = "rows" if len(answer.rows) == ROWS else "bytes"
                        self.end()
                        return answer
                    answer.rows.append(row)
        except _TooMuchError:
            answer.cut = "bytes"
            self.end()
        return answer

    def end(self) -> None:
        """Have PostgreSQL stop working for us: by a cancel, and if that is not heeded, for good."""
        until = time.monotonic() + HEEDED_WITHIN_S
        with suppress(_LateError, _TooMuchError, AwayError):
            self._cancel(until)
            while self._next(until) is not None:
                pass
            return
        self._terminate()

    def _terminate(self) -> None:
        pid = self._handle.backend_pid
        self.close()
        with suppress(AwayError, TimeUpError, StatementError):
            _count(self._login, "pg_terminate_backend(pid, 1000)", "pid = $1::int", str(pid), OURS_WITHIN_S)

    def close(self) -> None:
        self._handle.finish()
        if self._socket is not None:
            self._socket.close()

    def _next(self, until: float) -> Any:
        """The next result; None once all have come. Raises _LateError when the time is up."""
        while self._flush():
            if not wait(self._handle.socket, until, is_writing=True):
                raise _LateError
        while self._handle.is_busy():
            if not wait(self._handle.socket, until, is_writing=False):
                raise _LateError
            self._meter()
            with suppress(self._errors):  # then the result says what happened
                self._handle.consume_input()
        return self._handle.get_result()

    def _flush(self) -> Any:
        with self._translated():
            return self._handle.flush()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except self._errors:
            raise AwayError("the database hung up") from None

    def _meter(self) -> None:
        """libpq holds a row until it has all of it: without this, one value of a gigabyte would be ours to keep."""
        if self._socket is not None and received(self._socket) > MOST_BYTES:
            raise _TooMuchError

    def _cancel(self, until: float) -> None:
        """Over a connection of its own, as the protocol has it."""
        cancel = self._handle.cancel_conn()
        try:
            cancel.start()
            self._poll(cancel, until)
        except self._errors:
            raise AwayError("the cancel did not get through") from None
        finally:
            cancel.finish()

    def _poll(self, handle: Any, until: float) -> None:
        """Until this connection, ours or one that cancels, has come up. Raises AwayError."""
        status = self._pq.PollingStatus
        is_hopeless = handle.status == self._pq.ConnStatus.BAD
        state = status.FAILED if is_hopeless else status.WRITING  # libpq wants it so for a start
        while state not in {status.OK, status.FAILED}:
            if not wait(handle.socket, until, is_writing=state == status.WRITING):
                raise AwayError("the database did not answer in time")
            state = handle.poll() if handle is not self._handle else handle.connect_poll()
        if state == status.FAILED:
            raise AwayError(_reason(handle.error_message))

    def _refuse(self, result: Any) -> None:
        """Raises StatementError unless it is an answer."""
        status, field_of = self._pq.ExecStatus, self._pq.DiagnosticField
        if result.status in {status.COPY_OUT, status.COPY_IN, status.COPY_BOTH}:
            self._terminate()  # libpq would have us take the copy first
            raise StatementError("0A000", "COPY moves files, which the console does not: use SELECT.")
        if result.status == status.FATAL_ERROR:
            parts = (field_of.SQLSTATE, field_of.MESSAGE_PRIMARY, field_of.STATEMENT_POSITION, field_of.MESSAGE_HINT)
            code, message, position, hint = (
                (result.error_field(part) or b"").decode(errors="replace") for part in parts
            )
            raise StatementError(
                code or HUNG_UP, message or "The database hung up.", position=int(position or 0), hint=hint
            )


def _columns(result: Any) -> list[Column]:
    return [
        Column((result.fname(number) or b"").decode(errors="replace"), result.ftype(number))
        for number in range(result.nfields)
    ]


def _rows(result: Any) -> Iterator[tuple[list[str | None], int]]:
    """Each with what it counts for, in bytes."""
    numbers = range(result.nfields)
    for row in range(result.ntuples):
        values = [result.get_value(row, number) for number in numbers]
        texts = [None if value is None else value.decode(errors="replace") for value in values]
        yield texts, sum(CELL + len(value or b"") for value in values)


def _reason(message: bytes) -> str:
    """Where and why; a login is not in it, though its name may be."""
    return (message.decode(errors="replace").strip().splitlines() or ["no reason given"])[0]
