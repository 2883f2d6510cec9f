"""Health, and this description itself: plain views, which the generator does not find by itself."""

from typing import Any

from api.openapi.headers import refs
from api.openapi.operations import Operation
from api.openapi.shapes import Schema, choice, record, ref, text

TAG = "Meta"
ABOUT = "Is it up, and what is it."

PARTS = ("database", "key_store", "bucket")

SCHEMAS: dict[str, Schema] = {
    "Health": record({"status": text(const="ok"), "version": text("The release that runs.")}),
    "Readiness": record(
        {
            "status": choice(["ok", "unavailable"]),
            **{part: choice(["ok", "away"]) for part in PARTS},
        }
    ),
}

OPERATIONS: dict[str, Operation] = {}


def _answer(description: str, content: dict[str, Any], *names: str) -> dict[str, Any]:
    return {
        "description": description,
        "headers": refs("X-Request-Id", *names),
        "content": {"application/json": content},
    }


def _readiness(description: str, database: str, *names: str) -> dict[str, Any]:
    status = "ok" if database == "ok" else "unavailable"
    example = {"status": status, "database": database, "key_store": "ok", "bucket": "ok"}
    return _answer(description, {"schema": ref("Readiness"), "examples": {"answer": {"value": example}}}, *names)


PATHS: dict[str, Any] = {
    "/healthz": {
        "get": {
            "operationId": "get_health",
            "tags": [TAG],
            "summary": "Is the process up",
            "description": "And which release it is. Looks at nothing behind it.",
            "security": [],
            "responses": {
                "200": _answer(
                    "It is.",
                    {
                        "schema": ref("Health"),
                        "examples": {"answer": {"value": {"status": "ok", "version": "2026.47"}}},
                    },
                ),
            },
        }
    },
    "/readyz": {
        "get": {
            "operationId": "get_readiness",
            "tags": [TAG],
            "summary": "Can it do its work",
            "description": "Database, key store and bucket, looked at no more often than every five seconds.",
            "security": [],
            "responses": {
                "200": _readiness("It can.", "ok"),
                "503": _readiness("A part is away.", "away", "Retry-After"),
            },
        }
    },
    "/v1/openapi.json": {
        "get": {
            "operationId": "get_description",
            "tags": [TAG],
            "summary": "This description",
            "description": "OpenAPI 3.1. No key is asked for, and any web page may read it.",
            "security": [],
            "responses": {
                "200": _answer("The description.", {"schema": {"type": "object"}}, "ETag", "Cache-Control"),
                "304": {"description": "You have it already.", "headers": refs("X-Request-Id", "ETag")},
            },
        }
    },
}
