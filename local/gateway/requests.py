"""A client's request, read off the wire without losing how it was spelled."""

from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler

from local.gateway.routes import METHODS

LARGEST_BODY = 10 * 1024 * 1024
DROPPED_AT_MOST = 64 * 1024 * 1024  # of a body that is too large, so that its sender gets to read the answer


class RefusedRequestError(Exception):
    """The gateway does not take this request, and says no more than its status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True)
class Request:
    """Path and query as sent; headers by lower-case name, repeated ones joined by commas, cookies apart."""

    method: str
    path: str
    query: str
    protocol: str
    headers: dict[str, str]
    cookies: list[str]
    body: bytes
    client_address: str


def read(call: BaseHTTPRequestHandler) -> Request:
    """Raises RefusedRequestError; the connection is of no more use then."""
    if call.command not in METHODS:
        raise RefusedRequestError(404)
    path, _, query = _target(call).partition("?")
    headers = _headers(call)
    body = _body(call)
    cookies = [cookie.strip() for cookie in headers.pop("cookie", "").split(";")]
    return Request(
        method=call.command,
        path=path,
        query=query,
        protocol=call.request_version,
        headers=headers,
        cookies=[cookie for cookie in cookies if cookie],
        body=body,
        client_address=str(call.client_address[0]),
    )


def _target(call: BaseHTTPRequestHandler) -> str:
    """From the request line: the standard library's `path` has leading slashes merged."""
    target = call.requestline.split()[1]
    scheme, separator, rest = target.partition("://")
    if separator and scheme.lower() in ("http", "https"):
        target = f"/{rest.partition('/')[2]}"
    if not target.startswith("/"):
        raise RefusedRequestError(400)
    return target


def _headers(call: BaseHTTPRequestHandler) -> dict[str, str]:
    if len(call.headers.get_all("Host", [])) > 1:
        raise RefusedRequestError(400)
    headers = dict[str, str]()
    for name, value in call.headers.items():
        text = _unicode(value)
        if "\r" in text or "\n" in text:  # a folded line
            raise RefusedRequestError(400)
        key, joint = name.lower(), "; " if name.lower() == "cookie" else ","
        headers[key] = f"{headers[key]}{joint}{text}" if key in headers else text
    return headers


def _unicode(value: str) -> str:
    """http.server reads Latin-1, which is right for any bytes; most clients mean UTF-8."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeDecodeError:
        return value


def _body(call: BaseHTTPRequestHandler) -> bytes:
    lengths, codings = call.headers.get_all("Content-Length", []), call.headers.get_all("Transfer-Encoding", [])
    if codings:
        if lengths or [coding.strip().lower() for coding in codings] != ["chunked"]:
            raise RefusedRequestError(400)
        return _chunks(call)
    if not lengths:
        return b""
    if len(lengths) > 1 or not (lengths[0].isascii() and lengths[0].isdigit()):
        raise RefusedRequestError(400)
    length = int(lengths[0])
    if length > LARGEST_BODY:
        _drop(call, length)
        raise RefusedRequestError(413)
    return _exactly(call, length)


def _chunks(call: BaseHTTPRequestHandler) -> bytes:
    body = bytearray()
    while size := _chunk_size(call):
        if len(body) + size > LARGEST_BODY:
            _drop(call, size)
            raise RefusedRequestError(413)
        body += _exactly(call, size)
        if call.rfile.readline(3) != b"\r\n":
            raise RefusedRequestError(400)
    while call.rfile.readline(65537).strip():  # trailers
        pass
    return bytes(body)


def _chunk_size(call: BaseHTTPRequestHandler) -> int:
    digits = call.rfile.readline(130).partition(b";")[0].strip()
    if not digits or not set(digits.lower()) <= set(b"0123456789abcdef"):
        raise RefusedRequestError(400)
    return int(digits, 16)


def _exactly(call: BaseHTTPRequestHandler, length: int) -> bytes:
    content = call.rfile.read(length)
    if len(content) != length:
        raise RefusedRequestError(400)
    return content


def _drop(call: BaseHTTPRequestHandler, length: int) -> None:
    left = min(length, DROPPED_AT_MOST)
    while left > 0 and (read := len(call.rfile.read(min(left, 65536)))):
        left -= read
