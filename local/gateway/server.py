"""The HTTP server in front of the functions."""

from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Self
from uuid import uuid4

from local.gateway import answers, requests
from local.gateway.answers import Answer
from local.gateway.authorizer import Authorizer
from local.gateway.events import Arrival
from local.gateway.http_api import HttpApi
from local.gateway.requests import RefusedRequestError, Request
from local.lambda_runtime import Invocable
from local.ports import HOST

IDLE_S = 65
STATIC = "/static/"

FindStatic = Callable[[str], Answer | None]


class Front:
    """Takes requests on loopback from `start` to `stop`; a context manager. Port 0 takes a free one."""

    def __init__(self, port: int = 0) -> None:
        self._server = _Server(self, port)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self.stop()

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: Request, request_id: str) -> Answer:
        raise NotImplementedError


class Gateway(Front):
    """Serves `function` behind `authorizer`.

    `find_static` has what CloudFront would fetch elsewhere, by its path below `/static/`.
    """

    def __init__(
        self, function: Invocable, authorizer: Authorizer, *, port: int = 0, find_static: FindStatic | None = None
    ) -> None:
        super().__init__(port)
        self._api = HttpApi(function, authorizer)
        self._find_static = find_static

    def answer(self, request: Request, request_id: str) -> Answer:
        if self._find_static is not None and request.path.startswith(STATIC) and request.method in ("GET", "HEAD"):
            return self._find_static(request.path.removeprefix(STATIC)) or answers.own(404)
        return self._api.answer(request, Arrival(self.port, request_id, datetime.now(UTC)))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, front: Front, port: int) -> None:
        super().__init__((HOST, port), _Call)
        self.front = front

    def handle_error(self, *_arguments: object) -> None:
        """Clients that hang up are no news."""


class _Call(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_S
    server: _Server

    def serve(self) -> None:
        request_id = uuid4().hex[:16]
        try:
            answer = self.server.front.answer(requests.read(self), request_id)
        except RefusedRequestError as refusal:
            self.close_connection = True  # what is left of the request would be taken for the next one
            answer = answers.own(refusal.status)
        self._write(answer, request_id)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = serve  # noqa: N815 - the base class asks for these names

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """What http.server itself refuses: a request line, headers, or a method it cannot make sense of."""
        self.close_connection = True
        self._write(answers.own(code if code in answers.MESSAGES else 404 if code == 501 else 400), uuid4().hex[:16])

    def _write(self, answer: Answer, request_id: str) -> None:
        self.send_response_only(answer.status, HTTPStatus(answer.status).phrase if _is_known(answer.status) else "")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        for cookie in answer.cookies:
            self.send_header("Set-Cookie", cookie)
        self.send_header("Date", self.date_time_string())
        self.send_header("Apigw-Requestid", request_id)
        if answer.status not in (204, 304):
            self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if getattr(self, "command", None) != "HEAD" and answer.status not in (204, 304):
            self.wfile.write(answer.body)

    def log_message(self, *_arguments: object) -> None:
        """The function logs each request."""


def _is_known(status: int) -> bool:
    return status in HTTPStatus._value2member_map_
