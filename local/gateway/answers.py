"""What a client is answered: the function's words, or one of the gateway's own short ones."""

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import Any

MESSAGES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    413: "Request Entity Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
# The gateway writes these itself.
OURS = frozenset({"apigw-requestid", "connection", "content-length", "date", "transfer-encoding"})
UNWRITABLE = frozenset("\r\n\0")


class NoAnswerError(Exception):
    """What the function returned cannot be an HTTP answer."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    cookies: list[str] = field(default_factory=list)


def own(status: int) -> Answer:
    """The gateway's own."""
    body = f'{{"message":"{MESSAGES[status]}"}}'.encode()
    return Answer(status, body, {"Content-Type": "application/json"})


def of_function(returned: Any) -> Answer:
    """Raises NoAnswerError. What has no `statusCode` is itself the body of a 200."""
    if not isinstance(returned, dict) or "statusCode" not in returned:
        text = returned if isinstance(returned, str) else json.dumps(returned)
        return Answer(200, text.encode(), {"Content-Type": "application/json"})
    headers, cookies = returned.get("headers") or {}, returned.get("cookies") or []
    if not isinstance(headers, dict) or not isinstance(cookies, list):
        raise NoAnswerError("headers are an object, cookies a list")
    try:
        return Answer(
            _status(returned["statusCode"]), _body(returned), _writable(headers), [_value(c) for c in cookies]
        )
    except (TypeError, ValueError) as error:
        raise NoAnswerError(str(error)) from error


def _status(code: Any) -> int:
    status = int(code)
    if not 100 <= status <= 599:
        raise ValueError("statusCode is none")
    return status


def _body(returned: dict[str, Any]) -> bytes:
    body = returned.get("body") or ""
    if not isinstance(body, str):
        raise TypeError("body is not text")
    try:
        return base64.b64decode(body, validate=True) if returned.get("isBase64Encoded") else body.encode()
    except binascii.Error as error:
        raise ValueError("body is not base64") from error


def _writable(headers: dict[str, Any]) -> dict[str, str]:
    return {_value(name): _value(value) for name, value in headers.items() if name.lower() not in OURS}


def _value(value: Any) -> str:
    """As HTTP carries it: UTF-8 bytes, written as Latin-1."""
    text = str(value).encode().decode("latin-1")
    if UNWRITABLE & set(text):
        raise ValueError("a header has a line break in it")
    return text
