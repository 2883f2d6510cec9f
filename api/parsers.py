"""Reading a body: JSON that means one thing only."""

import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from api.exceptions import TooLargeError


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
            return parse_json_object(raw)
        except ValueError as error:
            raise ParseError(str(error)) from error


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
        value = json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_refuse_constant)
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
