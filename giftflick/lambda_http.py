"""API Gateway's HTTP events (payload 2.0) as WSGI requests, and WSGI's answers as API Gateway wants them."""

import base64
import io
import re
import sys
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

Event = dict[str, Any]
Environ = dict[str, Any]

# What Django may believe about a caller. No header can be called so: all of them begin with `HTTP_`.
AUTHORIZER = "giftflick.authorizer"
CLIENT_ADDRESS = "giftflick.client_address"

# WSGI makes `X_API_KEY` and `X-API-Key` one and the same, so a name with anything else is left out.
HEADER_NAME = re.compile(r"[a-z0-9-]+")
EDGE_HEADER = "x-origin-secret"  # between CloudFront and the entry point: no application, and no log, shall see it
TEXT = re.compile(r"text/.*|application/(json|javascript|xml)|.*\+(json|xml)")


def is_http(event: Event) -> bool:
    """Whether an HTTP API sent it, in the format that we understand."""
    context = event.get("requestContext")
    return event.get("version") == "2.0" and isinstance(context, dict) and isinstance(context.get("http"), dict)


def presented_secret(event: Event) -> str:
    """What stands in the header by which CloudFront shows that it is ours."""
    headers = event.get("headers") or {}
    return next((str(value) for name, value in headers.items() if name.lower() == EDGE_HEADER), "")


def call(application: "WSGIApplication", event: Event, *, is_from_edge: bool = False) -> Event:
    """Have `application` answer an HTTP event; `is_from_edge` means that our CloudFront says where the client is."""
    request = environ_for(event, is_from_edge=is_from_edge)
    status, headers = "", list[tuple[str, str]]()

    def start_response(line: str, fields: list[tuple[str, str]], _exc_info: Any = None) -> Callable[[bytes], object]:
        nonlocal status, headers
        status, headers = line, fields
        return _refuse_to_write

    chunks = application(request, start_response)
    try:
        body = b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    return _answer(int(status.split(" ", 1)[0]), headers, b"" if request["REQUEST_METHOD"] == "HEAD" else body)


def environ_for(event: Event, *, is_from_edge: bool = False) -> Environ:
    """API Gateway has decoded the path, once; whoever decodes it again lets `%252F` become a slash."""
    context = event["requestContext"]
    http = context["http"]
    headers = _headers(event)
    address = (is_from_edge and _viewer(headers)) or http["sourceIp"]
    body = event.get("body") or ""
    content = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode("utf-8", "surrogatepass")
    # API Gateway writes it over whatever was sent: how it was called itself, which CloudFront always does by https.
    scheme = headers.get("x-forwarded-proto")
    headers.setdefault("host", context.get("domainName", ""))
    headers.setdefault("x-request-id", context.get("requestId", ""))
    request: Environ = {
        "REQUEST_METHOD": http["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": _latin(event.get("rawPath", "")),
        "QUERY_STRING": _latin(event.get("rawQueryString", "")),
        "CONTENT_TYPE": headers.pop("content-type", ""),
        "CONTENT_LENGTH": str(len(content)),
        "SERVER_NAME": context.get("domainName", ""),
        "SERVER_PORT": headers.get("x-forwarded-port", "443"),
        "SERVER_PROTOCOL": http.get("protocol", "HTTP/1.1"),
        "REMOTE_ADDR": address,
        CLIENT_ADDRESS: address,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scheme if scheme in ("http", "https") else "https",
        "wsgi.input": io.BytesIO(content),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    request |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    if found := (context.get("authorizer") or {}).get("lambda"):
        request[AUTHORIZER] = found
    return request


def _headers(event: Event) -> dict[str, str]:
    """By lower-case name, with the cookies, that API Gateway puts elsewhere, and without the length, which we count."""
    headers = {name.lower(): _latin(value) for name, value in (event.get("headers") or {}).items()}
    if event.get("cookies"):
        headers["cookie"] = _latin("; ".join(event["cookies"]))
    left_out = ("content-length", EDGE_HEADER)
    return {name: value for name, value in headers.items() if HEADER_NAME.fullmatch(name) and name not in left_out}


def _viewer(headers: dict[str, str]) -> str | None:
    """The address in `CloudFront-Viewer-Address`, which is `address:port`, of IPv6 too and without brackets."""
    address = headers.get("cloudfront-viewer-address", "").rpartition(":")[0]
    try:
        return str(ip_address(address.strip("[]")))
    except ValueError:
        return None


def _latin(text: str) -> str:
    """The text's UTF-8 bytes as WSGI carries bytes; JSON may hold half a surrogate pair, which Django then escapes."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


def _answer(status: int, fields: Iterable[tuple[str, str]], body: bytes) -> Event:
    headers, cookies = dict[str, str](), list[str]()
    for name, value in fields:
        if name.lower() == "set-cookie":
            cookies.append(value.strip())
        elif name.lower() != "content-length":  # API Gateway counts itself
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    text = _as_text(headers, body)
    return {
        "statusCode": status,
        "headers": headers,
        "cookies": cookies,
        "body": base64.b64encode(body).decode() if text is None else text,
        "isBase64Encoded": text is None,
    }


def _as_text(headers: dict[str, str], body: bytes) -> str | None:
    """None for what must travel in base64."""
    named = {name.lower(): value for name, value in headers.items()}
    content_type = named.get("content-type", "").partition(";")[0].strip().lower()
    if body and ("content-encoding" in named or not TEXT.fullmatch(content_type)):
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _refuse_to_write(_data: bytes) -> object:
    raise NotImplementedError("write() of WSGI's early days")
