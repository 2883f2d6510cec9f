"""What is said of an operation beyond what its view and serializers say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rest_framework.serializers import BaseSerializer

from api.openapi import problems
from api.openapi.headers import parameter, refs
from api.openapi.shapes import Schema, ref


@dataclass(frozen=True)
class Answer:
    """A success. `schema` names a component; None where there is no body."""

    description: str
    schema: str | None = None
    example: Any = None
    status: int = 200
    headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operation:
    """`codes` are the problems of this operation alone; what all of its kind can answer is added.

    `path_words` describes each variable of the path; `body` is the request's serializer class.
    """

    id: str
    tag: str
    summary: str
    description: str
    answer: Answer
    codes: problems.Codes = field(default_factory=dict)
    body: type[BaseSerializer[Any]] | None = None
    body_examples: Mapping[str, Any] = field(default_factory=dict)
    parameters: tuple[dict[str, Any], ...] = ()
    path_words: Mapping[str, str] = field(default_factory=dict)
    path_examples: Mapping[str, str] = field(default_factory=dict)
    has_key: bool = True
    is_list: bool = False


def shared_parameters(operation: Operation, method: str) -> list[dict[str, Any]]:
    found = list(operation.parameters)
    if operation.is_list:
        found += [parameter("Limit"), parameter("Cursor")]
    if operation.has_key and method == "POST":
        found += [parameter("IdempotencyKey")]
    if operation.has_key and method == "PATCH":
        found += [parameter("IfMatch")]
    return found


def responses(operation: Operation, method: str) -> dict[str, Any]:
    """The success and every problem."""
    codes = problems.merged(*_kinds(operation, method), operation.codes)
    return {str(operation.answer.status): _success(operation, method), **problems.responses(codes)}


def query(name: str, description: str, schema: Schema, **rest: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema, **rest}


def _kinds(operation: Operation, method: str) -> list[problems.Codes]:
    kinds = [problems.EVERY_CALL]
    if operation.has_key:
        kinds.append(problems.WITH_KEY)
    if operation.body is not None:
        kinds.append(problems.WITH_BODY)
    if operation.has_key and method == "POST":
        kinds.append(problems.WITH_IDEMPOTENCY_KEY)
    if operation.path_words:
        kinds.append(problems.WITH_ID)
    if operation.is_list:
        kinds.append(problems.A_LIST)
    return kinds


def _success(operation: Operation, method: str) -> dict[str, Any]:
    answer = operation.answer
    names = ["X-Request-Id", "RateLimit", "RateLimit-Policy", *answer.headers]
    if operation.has_key and method == "POST":
        names.append("Idempotent-Replayed")
    response: dict[str, Any] = {"description": answer.description, "headers": refs(*names)}
    if answer.schema is not None:
        media: dict[str, Any] = {"schema": ref(answer.schema)}
        if answer.example is not None:
            media["examples"] = {"answer": {"value": answer.example}}
        response["content"] = {"application/json": media}
    return response
