"""The API's description: true to the code, valid, served to anybody, and made with nothing that ships."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.openapi.document import FILE, document
from local.environment import inherited_environment
from local.migrations import PROJECT

DOCUMENT: dict[str, Any] = json.loads(FILE.read_bytes())
NOT_SHIPPED = ("drf_spectacular", "jsonschema", "schemathesis", "uritemplate", "yaml")
WITHOUT = f"""
import sys
sys.modules |= dict.fromkeys({NOT_SHIPPED!r})  # as if they were not installed
from django.core.wsgi import get_wsgi_application
get_wsgi_application()
from django.urls import get_resolver
get_resolver().url_patterns
from giftflick.site import endpoints
print(len(endpoints()))
"""


def python(*arguments: str) -> str:
    command = [sys.executable, "-m", "local.environment", "--", sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=PROJECT, env=inherited_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for section in ("paths", "webhooks"):
        for path, methods in DOCUMENT[section].items():
            for method, operation in methods.items():
                yield f"{method.upper()} {path}", operation


def examples() -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Where each one stands, its schema, its value."""
    places = dict(operations()) | DOCUMENT["components"]["responses"]
    for place, described in places.items():
        bodies = [described, described.get("requestBody", {}), *described.get("responses", {}).values()]
        for media in [media for body in bodies for media in body.get("content", {}).values()]:
            for name, example in media.get("examples", {}).items():
                yield f"{place}: {name}", media["schema"], example["value"]


def test_the_file_is_what_the_code_says() -> None:
    generated = python("-m", "api.openapi.generate", "--print")

    assert FILE.read_text() == generated, "make openapi writes it anew"


def test_the_product_runs_without_what_makes_the_description() -> None:
    assert int(python("-c", WITHOUT)) == sum(len(path) for path in DOCUMENT["paths"].values()) + 1


def test_the_description_is_valid_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []


def test_every_example_fits_its_schema() -> None:
    wrong = {
        place: [error.message for error in errors]
        for place, schema, value in examples()
        if (errors := list(Draft202012Validator({**DOCUMENT, **schema}).iter_errors(value)))
    }

    assert wrong == {}


def test_every_operation_has_a_name_of_its_own_words_and_examples() -> None:
    described = dict(operations())
    names = [operation["operationId"] for operation in described.values()]

    assert len(set(names)) == len(names)
    assert [place for place, operation in described.items() if not operation["summary"] or not operation["tags"]] == []
    without_example = [
        place
        for place, operation in described.items()
        for body in [operation.get("requestBody", {}), *operation["responses"].values()]
        for media in body.get("content", {}).values()
        if "examples" not in media
    ]
    assert without_example == ["GET /v1/openapi.json"]


@pytest.mark.parametrize(("place", "operation"), list(operations()))
def test_every_object_of_an_answer_says_all_it_has(place: str, operation: dict[str, Any]) -> None:
    for status, response in operation["responses"].items():
        for media in response.get("content", {}).values():
            schema = media["schema"]
            if "$ref" in schema:
                named = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
                assert named["additionalProperties"] is False, (place, status)


def test_anybody_may_read_it_and_keep_it(client: Client) -> None:
    answer = client.get("/v1/openapi.json", headers={"Origin": "https://anywhere.example"})

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.content == FILE.read_bytes()
    assert answer["Access-Control-Allow-Origin"] in {"*", "https://anywhere.example"}
    assert answer["Cache-Control"] == "public, max-age=300"
    again = client.get("/v1/openapi.json", headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", answer["ETag"])


def test_it_is_read_once_in_a_process() -> None:
    assert document() is document()


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_it_is_only_ever_asked_for(method: str) -> None:
    answer = getattr(Client(enforce_csrf_checks=True), method)("/v1/openapi.json")

    assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")
    assert (answer.json()["code"], answer["Allow"]) == ("method_not_allowed", "GET, HEAD")
