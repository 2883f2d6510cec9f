"""What API Gateway sends a function: events with payload 2.0, for HTTP and for the authorizer."""

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from local.gateway.requests import Request
from local.gateway.routes import Route

Event = dict[str, Any]

ACCOUNT, API_ID, STAGE = "000000000000", "local", "$default"
# What travels as text. A form does not, oddly.
TEXT = re.compile(r"text/.*|application/(json|javascript|xml)|.*\+(json|xml)")


@dataclass(frozen=True)
class Arrival:
    """Where, when and under which id the gateway took a request."""

    port: int
    request_id: str
    at: datetime
    scheme: str = "http"


def http_event(request: Request, route: Route, arrival: Arrival, context: Event | None) -> Event:
    """`context` is what the authorizer said of the caller; None where it was not asked."""
    event = _outline(request, route, arrival)
    if context is not None:
        event["requestContext"]["authorizer"] = {"lambda": context}
    text = _as_text(request)
    event["isBase64Encoded"] = bool(request.body) and text is None
    if request.body:
        event["body"] = base64.b64encode(request.body).decode() if text is None else text
    return event


def authorizer_event(request: Request, route: Route, arrival: Arrival, identity: str) -> Event:
    """The same without a body, and with what the identity source held."""
    path = _decoded_path(request)
    arn = f"arn:aws:execute-api:ap-southeast-2:{ACCOUNT}:{API_ID}/{STAGE}/{request.method}{path}"
    return {"type": "REQUEST", "routeArn": arn, "identitySource": [identity], **_outline(request, route, arrival)}


def _outline(request: Request, route: Route, arrival: Arrival) -> Event:
    path = _decoded_path(request)
    host = request.headers.get("host", "")
    event: Event = {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": path,
        "rawQueryString": request.query,
        "headers": _headers(request, arrival),
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": API_ID,
            "domainName": host.partition(":")[0],
            "domainPrefix": host.partition(".")[0],
            "http": {
                "method": request.method,
                "path": path,
                "protocol": request.protocol,
                "sourceIp": request.client_address,
                "userAgent": request.headers.get("user-agent", ""),
            },
            "requestId": arrival.request_id,
            "routeKey": route.key,
            "stage": STAGE,
            "time": f"{arrival.at.astimezone(UTC):%d/%b/%Y:%H:%M:%S %z}",
            "timeEpoch": round(arrival.at.timestamp() * 1000),
        },
    }
    if route.proxy is not None:
        event["pathParameters"] = {"proxy": unquote(route.proxy)}
    if request.cookies:
        event["cookies"] = request.cookies
    if request.query:
        event["queryStringParameters"] = _parameters(request.query)
    return event


def _decoded_path(request: Request) -> str:
    """HTTP APIs decode the path, `rawPath` too, and then cut it at a question mark that was `%3F`."""
    return unquote(request.path).partition("?")[0]


def _headers(request: Request, arrival: Arrival) -> dict[str, str]:
    """With what the gateway says itself: a client's own X-Forwarded-Proto and -Port are overwritten, its -For kept."""
    client = request.client_address
    earlier = request.headers.get("x-forwarded-for")
    return {
        **request.headers,
        "x-forwarded-for": f"{earlier}, {client}" if earlier else client,
        "x-forwarded-port": str(arrival.port),
        "x-forwarded-proto": arrival.scheme,
    }


def _parameters(query: str) -> dict[str, str]:
    parameters = dict[str, str]()
    for name, value in parse_qsl(query, keep_blank_values=True):
        parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
    return parameters


def _as_text(request: Request) -> str | None:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not TEXT.fullmatch(content_type):
        return None
    try:
        return request.body.decode()
    except UnicodeDecodeError:
        return None
