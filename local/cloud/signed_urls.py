"""CloudFront's signed URLs, verified as CloudFront does: canned and custom policies, RSA with SHA-1.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-signed-urls.html
"""

import base64
import binascii
import fnmatch
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

OWN = ("Expires", "Policy", "Signature", "Key-Pair-Id")
URL_SAFE = str.maketrans("-_~", "+=/")


class UnsignedError(Exception):
    """CloudFront answers 403, with this code."""


def verify(url: str, *, key_of: Callable[[str], str | None], now: datetime) -> None:
    """Raises UnsignedError unless a key that `key_of` has as PEM, by its id, signed `url` for this time."""
    base, _, query = url.partition("?")
    claims = dict(parse_qsl(query))
    pem = key_of(claims.get("Key-Pair-Id", ""))
    if "Signature" not in claims or pem is None:
        raise UnsignedError("MissingKey")
    others = "&".join(pair for pair in query.split("&") if pair.partition("=")[0] not in OWN)
    resource = f"{base}?{others}" if others else base
    try:
        policy = _decoded(claims["Policy"]) if "Policy" in claims else _canned(resource, int(claims["Expires"]))
        signature = _decoded(claims["Signature"])
        key = load_pem_public_key(pem.encode())
        if not isinstance(key, rsa.RSAPublicKey):
            raise UnsignedError("InvalidKey")
        key.verify(signature, policy, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - CloudFront's
        conditions = json.loads(policy)["Statement"][0]
        is_allowed = _holds(conditions, resource, now)
    except (InvalidSignature, binascii.Error, LookupError, TypeError, ValueError) as error:
        raise UnsignedError("AccessDenied") from error
    if not is_allowed:
        raise UnsignedError("AccessDenied")


def _canned(resource: str, expires: int) -> bytes:
    condition = {"DateLessThan": {"AWS:EpochTime": expires}}
    statement = {"Resource": resource, "Condition": condition}
    return json.dumps({"Statement": [statement]}, separators=(",", ":")).encode()


def _holds(statement: dict[str, Any], resource: str, now: datetime) -> bool:
    """Network addresses are not looked at."""
    condition = statement["Condition"]
    until = condition["DateLessThan"]["AWS:EpochTime"]
    since = condition.get("DateGreaterThan", {}).get("AWS:EpochTime", 0)
    pattern = statement.get("Resource", "*").replace("[", "[[]")
    return bool(since <= now.timestamp() < until and fnmatch.fnmatchcase(resource, pattern))


def _decoded(text: str) -> bytes:
    return base64.b64decode(text.translate(URL_SAFE), validate=True)
