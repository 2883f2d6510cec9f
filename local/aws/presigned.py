"""Presigned S3 URLs: verified as S3 does it, then handed on as header-signed calls.

moto accepts any presigned URL, and none at all while it enforces IAM policies. So the signature is checked here, and
the same access key then signs the call by header, which moto understands.
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

ALGORITHM = "AWS4-HMAC-SHA256"
LONGEST_S = 7 * 24 * 3600
CLOCK_SKEW = timedelta(minutes=15)
UNSIGNED_PAYLOAD = Config(s3={"payload_signing_enabled": False})


class RefusedError(Exception):
    """A call that S3 would refuse, with the status and the code of S3's answer."""

    def __init__(self, code: str, message: str, status: str = "403 Forbidden") -> None:
        super().__init__(message)
        self.code = code
        self.status = status


@dataclass(frozen=True)
class Call:
    """An HTTP call as it came: path and query still quoted, header names in lower case."""

    method: str
    host: str
    path: str
    query: str
    headers: Mapping[str, str]

    @property
    def is_presigned(self) -> bool:
        return any(name == "X-Amz-Signature" for name, _ in _pairs(self.query))


@dataclass(frozen=True)
class _Claim:
    """What a presigned URL says about itself."""

    access_key: str
    region: str
    timestamp: str
    expires_s: int
    signed_headers: frozenset[str]
    signature: str


def verify(call: Call, secret_of: Callable[[str], str | None], now: datetime) -> tuple[Credentials, str]:
    """Return credentials and region `call` is signed with; RefusedError if it is forged, expired or not as signed."""
    claim = _claim(call)
    signed_at = datetime.strptime(claim.timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if now < signed_at - CLOCK_SKEW:
        raise RefusedError("AccessDenied", "Request is not yet valid")
    if now > signed_at + timedelta(seconds=claim.expires_s):
        raise RefusedError("AccessDenied", "Request has expired")
    unsigned = {name for name in call.headers if name.startswith("x-amz-")} - claim.signed_headers
    if unsigned or "host" not in claim.signed_headers:
        raise RefusedError("AccessDenied", "There were headers present in the request which were not signed")
    secret = secret_of(claim.access_key)
    if secret is None:
        raise RefusedError("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
    credentials = Credentials(claim.access_key, secret)
    if not hmac.compare_digest(_signature(call, claim, credentials), claim.signature.encode()):
        raise RefusedError("SignatureDoesNotMatch", "The request signature we calculated does not match the signature")
    return credentials, claim.region


def signed_by_header(call: Call, credentials: Credentials, region: str) -> tuple[str, dict[str, str]]:
    """Return the query without its signature, and the headers that sign the rest of `call` instead."""
    query = "&".join(pair for pair in call.query.split("&") if not pair.startswith("X-Amz-"))
    request = AWSRequest(call.method, f"http://{call.host}{call.path}?{query}")
    request.context["client_config"] = UNSIGNED_PAYLOAD
    S3SigV4Auth(credentials, "s3", region).add_auth(request)
    return query, dict(request.headers.items())


def _claim(call: Call) -> _Claim:
    values: dict[str, str] = {}
    for name, value in _pairs(call.query):
        if name.startswith("X-Amz-") and name in values:
            raise _malformed(f"{name} is given twice")
        values[name] = value
    try:
        access_key, day, region, service, terminal = values["X-Amz-Credential"].split("/")
        timestamp, expires_s = values["X-Amz-Date"], int(values["X-Amz-Expires"])
        datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        signed_headers, signature = frozenset(values["X-Amz-SignedHeaders"].split(";")), values["X-Amz-Signature"]
    except (KeyError, ValueError) as error:
        raise _malformed("a parameter is missing or malformed") from error
    if values.get("X-Amz-Algorithm") != ALGORITHM or (service, terminal) != ("s3", "aws4_request"):
        raise _malformed("X-Amz-Algorithm or X-Amz-Credential is malformed")
    if not 0 < expires_s <= LONGEST_S or day != timestamp[:8]:
        raise _malformed("X-Amz-Expires or X-Amz-Date is malformed")
    return _Claim(access_key, region, timestamp, expires_s, signed_headers, signature)


def _signature(call: Call, claim: _Claim, credentials: Credentials) -> bytes:
    query = "&".join(pair for pair in call.query.split("&") if not pair.startswith("X-Amz-Signature="))
    headers = {name: value for name, value in call.headers.items() if name in claim.signed_headers}
    request = AWSRequest(call.method, f"http://{call.host}{call.path}?{query}", headers=headers)
    request.context["timestamp"] = claim.timestamp
    signer = S3SigV4QueryAuth(credentials, "s3", claim.region)
    signature: str = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    return signature.encode()


def _pairs(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True)


def _malformed(what: str) -> RefusedError:
    return RefusedError("AuthorizationQueryParametersError", what, "400 Bad Request")
