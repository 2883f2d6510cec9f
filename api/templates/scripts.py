"""JSON that people write: where exactly it is broken, in words."""

import json
from typing import Any

WORDS = {
    "Expecting ',' delimiter": "a comma is missing before this",
    "Expecting ':' delimiter": "a colon is missing before this",
    "Expecting property name enclosed in double quotes": "a name in double quotes should stand here; "
    "perhaps there is a comma too many before it",
    "Illegal trailing comma before end of object": "there is a comma too many",
    "Illegal trailing comma before end of array": "there is a comma too many",
    "Expecting value": "a value is missing here; text stands in double quotes",
    "Extra data": "the script has ended before this; a bracket too many, or a comma missing",
    "Invalid control character at": "a text goes over the end of its line; write \\n for a new line",
    "Unterminated string starting at": "the text that begins here has no closing quote",
}
SHOWN = 60


def read_script(text: str) -> Any:
    """Raises ValueError, whose words name line and column, for what is no JSON or cannot be stored."""
    try:
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise ValueError(_where(text, error)) from error
    except RecursionError as error:
        raise ValueError("This has more brackets within brackets than anybody can read.") from error
    except UnicodeEncodeError as error:
        raise ValueError("There is half a character in this: copy the text anew.") from error
    return value


def _where(text: str, error: json.JSONDecodeError) -> str:
    lines = text.splitlines() or [""]
    line = lines[min(error.lineno, len(lines)) - 1].strip()
    shown = f" The line is: {line[:SHOWN]}" if line else ""
    return f"Line {error.lineno}, column {error.colno}: {WORDS.get(error.msg, error.msg)}.{shown}"
