"""One call to a shop's endpoint: a judged address, ten seconds for everything, no redirects, no proxies."""

import http.client
import io
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from functools import cache
from typing import Any

from api.webhooks.addresses import Address, RefusedAddressError, Resolve, Target, judged_addresses, read_url
from api.webhooks.outcomes import Outcome
from giftflick.vendor_calls import vendor_call

TOTAL_S = 10.0
CONNECT_S = 4.0  # to one address of several
KEPT_OF_ANSWER = 1024


def post(url: str, *, headers: Mapping[str, str], body: bytes, resolve: Resolve | None = None) -> Outcome:
    """Make the call; never inside a transaction. Whatever goes wrong is the outcome, not an exception.

    Once the answer's status is there, what is missing of its body does not matter.
    """
    with vendor_call("webhook", "post") as call:
        outcome = _outcome(url, headers=headers, body=body, resolve=resolve)
        call.status, call.failure = outcome.code, outcome.error or None
    return outcome


def _outcome(url: str, *, headers: Mapping[str, str], body: bytes, resolve: Resolve | None) -> Outcome:
    started = time.monotonic()
    deadline = started + TOTAL_S
    code, kept, error = None, b"", ""
    try:
        target = read_url(url)
        addresses = judged_addresses(target, resolve=resolve)
        with closing(_connect(target, addresses, deadline)) as connected:
            answer = _ask(target, connected, headers=headers, body=body, deadline=deadline)
            code, kept = answer.status, _beginning(answer)
    except RefusedAddressError:
        error = "address_refused"
    except socket.gaierror:
        error = "name_not_found"
    except TimeoutError:
        error = "timeout"
    except ssl.SSLError:
        error = "tls_failed"
    except OSError:
        error = "connection_failed"
    except (http.client.HTTPException, ValueError):
        error = "answer_malformed"
    text = kept.decode(errors="replace").replace("\x00", "\ufffd")
    return Outcome(ms=round((time.monotonic() - started) * 1000), code=code, response=text, error=error)


class _UntilDeadline(io.RawIOBase):
    """A socket's bytes as a file, for `http.client`: a server that sends one byte a second gains no time by it."""

    def __init__(self, connected: socket.socket, deadline: float) -> None:
        self._socket = connected
        self._deadline = deadline
        self._reader = io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._socket.settimeout(_left(self._deadline))
        return self._socket.recv_into(buffer)

    def makefile(self, _mode: str) -> "io.BufferedReader[Any]":
        """The same for every answer on the connection: what was read ahead of one belongs to the next."""
        return self._reader


def _connect(target: Target, addresses: Sequence[Address], deadline: float) -> socket.socket:
    """To the first address that takes the connection; certificate and name are checked against the URL's host."""
    failure: OSError = OSError("no address")
    for address in addresses:
        try:
            connected = socket.create_connection((str(address), target.port), min(CONNECT_S, _left(deadline)))
            break
        except OSError as error:
            failure = error
    else:
        raise failure
    if target.scheme == "http":
        return connected
    try:
        connected.settimeout(_left(deadline))
        return _tls().wrap_socket(connected, server_hostname=target.host)
    except BaseException:
        connected.close()
        raise


def _ask(
    target: Target, connected: socket.socket, *, headers: Mapping[str, str], body: bytes, deadline: float
) -> http.client.HTTPResponse:
    connected.settimeout(_left(deadline))
    host = f"[{target.host}]" if ":" in target.host else target.host
    if target.scheme == "http":
        connection = http.client.HTTPConnection(host, target.port)
    else:
        connection = http.client.HTTPSConnection(host, target.port, context=_tls())
    connection.sock = connected
    connection.request("POST", target.path, body, {**headers, "Connection": "close"})
    return _final_answer(_UntilDeadline(connected, deadline))


def _final_answer(received: "_UntilDeadline") -> http.client.HTTPResponse:
    """The one after those that only announce it: http.client itself passes over 100 alone, not over 102 and 103."""
    while True:
        answer = http.client.HTTPResponse(received, method="POST")  # type: ignore[arg-type]
        answer.begin()
        if not 100 < answer.status < 200:
            return answer
        answer.fp = None  # type: ignore[assignment]  # else its end closes what the next one is read from


def _beginning(answer: http.client.HTTPResponse) -> bytes:
    kept = b""
    with suppress(OSError, http.client.HTTPException, ValueError):
        while len(kept) < KEPT_OF_ANSWER and (piece := answer.read1(KEPT_OF_ANSWER - len(kept))):
            kept += piece
    return kept


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


@cache
def _tls() -> ssl.SSLContext:
    """The system's authorities; made once, because reading them takes tens of milliseconds."""
    return ssl.create_default_context()
