"""HTTP without a client's tidying: paths and headers go out as they are written here."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from typing import Any
from urllib.parse import urlsplit

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Reply:
    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def words(self) -> tuple[int, Any]:
        """Status and body, as the gateway's own answers are compared."""
        return self.status, self.json


def send(url: str, method: str, path: str, headers: Headers = (), body: bytes = b"") -> Reply:
    connection = HTTPConnection(str(urlsplit(url).netloc), timeout=60)
    try:
        has_host = any(name == "Host" for name, _ in headers)
        connection.putrequest(method, path, skip_host=has_host, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        if body:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        response = connection.getresponse()
        return Reply(response.status, response.headers, response.read())
    finally:
        connection.close()
