"""Every operation by method and path, and the shapes of their answers."""

from typing import Any

from api.openapi.described import account, gifts, meta, recipients, templates, uploads, webhooks
from api.openapi.operations import Operation
from api.openapi.problems import SCHEMAS as PROBLEMS
from api.openapi.shapes import Schema

_RESOURCES: tuple[Any, ...] = (account, templates, uploads, gifts, webhooks, recipients, meta)

OPERATIONS: dict[str, Operation] = {
    place: operation for resource in _RESOURCES for place, operation in resource.OPERATIONS.items()
}
SCHEMAS: dict[str, Schema] = {
    name: schema for resource in _RESOURCES for name, schema in resource.SCHEMAS.items()
} | PROBLEMS
TAGS: list[dict[str, str]] = [{"name": resource.TAG, "description": resource.ABOUT} for resource in _RESOURCES]
