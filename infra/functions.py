"""The stage's Lambda functions: which code they run, and management commands run in them."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.aws import Aws
from infra.aws_errors import code_of
from infra.stages import DeployError

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import FunctionConfigurationResponseTypeDef

ABSENT = "ResourceNotFoundException"
AWS_LINES = ("START ", "END ", "REPORT ", "INIT_START ", "EXTENSION")
TRACEBACK = "Traceback (most recent call last)"
LONGEST_REASON = 300

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Code:
    """What a function runs: the digest that AWS gives of its zip, and its ARN."""

    sha256: str
    arn: str

    @property
    def hex(self) -> str:
        return base64.b64decode(self.sha256).hex()


def running(aws: Aws, function: str) -> Code | None:
    """What the function runs now; None before its first deploy."""
    try:
        found = aws.functions.get_function_configuration(FunctionName=function)
    except ClientError as error:
        if code_of(error) == ABSENT:
            return None
        raise
    return _code(found)


def not_deployed(aws: Aws, function: str) -> DeployError:
    """Raised where a function is wanted that is not there."""
    stage = aws.stage.name
    return DeployError(f"there is no function {function}: make deploy STAGE={stage} makes it")


def wait_until_updated(aws: Aws, function: str) -> None:
    """Return when what was last changed of the function counts: Zappa does not wait for it."""
    aws.functions.get_waiter("function_active_v2").wait(FunctionName=function)
    aws.functions.get_waiter("function_updated_v2").wait(FunctionName=function)


def published(aws: Aws, function: str) -> list[Code]:
    """Its published versions, newest first, as Zappa's rollback counts them."""
    pages = aws.functions.get_paginator("list_versions_by_function").paginate(FunctionName=function)
    numbered = {
        int(version["Version"]): version["CodeSha256"]
        for page in pages
        for version in page["Versions"]
        if version["Version"] != "$LATEST"
    }
    return [Code(numbered[number], function) for number in sorted(numbered, reverse=True)]


def versions_back_to(aws: Aws, function: str, code: Code) -> int | None:
    """How many published versions lie between the newest one and one with that code: what Zappa's rollback is told."""
    versions = published(aws, function)
    return next((back for back, version in enumerate(versions) if back and version.sha256 == code.sha256), None)


def versions_back_before(aws: Aws, function: str, code: Code) -> int | None:
    """The same for the release before that code. What was rolled back from lies after it, and is not returned to."""
    versions = published(aws, function)
    first = max((back for back, version in enumerate(versions) if version.sha256 == code.sha256), default=None)
    return None if first is None or first + 1 == len(versions) else first + 1


def manage(aws: Aws, function: str, line: str, progress: Progress) -> dict[str, Any]:
    """Run a management command in the function, show what it says, and return the JSON object of its last line.

    It is called once, whatever happens. Raises DeployError if it fails, with its last words, or is not there.
    """
    event = json.dumps({"manage": line}).encode()
    try:
        answer = aws.invoker.invoke(FunctionName=function, Payload=event, LogType="Tail")
    except aws.invoker.exceptions.ResourceNotFoundException:
        raise not_deployed(aws, function) from None
    lines = said(base64.b64decode(answer.get("LogResult", "")).decode(errors="replace"))
    for words in lines:
        progress(f"  {words}")
    payload = json.loads(answer["Payload"].read() or b"null")
    if answer.get("FunctionError"):
        reason = payload.get("errorMessage") if isinstance(payload, dict) else None
        words = str(reason or (lines[-1] if lines else "it said nothing"))
        raise DeployError(f"{line.split()[0]} failed in {function}: {words[:LONGEST_REASON]}")
    return _result(payload, lines)


def said(log: str) -> list[str]:
    """The lines of a log without those that AWS itself writes, and without tracebacks: `make logs` has them."""
    lines: list[str] = []
    is_traceback = False
    for line in log.splitlines():
        is_traceback = line.startswith(TRACEBACK) or (is_traceback and line[:1].isspace())
        if line.strip() and not is_traceback and not line.startswith(AWS_LINES):
            lines.append(line)
    return lines


def _result(payload: object, lines: list[str]) -> dict[str, Any]:
    if isinstance(payload, dict):
        return payload
    for line in reversed(lines):
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            return value
    return {}


def _code(found: "FunctionConfigurationResponseTypeDef") -> Code:
    return Code(found["CodeSha256"], found["FunctionArn"])
