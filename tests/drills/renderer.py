"""Where the product believes the renderer to be: servers that count its orders; one works when a test says so."""

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self, cast
from uuid import uuid4

import urllib3

from api.media import bucket
from api.rendering.models import RenderCallback
from local.ports import HOST
from tests.system import Json
from tests.waiting import eventually

Answer = tuple[int, Json]
UNPOOLED = {"Connection": "close"}


@dataclass
class Order:
    """A render that was accepted: two of these are two that are paid for."""

    id: str
    edit: Json
    status: str = "rendering"
    is_stored: bool = False


class Renderer(ThreadingHTTPServer, ABC):
    """Speaks Shotstack's Edit API at `url`."""

    daemon_threads = False

    def __init__(self) -> None:
        super().__init__((HOST, 0), _Handler)
        self.url = f"http://{HOST}:{self.server_port}"
        self.orders: list[Order] = []
        self._connections = 0
        self._lock = threading.Lock()

    @abstractmethod
    def answer(self, method: str, path: str, key: str, body: bytes) -> Answer: ...

    @abstractmethod
    def finish(self) -> None:
        """The films of all that is ordered are in the bucket now, and the site was told."""

    @contextmanager
    def serving(self) -> Iterator[Self]:
        thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            self.server_close()
            thread.join()

    def wait_until_idle(self) -> None:
        """Until every call that came in is dealt with, also those whose caller is dead by now."""
        urllib3.request("GET", self.url, headers=UNPOOLED, timeout=30)  # connections are accepted in their order
        eventually(lambda: self._connections == 0, 15)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections += 1
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._lock:
            self._connections -= 1

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The callers are killed on purpose, so nobody may be there to take an answer."""


class StandIn(Renderer):
    """The test says when a film is rendered and when it is in the bucket; each film is `film`."""

    def __init__(self, film: bytes) -> None:
        super().__init__()
        self.is_silent = False  # then its callbacks get lost
        self.is_busy = False  # then it takes no orders
        self._film = film

    def answer(self, method: str, path: str, key: str, body: bytes) -> Answer:  # noqa: ARG002 - it takes any key
        if method == "POST" and self.is_busy:
            return 429, {"message": "Too Many Requests"}
        if method == "POST":
            order = Order(str(uuid4()), json.loads(body))
            self.orders.append(order)
            return 201, {"success": True, "message": "Created", "response": {"message": "Queued", "id": order.id}}
        for order in self.orders:
            if f"/render/{order.id}?" in path:
                return 200, {"success": True, "message": "OK", "response": {"id": order.id, "status": order.status}}
        return 404, {"success": False, "message": "Not Found"}

    def finish(self) -> None:
        self.render()
        self.store()

    def render(self, *, status: str = "done", only: Order | None = None) -> None:
        """End the rendering of everything that is ordered, or of one order."""
        for order in [only] if only else self.orders:
            if order.status == "rendering":
                order.status = status
                self._tell(order, {"type": "edit", "action": "render", "id": order.id, "status": status})

    def store(self) -> None:
        """Copy what is rendered into the bucket."""
        for order in self.orders:
            if order.status == "done" and not order.is_stored:
                order.is_stored = True
                self._copy(order)
                copy = {"id": str(uuid4()), "render": order.id, "status": "ready"}
                self._tell(order, {"type": "serve", "action": "copy", **copy})

    def _copy(self, order: Order) -> None:
        place = order.edit["output"]["destinations"][0]["options"]
        for name, content in (("-poster.jpg", b"a poster"), (".mp4", self._film)):
            bucket.client().put_object(
                Bucket=place["bucket"], Key=f"{place['prefix']}/{place['filename']}{name}", Body=content
            )

    def _tell(self, order: Order, callback: Json) -> None:
        if not self.is_silent:
            answer = urllib3.request("POST", order.edit["callback"], json=callback, headers=UNPOOLED, timeout=30)
            assert answer.status == 204, answer.data


class Counter(Renderer):
    """In front of the real one."""

    def __init__(self, upstream: str) -> None:
        super().__init__()
        self._upstream = upstream

    def answer(self, method: str, path: str, key: str, body: bytes) -> Answer:
        answer = urllib3.request(
            method, self._upstream + path, headers={"x-api-key": key, **UNPOOLED}, body=body, timeout=30
        )
        content: Json = answer.json()
        if method == "POST" and answer.status == 201:
            self.orders.append(Order(content["response"]["id"], json.loads(body)))
        return answer.status, content

    def finish(self) -> None:
        copies = RenderCallback.objects.filter(payload__render__in=[order.id for order in self.orders])
        eventually(lambda: copies.count() == len(self.orders), 60)


class _Handler(BaseHTTPRequestHandler):
    """One call a connection, so that none is open which nobody uses."""

    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes) -> None:
        renderer = cast("Renderer", self.server)
        status, content = renderer.answer(self.command, self.path, self.headers.get("x-api-key", ""), body)
        written = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(written)))
        self.end_headers()
        self.wfile.write(written)

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""
