"""Reading a body: JSON that means one thing only."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from api.exceptions import InvalidFieldError, TooLargeError

DEEPEST = 20  # objects and lists within each other


class StrictJSONParser(BaseParser):
    """JSON objects only; a repeated name, NaN, a lone surrogate or a NUL anywhere is refused."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,  # noqa: ARG002
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> dict[str, Any]:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise TooLargeError(f"A body has at most {limit} bytes.")
        try:
            body = parse_json_object(raw)
        except ValueError as error:
            raise ParseError(str(error)) from error
        if b"\\u0000" in raw:
            _refuse_nul(body)
        return body


def parse_json_object(raw: bytes) -> dict[str, Any]:
    """Raises ValueError with words fit for the caller."""
    if not raw.strip():
        return {}
    value = parse_json(raw)
    if not isinstance(value, dict):
        raise ValueError("The body must be a JSON object.")  # noqa: TRY004 - the caller sees one kind of error
    return value


def parse_json(raw: bytes) -> Any:
    """Any JSON value; raises ValueError with words fit for the caller."""
    try:
        text = raw.decode("utf-8")
        value = json.loads(
            text,
            object_pairs_hook=_without_repeats,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_short,
        )
        _refuse_depth(value)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeError as error:
        raise ValueError("The body is not valid UTF-8.") from error
    except RecursionError as error:
        raise ValueError("The body is nested too deeply.") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"The body is not valid JSON (line {error.lineno}, column {error.colno}).") from error
    return value


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError("The body names a field twice in one object.")
    return dict(pairs)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("The body has a number that is too large.")
    return number


def _short(text: str) -> int:
    if len(text) > 100:
        raise ValueError("The body has a number that is too large.")
    return int(text)


def _refuse_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _within(outer)]
        if not level:
            return
    if any(isinstance(inner, dict | list) for inner in level):
        raise ValueError("The body is nested too deeply.")


def _within(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _refuse_nul(value: Any, path: str = "") -> None:
    """PostgreSQL has no NUL in its texts."""
    if isinstance(value, str) and "\x00" in value:
        raise InvalidFieldError(path, "control_character", "NUL is not allowed here.")
    if isinstance(value, dict):
        for name, inner in value.items():
            place = f"{path}.{name}".strip(".")
            _refuse_nul(name, place)
            _refuse_nul(inner, place)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            _refuse_nul(inner, f"{path}.{position}".strip("."))
