"""Headers and parameters that many operations share."""

from typing import Any

from api.openapi.shapes import text, whole

HEADERS: dict[str, Any] = {
    "X-Request-Id": {
        "description": "This request's id: the caller's own, if it sent one, else ours. Quote it when you ask us.",
        "required": True,
        "schema": text(minLength=1, maxLength=128),
    },
    "RateLimit-Policy": {
        "description": "How many calls the key (`default`) or the address (`address`) has in 60 seconds.",
        "schema": text(pattern=r'^"(default|address)";q=\d+;w=60$', examples=['"default";q=600;w=60']),
    },
    "RateLimit": {
        "description": "How many calls are left, and for how many seconds.",
        "schema": text(pattern=r'^"(default|address)";r=\d+;t=\d+$', examples=['"default";r=598;t=31']),
    },
    "Retry-After": {"description": "Seconds to wait before the same call.", "schema": whole(minimum=1)},
    "Idempotent-Replayed": {
        "description": "`true` where this is the stored answer of an earlier call with the same `Idempotency-Key`.",
        "schema": text(const="true"),
    },
    "WWW-Authenticate": {"description": "Where the key belongs.", "schema": text()},
    "ETag": {"description": "The content's hash.", "schema": text()},
    "Cache-Control": {"description": "How long it may be kept.", "schema": text()},
}

PARAMETERS: dict[str, Any] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Any text of yours that names this one call, such as a UUID. The same key with the same body "
        "within 24 hours is answered with what was answered first.",
        "schema": text(minLength=1, maxLength=255, pattern="^[ -~]+$"),
        "example": "order-SO-1001-gift",
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "The version you read, in quotes. If it is no longer the newest, nothing changes (412).",
        "schema": text(pattern=r'^(\*|"\d{1,9}")$'),
        "example": '"4"',
    },
    "Limit": {
        "name": "limit",
        "in": "query",
        "description": "How many at most.",
        "schema": whole(minimum=1, maximum=100, default=25),
    },
    "Cursor": {
        "name": "cursor",
        "in": "query",
        "description": "Where the page begins: comes with `next` and `previous`, and is nothing to take apart.",
        "schema": text(),
    },
}


def refs(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def parameter(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/parameters/{name}"}
