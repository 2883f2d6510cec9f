"""What schemathesis is told besides the description: real ids for its paths, and rules the description cannot hold."""

import json
import os
import re
from pathlib import Path
from typing import Any
from uuid import UUID
from zlib import crc32

import schemathesis
from schemathesis import CheckContext, HookContext, Response

from api.exceptions import PROBLEM
from api.openapi.document import FILE

Case = schemathesis.Case[Any]

DOCUMENT: dict[str, Any] = json.loads(FILE.read_bytes())
FACTS: dict[str, Any] = json.loads(Path(os.environ["FUZZ_FACTS"]).read_text())
A_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
A_TOKEN = re.compile("[A-Za-z0-9_-]+")
SHORTEST = 40  # of the longest that a gift's texts may be
LEFT_ALONE = 6  # one in so many calls stays as it was made up
TRY_AGAIN = frozenset({"rate_limited", "unavailable", "idempotency_in_progress", "delivery_in_progress"})
OPTIONAL_HEADERS = ("Idempotency-Key", "If-Match")


@schemathesis.hook
def before_call(context: HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    """What is well-formed and means nothing comes to mean something; what is malformed stays so."""
    number = crc32(repr((case.operation.label, case.path_parameters, case.body, case.query)).encode())
    if number % LEFT_ALONE == 0:
        return
    case.path_parameters = _in_earnest(case, number // LEFT_ALONE)
    for name in OPTIONAL_HEADERS:
        case.headers.pop(name, None)
    if isinstance(case.body, dict) and "/v1/gifts" in case.operation.path:
        case.body = {**case.body, **_that_fits(case.body, number)}


def _in_earnest(case: Case, number: int) -> dict[str, Any]:
    """Ids and tokens that are there, kept for this operation."""
    made_up = dict(case.path_parameters or {})
    known = FACTS["places"].get(f"{case.operation.method.upper()} {case.operation.path}", [])
    if not known:
        return made_up
    chosen = known[number % len(known)]
    return {name: chosen[name] if _is_well_formed(name, value) else value for name, value in made_up.items()}


def _is_well_formed(name: str, value: Any) -> bool:
    if name in {"id", "delivery"}:
        return isinstance(value, UUID) or (isinstance(value, str) and bool(A_UUID.fullmatch(value)))
    return isinstance(value, str) and bool(A_TOKEN.fullmatch(value))


def _that_fits(body: dict[str, Any], number: int) -> dict[str, Any]:
    """For a gift's body: a template that is there, its own fields, an hour that comes, media that are ready."""
    fitting = {
        "template": FACTS["template"],
        "fields": {"headline": f"Number {number}"},
        "deliver_at": [None, FACTS["soon"]][number % 2],
        "timezone": "Australia/Sydney",
        "media": FACTS["media"][: number % 3],
    }
    return {name: value for name, value in fitting.items() if name in body and _is_right_kind(body[name], value)}


def _is_right_kind(made_up: Any, fitting: Any) -> bool:
    """Only what the description allows is replaced, so that a case meant to be refused still is."""
    if isinstance(made_up, str):
        return 0 < len(made_up.strip()) <= SHORTEST and made_up.isprintable() and not isinstance(fitting, dict | list)
    if isinstance(made_up, list):
        return isinstance(fitting, list) and len(made_up) <= 20 and all(_is_well_formed("id", one) for one in made_up)
    return (
        isinstance(made_up, dict)
        and isinstance(fitting, dict)
        and all(isinstance(one, str | None) and (one or "x").isprintable() for one in made_up.values())
    )


@schemathesis.check
def keeps_the_rules_of_answers(ctx: CheckContext, response: Response, case: Case) -> bool | None:
    """A problem's code is one that its operation names, and the headers agree with the body."""
    media = (response.headers.get("content-type") or [""])[0]
    if response.status_code >= 400 and media == PROBLEM:
        problem = json.loads(response.content)
        if "idempotent-replayed" not in response.headers:
            assert problem["request_id"] == response.headers["x-request-id"][0]
        assert problem["status"] == response.status_code
        codes = _codes(case, response.status_code)
        assert codes is None or problem["code"] in codes, f"{problem['code']} is not among {codes}"
        if problem["code"] in TRY_AGAIN:
            assert int(response.headers["retry-after"][0]) >= 1
    if response.status_code < 300 and case.operation.path.startswith("/v1/") and _has_key(case):
        assert response.headers["ratelimit"]
    return None


def _codes(case: Case, status: int) -> list[str] | None:
    """None for what is not documented here: another check's business."""
    operation = DOCUMENT["paths"].get(case.operation.path, {}).get(case.method.lower(), {})
    response = operation.get("responses", {}).get(str(status), {})
    if "$ref" in response:
        response = DOCUMENT["components"]["responses"][response["$ref"].rpartition("/")[2]]
    codes: list[str] | None = response.get("x-codes")
    return codes


def _has_key(case: Case) -> bool:
    operation = DOCUMENT["paths"].get(case.operation.path, {}).get(case.method.lower(), {})
    return bool(operation.get("security"))
