"""The driver over a database that hangs up, or that says nothing any more."""

import socket
import struct
import threading
import time
from collections.abc import Iterator

import pytest

from api.console import driver
from giftflick.database.logins import Login

CANCEL, SSL = 80877102, 80877103  # what a connection's first message may ask for instead of a session


class Silent:
    """Lets everybody in, as PostgreSQL does, and then says nothing; or hangs up at once."""

    def __init__(self, *, hangs_up: bool) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._hangs_up = hangs_up
        self._open: list[socket.socket] = []
        self.cancels = self.sessions = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def login(self) -> Login:
        host, port = self._listening.getsockname()
        return Login("giftflick_console", "x", host, port, "giftflick", "disable")

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            self._open.append(client)
            length, kind = struct.unpack("!ii", client.recv(8, socket.MSG_WAITALL))
            client.recv(length - 8, socket.MSG_WAITALL)
            if kind == CANCEL:
                self.cancels += 1
                client.close()
                continue
            self.sessions += 1
            client.sendall(b"R" + struct.pack("!ii", 8, 0) + b"K" + struct.pack("!iii", 12, 1, 1) + b"Z\0\0\0\5I")
            if self._hangs_up:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.close()

    def close(self) -> None:
        for one in (self._listening, *self._open):
            one.close()


@pytest.fixture
def silent(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Silent]:
    monkeypatch.setattr(driver, "OURS_WITHIN_S", 1)
    monkeypatch.setattr(driver, "HEEDED_WITHIN_S", 1)
    server = Silent(hangs_up=getattr(request, "param", False))
    yield server
    server.close()


def test_a_database_that_says_nothing_is_left_alone_after_three_connections(silent: Silent) -> None:
    """One that asks, one that cancels, one that would end the first: none of them is ended in turn."""
    started = time.monotonic()

    with pytest.raises(driver.TimeUpError):
        driver.ask(silent.login(), "SELECT 1", name="test", wait_s=5)

    assert (silent.sessions, silent.cancels) == (2, 1)
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("silent", [True], indirect=True)
def test_a_database_that_hangs_up_is_away(silent: Silent) -> None:
    """Whether that shows while something is sent or while something is read."""
    for _ in range(20):
        with pytest.raises((driver.AwayError, driver.StatementError)):
            driver.sweep(silent.login(), older_than_s=1, wait_s=5)


def test_a_connection_that_is_gone_when_something_is_sent_is_away(silent: Silent) -> None:
    connection = driver._Connection(silent.login(), "test", time.monotonic() + 5)
    connection._handle.finish()

    with pytest.raises(driver.AwayError):
        connection.start("SELECT 1")
    with pytest.raises(driver.AwayError):
        connection._next(time.monotonic() + 1)
    connection.close()
