"""HTTP/1.1 around the endpoints: routes, limits, and answers that come whole or not at all."""

import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from local.sendgrid.endpoints import NOT_FOUND, Endpoints, Request, Response, error_response
from local.sendgrid.errors import request_error

MAX_BODY_BYTES = 30 * 1024 * 1024
MAX_DISCARDED_BYTES = 4 * MAX_BODY_BYTES
IDLE_TIMEOUT_S = 60

MAIL_ID = r"(?P<mail_id>[0-9a-f-]{36})"
ROUTES = tuple(
    (method, re.compile(path), endpoint)
    for method, path, endpoint in (
        ("POST", "/v3/mail/send", Endpoints.send),
        ("GET", "/", Endpoints.home),
        ("GET", "/mailbox/?", Endpoints.list_page),
        ("GET", r"/mailbox\.json", Endpoints.list_json),
        ("DELETE", r"/mailbox\.json", Endpoints.clear),
        ("GET", f"/mailbox/{MAIL_ID}", Endpoints.mail_page),
        ("GET", rf"/mailbox/{MAIL_ID}\.json", Endpoints.mail_json),
        ("GET", f"/mailbox/{MAIL_ID}/html", Endpoints.mailed_html),
        ("GET", r"/assets/(?P<name>[a-z.]+)", Endpoints.asset),
    )
)
TOO_LARGE = Response(
    413, b"<html><body><h1>413 Request Entity Too Large</h1></body></html>", {"Content-Type": "text/html"}
)
LENGTH_REQUIRED = error_response(411, request_error("Content-Length is required"))
METHOD_NOT_ALLOWED = error_response(405, request_error("method not allowed"))
COMMON_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class SendGridServer(ThreadingHTTPServer):
    """Listens on loopback once it is made; one thread a connection, so a slow answer holds up nobody else."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128  # a burst of workers connects at once

    def __init__(self, port: int, endpoints: Endpoints) -> None:
        self.endpoints = endpoints
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report a broken endpoint, but not a client that hung up or fell silent: that is what `slow@` is for."""
        if not isinstance(sys.exception(), (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_TIMEOUT_S
    server: SendGridServer

    def answer(self) -> None:
        """Read the whole request, let its endpoint answer, write the answer."""
        body = self._read_body()
        response = body if isinstance(body, Response) else self._route(body)
        time.sleep(response.delay_s)
        self.send_response(response.status)
        for name, value in {**COMMON_HEADERS, **response.headers}.items():
            self.send_header(name, value)
        if response.status not in {204, 304}:
            self.send_header("Content-Length", str(len(response.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815  http.server's names

    def _route(self, body: bytes) -> Response:
        url = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(headers, dict(parse_qsl(url.query)), body)
        method = "GET" if self.command == "HEAD" else self.command
        matches = [(route, found, endpoint) for route, path, endpoint in ROUTES if (found := path.fullmatch(url.path))]
        for route, found, endpoint in matches:
            if route == method:
                return endpoint(self.server.endpoints, request, **found.groupdict())
        return METHOD_NOT_ALLOWED if matches else NOT_FOUND

    def _read_body(self) -> bytes | Response:
        length = self.headers.get("Content-Length", "" if self.command in {"POST", "PUT", "PATCH"} else "0")
        if "Transfer-Encoding" in self.headers or not re.fullmatch("[0-9]{1,15}", length):
            self.close_connection = True
            return LENGTH_REQUIRED
        if int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            self._discard(min(int(length), MAX_DISCARDED_BYTES))
            return TOO_LARGE
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise ConnectionAbortedError("the client hung up before its request was whole")
        return body

    def _discard(self, length: int) -> None:
        """Read on, so that a client which is still sending gets the answer instead of a reset connection."""
        while length > 0 and (chunk := self.rfile.read(min(length, 65536))):
            length -= len(chunk)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  http.server's name
        """Say nothing: the log of a mail service is no place for addresses."""
