"""Signed calls to AWS without its SDK, for what is called while a process starts or a request waits.

CPU, cold: making a boto3 client 130 ms, importing botocore's signer 42, this 1. The SDK is what everything else uses.
A call of ours also carries no trace header, by which AWS would take a worker that wakes the next for a runaway loop.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from giftflick import env

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ssl import SSLContext

ALGORITHM = "AWS4-HMAC-SHA256"


class AwsAwayError(Exception):
    """AWS did not answer; the message names the kind of failure only."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


@dataclass(frozen=True)
class Credentials:
    access_key: str
    secret: str
    token: str


def post(service: str, path: str, body: bytes, *, headers: "Mapping[str, str]", timeout: float) -> Answer:
    """One call, never repeated; `timeout` in seconds goes for connecting and for each read. Raises AwsAwayError.

    Region, credentials and AWS_ENDPOINT_URL come from the variables that Lambda, or whoever stands in for it, sets.
    """
    region = env.text("AWS_DEFAULT_REGION", "")
    endpoint = urlsplit(env.text("AWS_ENDPOINT_URL", f"https://{service}.{region}.amazonaws.com"))
    credentials = Credentials(
        env.text("AWS_ACCESS_KEY_ID", ""), env.text("AWS_SECRET_ACCESS_KEY", ""), env.text("AWS_SESSION_TOKEN", "")
    )
    named = {**headers, "host": endpoint.netloc}
    signed = sign(path, body, named, credentials, scope=(region, service), at=datetime.now(UTC))
    return send(_connection(endpoint.scheme, endpoint.netloc, timeout), "POST", path, body, signed)


def send(connection: HTTPConnection, method: str, path: str, body: bytes, headers: "Mapping[str, str]") -> Answer:
    """Over a connection of its own, which is closed afterwards. Raises AwsAwayError."""
    try:
        connection.request(method, path, body or None, dict(headers))
        response = connection.getresponse()
        return Answer(response.status, response.read())
    except (OSError, HTTPException) as error:
        raise AwsAwayError(type(error).__name__) from None
    finally:
        connection.close()


def sign(
    path: str,
    body: bytes,
    headers: "Mapping[str, str]",
    credentials: Credentials,
    *,
    scope: tuple[str, str],
    at: datetime,
) -> dict[str, str]:
    """The headers, which must name the host, with Signature Version 4 of a POST without a query; `scope` is region
    and service."""
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    named = {name.lower(): value for name, value in headers.items()} | {"x-amz-date": stamp}
    if credentials.token:
        named["x-amz-security-token"] = credentials.token
    names = ";".join(sorted(named))
    fields = "".join(f"{name}:{named[name].strip()}\n" for name in sorted(named))
    digest = hashlib.sha256(body).hexdigest()
    canonical = "\n".join(["POST", quote(path, safe="/-_.~"), "", fields, names, digest])
    parts = (stamp[:8], *scope, "aws4_request")
    to_sign = "\n".join([ALGORITHM, stamp, "/".join(parts), hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{credentials.secret}".encode()
    for part in parts:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    claim = f"Credential={credentials.access_key}/{'/'.join(parts)}, SignedHeaders={names}, Signature={signature}"
    return {**named, "authorization": f"{ALGORITHM} {claim}"}


def _connection(scheme: str, host: str, timeout: float) -> HTTPConnection:
    if scheme == "http":
        return HTTPConnection(host, timeout=timeout)
    return HTTPSConnection(host, timeout=timeout, context=_tls())


@cache
def _tls() -> "SSLContext":
    """One a process: reading the certificates takes 17 ms."""
    from ssl import create_default_context

    return create_default_context()
