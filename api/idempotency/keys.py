"""Reading an idempotency key, and telling whether two bodies are the same."""

import hashlib
import json
import re
from typing import Any

from api.exceptions import InvalidFieldError

HEADER = "Idempotency-Key"
KEY = re.compile(r"[\x20-\x7e]{1,255}")


def check_key(given: str) -> str:
    if not KEY.fullmatch(given):
        raise InvalidFieldError(HEADER, "invalid", "A key has 1 to 255 printable ASCII characters.")
    return given


def hash_body(data: Any) -> str:
    """Of what the body says: blanks and the order of names do not matter."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
