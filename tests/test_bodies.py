"""What the API takes for a body, and what it answers with: JSON that means one thing, and JSON always."""

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Account
from api.gifts.models import Gift
from tests import build
from tests.conftest import NOW

GIFTS = "/v1/gifts"


def send(api: APIClient, raw: bytes, **headers: str) -> Any:
    return api.post(GIFTS, raw, content_type="application/json", headers=headers)


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"[]", 400, "parse_error"),
        (b"null", 400, "parse_error"),
        (b'"text"', 400, "parse_error"),
        (b"{", 400, "parse_error"),
        (b"\xef\xbb\xbf{}", 400, "parse_error"),
        (b'{"message": "\xff"}', 400, "parse_error"),
        (b'{"message": "\\ud800"}', 400, "parse_error"),
        ('{"message": "ü"}'.encode("utf-16"), 400, "parse_error"),
        (b'{"message": "a", "message": "b"}', 400, "parse_error"),
        (b'{"product": {"name": "a", "name": "a"}}', 400, "parse_error"),
        (b'{"fields": {"a": NaN}}', 400, "parse_error"),
        (b'{"fields": {"a": -Infinity}}', 400, "parse_error"),
        (b'{"fields": {"a": 1e999}}', 400, "parse_error"),
        (b'{"fields": {"a": ' + b"9" * 5000 + b"}}", 400, "parse_error"),
        (b'{"fields": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "parse_error"),
        (b'{"fields": ' + b'{"a":' * 20 + b"{}" + b"}" * 20 + b"}", 400, "parse_error"),
        (b'{"message": "a\x00b"}', 400, "parse_error"),
        (b'{"message": "' + b"x" * (256 * 1024) + b'"}', 413, "too_large"),
    ],
)
def test_a_body_that_is_no_plain_json_object_is_refused(raw: bytes, status: int, code: str, api: APIClient) -> None:
    answer = send(api, raw)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"


def test_a_body_of_256_kb_is_read_and_no_byte_more(api: APIClient) -> None:
    smallest = len(b'{"message": ""}')

    answers = [
        send(api, b'{"message": "' + b"x" * (256 * 1024 - smallest + more) + b'"}').status_code for more in (0, 1)
    ]

    assert answers == [400, 413]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"message": "a\x00"}, "message"),
        ({"sender": {"name": "\x00"}}, "sender.name"),
        ({"fields": {"headline": "\x00"}}, "fields.headline"),
        ({"fields": {"headline": {"deep": ["\x00"]}}}, "fields.headline.deep.0"),
        ({"fields": {"head\x00line": "x"}}, "fields.head\x00line"),
        ({"metadata": {"\x00": "x"}}, "metadata.\x00"),
        ({"media": ["\x00"]}, "media.0"),
        ({"\x00": 1}, "\x00"),
    ],
)
def test_nul_anywhere_is_an_error_of_its_field(body: dict[str, Any], field: str, api: APIClient) -> None:
    answer = send(api, json.dumps(body).encode())

    assert answer.status_code == 400
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, "control_character")]


def test_an_escaped_backslash_before_u0000_is_no_nul(api: APIClient, body: dict[str, Any]) -> None:
    answer = api.post(GIFTS, body | {"message": r"\u0000"})

    assert (answer.status_code, answer.json()["message"]) == (201, r"\u0000")


@pytest.mark.parametrize(
    "accept", ["text/html", "application/xml", "application/json; indent=4", "nonsense", "*/*;q=0", "", "a/b, c/d"]
)
def test_the_answer_is_json_whatever_is_accepted(accept: str, api: APIClient, account: Account) -> None:
    answers = [api.get(path, headers={"Accept": accept}) for path in (GIFTS, f"{GIFTS}/nope", "/v1/account?format=xml")]

    assert [(answer.status_code, answer["Content-Type"]) for answer in answers] == [
        (200, "application/json"),
        (404, "application/problem+json"),
        (200, "application/json"),
    ]
    assert answers[0].content == b'{"next":null,"previous":null,"results":[]}'


@pytest.mark.parametrize("method", ["FOO", "TRACE", "PUT", "CONNECT"])
def test_a_method_nobody_knows_is_a_problem(method: str, api: APIClient) -> None:
    answer = api.generic(method, GIFTS)

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer["Allow"] == "GET, POST, HEAD, OPTIONS"


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ('"1"', 200),
        ("*", 200),
        (' "1" ', 200),
        ('"7", "1"', 200),
        ('"1","2",', 200),
        ('W/"9", "1"', 200),
        ('"2"', 412),
        ('W/"1"', 412),
        ('W/"1", "x", ""', 412),
        ('"abc"', 412),
        ('"1.0"', 412),
        ('"99999999999999999999"', 412),
        ("1", 400),
        ("", 400),
        ('"1', 400),
        ('"1" "2"', 400),
        ('"1", *', 400),
        ('w/"1"', 400),
    ],
)
def test_if_match_reads_as_rfc_9110_has_it(
    given: str, status: int, api: APIClient, account: Account, template: Any
) -> None:
    gift = build.draft(account, NOW)

    answer = api.patch(f"{GIFTS}/{gift.pk}", {"message": "Other words"}, headers={"If-Match": given})

    assert answer.status_code == status
    assert Gift.objects.get().version == (2 if status == 200 else 1)
