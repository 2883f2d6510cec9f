"""Short ways to write JSON Schema of OpenAPI 3.1."""

from collections.abc import Sequence
from typing import Any

Schema = dict[str, Any]

NULL: Schema = {"type": "null"}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def text(description: str = "", **rest: Any) -> Schema:
    return _described({"type": "string", **rest}, description)


def number(description: str = "", **rest: Any) -> Schema:
    return _described({"type": "number", **rest}, description)


def whole(description: str = "", **rest: Any) -> Schema:
    return _described({"type": "integer", **rest}, description)


def flag(description: str = "") -> Schema:
    return _described({"type": "boolean"}, description)


def instant(description: str = "") -> Schema:
    return text(description, format="date-time")


def uuid(description: str = "") -> Schema:
    return text(description, format="uuid")


def address(description: str = "") -> Schema:
    return text(description, format="uri")


def choice(values: Sequence[str], description: str = "") -> Schema:
    return text(description, enum=list(values))


def rows(items: Schema, description: str = "", **rest: Any) -> Schema:
    return _described({"type": "array", "items": items, **rest}, description)


def pairs(values: Schema, description: str = "") -> Schema:
    """An object whose names are the caller's own."""
    return _described({"type": "object", "additionalProperties": values}, description)


def record(properties: dict[str, Schema], description: str = "", *, optional: Sequence[str] = ()) -> Schema:
    """An object with these properties and no others; all are there but the optional ones."""
    required = [name for name in properties if name not in optional]
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return _described(schema, description)


def or_null(schema: Schema) -> Schema:
    if isinstance(schema.get("type"), str):
        nullable = {**schema, "type": [schema["type"], "null"]}
        return {**nullable, "enum": [*schema["enum"], None]} if "enum" in schema else nullable
    words = {name: value for name, value in schema.items() if name == "description"}
    match {name: value for name, value in schema.items() if name != "description"}:
        case {"allOf": [inner]} | inner:
            return {**words, "anyOf": [inner, NULL]}


def page_of(name: str, what: str) -> Schema:
    """What a list answers."""
    return record(
        {
            "next": or_null(address("The next page's whole address; null on the last page.")),
            "previous": or_null(address("The page before; null on the first page.")),
            "results": rows(ref(name), maxItems=100),
        },
        what,
    )


def _described(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description} if description else schema
