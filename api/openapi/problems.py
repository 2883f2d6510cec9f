"""Every error an operation can answer: by status, with the codes that a program may decide by."""

from collections.abc import Mapping
from typing import Any

from api.exceptions import PROBLEM, TITLES
from api.openapi.headers import refs
from api.openapi.shapes import Schema, record, ref, rows, text, whole

Codes = Mapping[int, tuple[str, ...]]

EVERY_CALL: Codes = {
    429: ("rate_limited",),
    500: ("internal_error",),
    503: ("unavailable",),
}
WITH_KEY: Codes = {
    401: ("not_authenticated", "authentication_failed"),
    403: ("missing_scope", "account_suspended"),
}
WITH_BODY: Codes = {
    400: ("validation_error", "parse_error", "malformed"),
    413: ("too_large",),
    415: ("unsupported_media_type",),
}
WITH_IDEMPOTENCY_KEY: Codes = {
    400: ("validation_error", "parse_error", "malformed"),
    409: ("idempotency_in_progress",),
    413: ("too_large",),
    415: ("unsupported_media_type",),
    422: ("idempotency_mismatch",),
}
WITH_ID: Codes = {404: ("not_found",)}
A_LIST: Codes = {400: ("validation_error",)}

# Answers that say when to come again.
WAITING = frozenset({409, 429, 503})

WORDS = {
    400: "The request does not fit; `errors` names each field.",
    401: "There is no key, or none that is valid.",
    403: "The key may not do this.",
    404: "There is nothing here, or nothing of this account and mode.",
    409: "It cannot be done as things stand.",
    410: "It was here and is over.",
    412: "It was changed since: `If-Match` names another version.",
    413: "The body has more than 256 kB.",
    415: "A body is `application/json`.",
    422: "Understood, and refused.",
    429: "Too many; `Retry-After` says when to come again.",
    500: "Our mistake. Tell us the `request_id`.",
    503: "A service behind the API is away; nothing was done. Try again after `Retry-After`.",
}

SCHEMAS: dict[str, Schema] = {
    "Problem": record(
        {
            "type": text("Always `about:blank`: `code` tells the kinds apart.", const="about:blank"),
            "title": text("The status in words.", enum=sorted({*TITLES.values(), "Error"})),
            "status": whole("The HTTP status.", minimum=400, maximum=599),
            "detail": text("What is wrong, for people."),
            "code": text("What is wrong, for programs. A code never changes its meaning.", pattern="^[a-z0-9_]+$"),
            "request_id": text("The same as in the header `X-Request-Id`."),
            "errors": rows(ref("FieldError"), "One for each field that is wrong."),
        },
        "What every error looks like (RFC 9457).",
    ),
    "FieldError": record(
        {
            "field": text("A dotted path into the body, such as `recipient.email`; empty for the body as a whole."),
            "code": text("What is wrong with it, for programs."),
            "detail": text("What is wrong with it, for people."),
        }
    ),
}


def merged(*parts: Codes) -> dict[int, tuple[str, ...]]:
    """All codes by status, each once, in the order they are named."""
    codes: dict[int, dict[str, None]] = {}
    for part in parts:
        for status, names in part.items():
            codes.setdefault(status, {}).update(dict.fromkeys(names))
    return {status: tuple(names) for status, names in sorted(codes.items())}


def responses(codes: Codes) -> dict[str, Any]:
    return {str(status): _shared(status, names) or _response(status, names) for status, names in codes.items()}


def shared_responses() -> dict[str, Any]:
    return {name: _response(status, codes) for (status, codes), name in _SHARED.items()}


def _response(status: int, codes: tuple[str, ...]) -> dict[str, Any]:
    names = ["X-Request-Id", "RateLimit", "RateLimit-Policy"]
    names += ["Retry-After"] if status in WAITING else []
    names += ["WWW-Authenticate"] if status == 401 else []
    listed = ", ".join(f"`{code}`" for code in codes)
    return {
        "description": f"{WORDS[status]} Codes: {listed}.",
        "headers": refs(*names),
        "content": {PROBLEM: {"schema": ref("Problem"), "examples": {codes[0]: {"value": example(status, codes[0])}}}},
        "x-codes": list(codes),
    }


def example(status: int, code: str) -> dict[str, Any]:
    errors = [{"field": "recipient.email", "code": "invalid", "detail": "Enter a valid e-mail address."}]
    return {
        "type": "about:blank",
        "title": TITLES[status],
        "status": status,
        "detail": WORDS[status].replace("`", ""),
        "code": code,
        "request_id": "8f14e45fceea467a9538e1a4c8b7a0d2",
        "errors": errors if code == "validation_error" else [],
    }


def _shared(status: int, codes: tuple[str, ...]) -> dict[str, Any] | None:
    name = _SHARED.get((status, codes))
    return {"$ref": f"#/components/responses/{name}"} if name else None


_SHARED = {
    (400, ("validation_error", "parse_error", "malformed")): "Invalid",
    (400, ("validation_error",)): "InvalidQuery",
    (401, ("not_authenticated", "authentication_failed")): "Unauthorized",
    (403, ("missing_scope", "account_suspended")): "Forbidden",
    (404, ("not_found",)): "NotFound",
    (409, ("idempotency_in_progress",)): "InProgress",
    (413, ("too_large",)): "TooLarge",
    (415, ("unsupported_media_type",)): "NoJson",
    (422, ("idempotency_mismatch",)): "Mismatch",
    (429, ("rate_limited",)): "TooMany",
    (500, ("internal_error",)): "OurMistake",
    (503, ("unavailable",)): "Unavailable",
}
