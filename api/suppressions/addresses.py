"""An address as a suppression knows it: its hash, which finds it again, and what may be shown of it."""

import hashlib
import re

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

LONGEST = 254  # as SMTP has it
SHA256 = re.compile(r"[0-9a-f]{64}")
HIDDEN = "…"
_LOWER = str.maketrans({chr(code): chr(code + 32) for code in range(ord("A"), ord("Z") + 1)})


def is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= LONGEST


def address_hash(address: str) -> str:
    """As `erase_recipient` and PostgreSQL compute it: only A to Z are made small."""
    return hashlib.sha256(address.strip().translate(_LOWER).encode()).hexdigest()


def masked_address(address: str) -> str:
    name, _, domain = address.strip().translate(_LOWER).rpartition("@")
    return f"{name[:1]}{HIDDEN}@{domain}"


def searched_hash(term: str) -> str:
    """What somebody looks for is an address, or its hash."""
    term = term.strip()
    return term if SHA256.fullmatch(term) else address_hash(term)
