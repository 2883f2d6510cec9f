"""How drf-spectacular reads our views: paths and bodies from the code, words and answers from `described`."""

import re
from typing import Any

import uritemplate
from drf_spectacular.openapi import AutoSchema
from rest_framework.fields import Field

from api.openapi.bodies import WORDS
from api.openapi.described import OPERATIONS
from api.openapi.operations import Operation, responses, shared_parameters
from api.openapi.shapes import Schema, or_null, text, uuid
from api.serializers import StrictSerializer

KEY = "ApiKey"
CONVERTER = re.compile(r"<(\w+):\w+>")
VARIABLES: dict[str, Schema] = {
    "uuid": uuid(),
    "slug": text(pattern="^[-a-zA-Z0-9_]+$"),
    "token": text(pattern="^[A-Za-z0-9_-]+$"),
}


class OperationSchema(AutoSchema):
    """Raises KeyError for a route that nobody described."""

    described: Operation

    def is_excluded(self) -> bool:
        """The vendors' callbacks are between them and us."""
        if self.path.startswith("/hooks/"):
            return True
        self.described = OPERATIONS[f"{self.method} {self.path}"]
        return False

    def get_operation_id(self) -> str:
        return self.described.id

    def get_summary(self) -> str:
        return self.described.summary

    def get_description(self) -> str:  # type: ignore[override]
        scope = self._scope()
        return f"{self.described.description}\n\nScope: `{scope}`." if scope else self.described.description

    def get_tags(self) -> list[str]:
        return [self.described.tag]

    def get_auth(self) -> list[dict[str, list[str]]]:
        return [{KEY: [scope]}] if (scope := self._scope()) else []

    def get_operation(self, *place: Any) -> Schema | None:
        operation = super().get_operation(*place)
        if operation is not None:
            operation.setdefault("security", [])
        return operation

    def get_request_serializer(self) -> Any:
        return self.described.body

    def get_examples(self) -> list[Any]:
        return []

    def _get_request_body(self, direction: Any = "request") -> Schema | None:
        body: Schema | None = super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        if body is not None:
            examples = {name: {"value": value} for name, value in self.described.body_examples.items()}
            body["content"]["application/json"]["examples"] = examples
        return body

    def _get_parameters(self) -> list[Schema]:
        kinds = dict(zip(uritemplate.variables(self.path), CONVERTER.findall(self.path_regex), strict=True))
        path = [
            {
                "name": name,
                "in": "path",
                "required": True,
                "description": self.described.path_words[name],
                "schema": VARIABLES[kind],
                "example": self.described.path_examples[name],
            }
            for name, kind in kinds.items()
        ]
        return path + shared_parameters(self.described, self.method)

    def _get_response_bodies(self, direction: Any = "response") -> Schema:  # noqa: ARG002
        return responses(self.described, self.method)

    def _get_serializer_name(self, serializer: Any, direction: Any, bypass_extensions: bool = False) -> str:  # noqa: FBT001, FBT002
        name: str = super()._get_serializer_name(serializer, direction, bypass_extensions)
        name = name.replace("EndpointIn", "WebhookEndpointIn")
        if name.startswith("Patched"):
            name = name.removeprefix("Patched").removesuffix("Changes").removesuffix("In") + "Changes"
        return f"{name}put" if name.endswith("In") else name

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Schema:
        schema: Schema = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if isinstance(serializer, StrictSerializer):
            schema["additionalProperties"] = False
            properties = schema.get("properties", {})
            for name, words in WORDS.get(type(serializer).__name__, {}).items():
                properties[name] = _described(properties[name], words)
            for name, field in serializer.fields.items():
                if properties[name].get("default") == "":
                    del properties[name]["default"]
                if _counts_null_as_absent(field):
                    properties[name] = or_null(properties[name])
        return schema

    def _insert_field_validators(self, field: Any, schema: Schema) -> None:
        """Without the generator's own way to allow blank text, which would match "" twice in a `oneOf`."""
        is_blank_allowed = getattr(field, "allow_blank", None)
        field.allow_blank = False
        super()._insert_field_validators(field, schema)  # type: ignore[no-untyped-call]
        field.allow_blank = is_blank_allowed

    def _scope(self) -> str | None:
        view: Any = self.view
        return str(view.required_scopes[view.action]) if self.described.has_key else None


def _counts_null_as_absent(field: Field[Any, Any, Any, Any]) -> bool:
    return not field.required and not field.allow_null


def _described(schema: Schema, words: str | Schema) -> Schema:
    """Beside a `$ref` a description would be lost on older readers."""
    more = {"description": words} if isinstance(words, str) else words
    return {"allOf": [schema], **more} if "$ref" in schema else {**schema, **more}
