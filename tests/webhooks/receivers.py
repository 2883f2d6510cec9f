"""A shop's server in a thread: keeps what it gets, answers as it is told, and counts who connects."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

Answer = Callable[[socket.socket], None]


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def says(code: int, body: bytes = b"", *headers: str) -> Answer:
    lines = [f"HTTP/1.1 {code} Whatever", f"Content-Length: {len(body)}", *headers, "", ""]
    return lambda connected: connected.sendall("\r\n".join(lines).encode() + body)


def sends(data: bytes) -> Answer:
    return lambda connected: connected.sendall(data)


@dataclass
class Receiver:
    """`answer` may be changed at any time."""

    host: str
    port: int
    answer: Answer
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    is_over: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/hook", *, scheme: str = "http", host: str | None = None) -> str:
        return f"{scheme}://{host or self.host}:{self.port}{path}"


@contextmanager
def receiving(answer: Answer, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listening:
        receiver = Receiver(host, listening.getsockname()[1], answer)
        thread = threading.Thread(target=_serve, args=(listening, receiver, tls))
        thread.start()
        try:
            yield receiver
        finally:
            receiver.is_over.set()
            with suppress(OSError), socket.create_connection((host, receiver.port), 5):
                pass
            thread.join()


def _serve(listening: socket.socket, receiver: Receiver, tls: ssl.SSLContext | None) -> None:
    threads: list[threading.Thread] = []
    while True:
        connected, _ = listening.accept()
        if receiver.is_over.is_set():
            connected.close()
            break
        receiver.connections += 1
        thread = threading.Thread(target=_talk, args=(connected, receiver, tls))
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join()


def _talk(connected: socket.socket, receiver: Receiver, tls: ssl.SSLContext | None) -> None:
    connected.settimeout(20)
    with connected, suppress(OSError):
        talking: Any = tls.wrap_socket(connected, server_side=True) if tls else connected
        with talking:
            request = _read(talking)
            if request is not None:
                receiver.received.append(request)
                receiver.answer(talking)


def _read(connected: socket.socket) -> Received | None:
    with connected.makefile("rb") as lines:
        words = lines.readline().decode().split()
        if len(words) != 3:
            return None
        headers: dict[str, str] = {}
        while line := lines.readline().decode().rstrip("\r\n"):
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return Received(words[0], words[1], headers, lines.read(int(headers.get("content-length", 0))))
