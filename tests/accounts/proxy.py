"""A door to the local DynamoDB that notes what goes through it, or that answers as it is told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import urllib3

from local.ports import HOST

Answer = tuple[int, bytes]
PASSED_ON = ("authorization", "content-type", "x-amz-target", "x-amz-date", "host")


class Proxy:
    """`calls` has each call's action and body, in the order in which they came."""

    def __init__(self, target: str) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.answers: Callable[[], Answer] | None = None
        self._target = target
        self._pool = urllib3.PoolManager(retries=False, timeout=20)

    def pass_on(self, headers: dict[str, str], body: bytes) -> Answer:
        self.calls.append((headers["x-amz-target"].rpartition(".")[2], json.loads(body)))
        if self.answers is not None:
            return self.answers()
        kept = {name: value for name, value in headers.items() if name in PASSED_ON}
        answer = self._pool.request("POST", self._target, body=body, headers=kept)
        return answer.status, answer.data


@contextmanager
def proxy_to(target: str) -> Iterator[tuple[Proxy, str]]:
    """The proxy and its URL."""
    proxy = Proxy(target)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, answer = proxy.pass_on({name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield proxy, f"http://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
