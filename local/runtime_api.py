"""Lambda's Runtime API, over which a runtime client fetches its work and hands in what came of it."""

import queue
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import NamedTuple

from local.ports import HOST

LARGEST_PAYLOAD = 6 * 1024 * 1024 + 100  # Lambda's limit, for the event and for the answer


class Post(NamedTuple):
    """What the runtime client said: `next`, `response`, `error` or `oversize`."""

    what: str
    invocation: str
    body: bytes = b""


@dataclass(frozen=True)
class Work:
    invocation: str
    event: bytes
    deadline_ms: int


def deadline_ms(now_ns: int, timeout_s: float) -> int:
    """When a call that begins now is over, in whole milliseconds of the epoch, as a client's clock counts them: down.

    Rounded up it would promise a client that is asked within the same millisecond more than the time-out.
    """
    return now_ns // 1_000_000 + int(timeout_s * 1000)


class RuntimeApi(ThreadingHTTPServer):
    """https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html, for one child."""

    daemon_threads = True

    def __init__(self, work: "queue.Queue[Work | None]", posts: "queue.Queue[Post]", arn: str) -> None:
        super().__init__((HOST, 0), _Call)
        self.work = work
        self.posts = posts
        self.arn = arn

    def handle_error(self, *_arguments: object) -> None:
        """A child that was killed breaks its connection; whoever waits for it finds out by itself."""


class _Call(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each call takes 40 ms longer
    server: RuntimeApi

    def do_GET(self) -> None:
        """`/invocation/next`: held until there is work."""
        self.server.posts.put(Post("next", "init"))
        work = self.server.work.get()
        if work is None:
            self.close_connection = True
            return
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": work.invocation,
            "Lambda-Runtime-Deadline-Ms": str(work.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": self.server.arn,
        }
        self._answer(200, work.event, headers)

    def do_POST(self) -> None:
        """`/invocation/{id}/response`, `/invocation/{id}/error` or `/init/error`."""
        invocation, what = self.path.split("/")[-2:]
        length = int(self.headers["Content-Length"])
        if what == "response" and length > LARGEST_PAYLOAD:
            self._drop(length)
            self.server.posts.put(Post("oversize", invocation))
            self._answer(413, b'{"errorType":"Function.ResponseSizeTooLarge"}')
        else:
            self.server.posts.put(Post(what, invocation, self.rfile.read(length)))
            self._answer(202, b'{"status":"OK"}')

    def _drop(self, length: int) -> None:
        while length > 0 and (read := len(self.rfile.read(min(length, 65536)))):
            length -= read

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] = MappingProxyType({})) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing: what matters is in the function's own log."""
