"""What an entry must not hold, whoever writes it: keys, tokens, digests, secrets, signed addresses, passwords.

Services leave them out. This is for what nobody thought of: an address in a product that is signed, a key that a
founder pastes into a reason.
"""

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "(secret)"
LONGEST = 1000  # characters of a value; a gift's message has as many
MOST = 60  # fields of one change

_SECRET_NAME = re.compile(
    r"(?:^|[._])(?:password|passphrase|secrets?|former_secrets|digest|token|lease_token|api_key_text|private_key|otp"
    r"|recovery_codes?|authorization|multipart_id)(?:$|[._])"
)
_SIGNED_BY = "signature|credential|x-amz-[a-z-]+|key-pair-id|policy|sig|token"
_SECRET_VALUES = [
    (re.compile(r"\bgf_(live|test)_([0-9A-Za-z]{12})_[0-9A-Za-z]{8,}"), rf"gf_\1_\2_{HIDDEN}"),
    (re.compile(r"\bwhsec_[0-9A-Za-z+/=_-]{8,}"), f"whsec_{HIDDEN}"),
    (re.compile(r"\bSG\.[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]{8,}"), HIDDEN),
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), HIDDEN),
    (re.compile(r"\b(?:pbkdf2_\w+|argon2\w*|bcrypt\w*|scrypt)\$\S+"), HIDDEN),
    # A signed address is good without its signature only to say what it was of.
    (
        re.compile(rf"(https?://[^\s?#\"'<>]+)\?[^\s\"'<>]*\b(?:{_SIGNED_BY})=[^\s\"'<>]*", re.IGNORECASE),
        r"\1?(signed)",
    ),
    (re.compile(r"(/(?:g|c|hooks/renderer|public/gifts)/)[0-9A-Za-z_-]{20,}"), rf"\1{HIDDEN}"),
]  # fmt: skip


def is_secret(name: str) -> bool:
    return _SECRET_NAME.search(name.lower()) is not None


def without_secrets(value: Any) -> Any:
    """The value with what looks like a secret taken out, and too long a text cut off."""
    match value:
        case str():
            value = value[: 4 * LONGEST].replace("\x00", "")
            for pattern, instead in _SECRET_VALUES:
                value = pattern.sub(instead, value)
            return value if len(value) <= LONGEST else value[: LONGEST - 1] + "…"
        case Mapping():
            return {
                str(name): HIDDEN if is_secret(str(name)) else without_secrets(inner) for name, inner in value.items()
            }
        case list() | tuple():
            return [without_secrets(inner) for inner in value]
    return value
