"""HTTP events as API Gateway sends them, for tests that have no gateway."""

import json
from typing import Any

Event = dict[str, Any]


def http_event(path: str = "/healthz", *, method: str = "GET", query: str = "", **changes: Any) -> Event:
    """`changes` replace parts of the event; `authorizer` and what is in `http` go where they belong."""
    context: Event = {
        "domainName": "127.0.0.1",
        "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.7", "userAgent": "tests"},
        "requestId": "from-api-gateway",
        "stage": "$default",
    }
    if "authorizer" in changes:
        context["authorizer"] = {"lambda": changes.pop("authorizer")}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "127.0.0.1", "x-forwarded-proto": "https", "x-forwarded-port": "443"},
        "requestContext": context,
        "isBase64Encoded": False,
        **changes,
    }


def posted(path: str, body: Any, **changes: Any) -> Event:
    headers = {"host": "127.0.0.1", "content-type": "application/json"}
    return http_event(path, method="POST", headers=headers, body=json.dumps(body), **changes)
