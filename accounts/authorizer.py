"""Verifies an API key against DynamoDB: API Gateway's Lambda authorizer, and the same for Django without a gateway.

Standard library, `accounts.keys` and, once a key is well-formed, the runtime's botocore: no Django. It reads KEY_TABLE
and AWS's own variables. Whatever it cannot read or understand is an error, never a caller.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from accounts import keys

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Context = dict[str, str | int | bool]
Item = Mapping[str, Any]  # attributes as DynamoDB spells them: {"id": {"S": "…"}, "expires_at": {"NULL": True}, …}
Reason = Literal["malformed", "unknown", "revoked", "expired", "suspended"]

NEVER = {"NULL": True}  # written out: an item that lacks `expires_at` is broken, not eternal
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class KeyStoreAwayError(Exception):
    """DynamoDB did not answer, or with an item that makes no sense; the message holds no secret."""


@dataclass(frozen=True)
class Verified:
    """What API Gateway hands on, and `accounts.authentication` makes a caller of."""

    context: Context


@dataclass(frozen=True)
class Refused:
    reason: Reason


Verdict = Verified | Refused


def verify(presented: str, *, now: datetime) -> Verdict:
    """A malformed or mistyped key costs no read, any other exactly one. Raises KeyStoreAwayError."""
    key = keys.parse(presented)
    if key is None:
        return Refused("malformed")
    item = read(key.id)
    if item is None:
        return Refused("unknown")
    try:
        return _judge(item, key, now=now)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise KeyStoreAwayError(f"the item of the key {key.id} is broken") from error


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Answer API Gateway (payload 2.0, simple response). A crash is a 500 there, and cached by nobody."""
    presented = event["headers"]["x-api-key"]
    verdict = verify(presented, now=datetime.now(UTC))
    if isinstance(verdict, Verified):
        return {"isAuthorized": True, "context": verdict.context}
    key = keys.parse(presented)
    sys.stdout.write(json.dumps({"message": "refused", "reason": verdict.reason, "key": key and key.id}) + "\n")
    return {"isAuthorized": False, "context": {}}


def read(key_id: str) -> Item | None:
    """The key's item as the last write left it."""
    with reaching_dynamodb():
        answer = client().get_item(TableName=table(), Key={"id": {"S": key_id}}, ConsistentRead=True)
    return answer.get("Item")


@contextmanager
def reaching_dynamodb() -> Iterator[None]:
    """Turn what botocore raises into KeyStoreAwayError, but for a condition that did not hold."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        if code == "ConditionalCheckFailedException":
            raise
        raise KeyStoreAwayError(f"DynamoDB answered {code}") from error
    except (BotoCoreError, ResponseParserError) as error:
        raise KeyStoreAwayError(f"DynamoDB did not answer ({type(error).__name__})") from error


@cache
def client() -> "DynamoDBClient":
    """One for each process; whoever points AWS elsewhere afterwards calls `client.cache_clear()`."""
    import botocore.session
    from botocore.config import Config

    config = Config(
        connect_timeout=1,
        read_timeout=2,
        retries={"mode": "standard", "total_max_attempts": 2},
        max_pool_connections=20,
        tcp_keepalive=True,
    )
    return botocore.session.get_session().create_client("dynamodb", config=config)  # type: ignore[return-value]


def table() -> str:
    return os.environ["KEY_TABLE"]


def as_number(at: datetime) -> str:
    """Seconds since 1970, exact to the microsecond, spelled as DynamoDB gives it back."""
    return f"{Decimal((at - EPOCH) // timedelta(microseconds=1)).scaleb(-6).normalize():f}"


def as_time(number: str) -> datetime:
    return EPOCH + timedelta(microseconds=int(Decimal(number).scaleb(6)))


def _judge(item: Item, key: keys.PresentedKey, *, now: datetime) -> Verdict:
    """The digest first: who does not have the key learns nothing about it."""
    if not keys.is_same_digest(item["digest"]["S"], key.digest):
        return Refused("unknown")
    if item["revoked_at"] != NEVER:
        return Refused("revoked")
    if item["expires_at"] != NEVER and as_time(item["expires_at"]["N"]) <= now:
        return Refused("expired")
    if item["suspended_at"] != NEVER:
        return Refused("suspended")
    if item["livemode"]["BOOL"] is not key.livemode:
        raise ValueError("the mode is not the key's")
    return Verified(
        {
            "account_id": str(UUID(item["account_id"]["S"])),
            "account_name": item["account_name"]["S"],
            "livemode": key.livemode,
            "key_id": key.id,
            "key_name": item["name"]["S"],
            "scopes": item["scopes"]["S"],
            "requests_per_minute": int(item["requests_per_minute"]["N"]),
            "mails_per_day": int(item["mails_per_day"]["N"]),
            "origins": item["origins"]["S"],
        }
    )
