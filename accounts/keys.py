"""The API key's format: `gf_{live|test}_{id}_{secret}{check}`.

Standard library only: what verifies a key must run where Django is not.
"""

import hashlib
import hmac
import secrets
import string
import zlib
from dataclasses import dataclass

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
ID_LENGTH = 12
SECRET_LENGTH = 32  # 32 characters of 62 are 190 bits
CHECK_LENGTH = 6  # 62 ** 6 > 2 ** 32
MODES = {"live": True, "test": False}


@dataclass(frozen=True)
class PresentedKey:
    """A well-formed key somebody presented; whether it is one of ours is still open."""

    id: str
    livemode: bool
    digest: str


def generate(*, livemode: bool) -> str:
    body = f"gf_{'live' if livemode else 'test'}_{_random(ID_LENGTH)}_{_random(SECRET_LENGTH)}"
    return body + _check(body)


def parse(text: str) -> PresentedKey | None:
    """None for anything malformed or mistyped, found without a look-up."""
    parts = text.split("_")
    if len(parts) != 4 or parts[0] != "gf" or parts[1] not in MODES:
        return None
    _, mode, key_id, tail = parts
    if len(key_id) != ID_LENGTH or len(tail) != SECRET_LENGTH + CHECK_LENGTH:
        return None
    if not (set(key_id) | set(tail)) <= set(ALPHABET):
        return None
    if not hmac.compare_digest(_check(text[:-CHECK_LENGTH]), text[-CHECK_LENGTH:]):
        return None
    return PresentedKey(id=key_id, livemode=MODES[mode], digest=digest(text))


def digest(key: str) -> str:
    """SHA-256 in hex: 190 random bits need neither salt nor pepper."""
    return hashlib.sha256(key.encode()).hexdigest()


def is_same_digest(one: str, other: str) -> bool:
    return hmac.compare_digest(one, other)


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _check(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECK_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits
