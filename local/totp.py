"""What an authenticator app shows (RFC 6238): six digits, another six each half minute."""

import base64
import hashlib
import hmac
import struct

STEP_S = 30


def code_at(secret: str, at: float) -> str:
    """The code of a secret in base32 at a Unix time."""
    key = base64.b32decode(secret.replace(" ", "").upper())
    digest = hmac.new(key, struct.pack(">Q", int(at) // STEP_S), hashlib.sha1).digest()
    offset = digest[-1] & 0xF
    return f"{(struct.unpack('>I', digest[offset : offset + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"
