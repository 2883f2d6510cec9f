"""The key table: what `accounts.authorizer` reads of a key, projected from the key's record.

An item holds everything, and is only ever narrowed: no write here clears a revocation, puts off an expiry, or lifts a
suspension that is newer than the account's last resumption. Each write is one conditional call and may be repeated.
Nothing here may be called inside a transaction. Whatever goes wrong is a BackendError.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from accounts.authorizer import (
    NEVER,
    Item,
    KeyStoreAwayError,
    as_number,
    as_time,
    client,
    reaching_dynamodb,
    read,
    table,
)
from accounts.models import ApiKey
from api.exceptions import BackendError
from giftflick.vendor_calls import aws_call

NARROWING = ("revoked_at", "expires_at", "suspended_at")
KEPT_AFTER_THE_END = timedelta(days=30)
PAGE = 200  # items read at once
NOBODY = "------------"  # not in the alphabet of key ids

IS_NONE = "attribute_not_exists(#field) OR attribute_type(#field, :none)"
NONE = {":none": {"S": "NULL"}}
IS_TIME = "attribute_type(#field, :number)"
TIME = {":number": {"S": "N"}}


def item_of(key: ApiKey) -> dict[str, Any]:
    """What the record and its account say.

    `ttl` comes from the record alone: an item that only the table knows to be revoked must not vanish, or the record
    would be projected anew as if nothing had been.
    """
    account = key.account
    ends = [at for at in (key.revoked_at, key.expires_at) if at is not None]
    return {
        "id": {"S": key.pk},
        "digest": {"S": key.digest},
        "account_id": {"S": str(account.pk)},
        "account_name": {"S": account.name},
        "livemode": {"BOOL": key.livemode},
        "name": {"S": key.name},
        "scopes": {"S": " ".join(key.scopes)},
        "requests_per_minute": {"N": str(account.requests_per_minute)},
        "mails_per_day": {"N": str(account.mails_per_day)},
        "origins": {"S": " ".join(account.origins)},
        "ttl": {"N": str(int((min(ends) + KEPT_AFTER_THE_END).timestamp()))} if ends else NEVER,
        "revoked_at": _attribute(key.revoked_at),
        "expires_at": _attribute(key.expires_at),
        "suspended_at": _attribute(account.suspended_at),
    }


def described_by(key: ApiKey) -> dict[str, Any]:
    """The attributes of which the record alone decides."""
    return {name: value for name, value in item_of(key).items() if name not in ("id", *NARROWING)}


def create(key: ApiKey, **narrowed: datetime) -> bool:
    """False if there is an item already, which is left as it is."""
    item = item_of(key) | {name: _attribute(at) for name, at in narrowed.items()}
    with _conditionally("put_item") as outcome:
        client().put_item(TableName=table(), Item=item, ConditionExpression="attribute_not_exists(id)")
    return outcome.is_done


def describe(key: ApiKey) -> None:
    """Write what the record says, but for what narrows the key."""
    described = described_by(key)
    while True:
        with _conditionally("update_item") as outcome:
            client().update_item(
                TableName=table(),
                Key={"id": {"S": key.pk}},
                UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in described),
                ConditionExpression="attribute_exists(id)",
                ExpressionAttributeNames={f"#{name}": name for name in described},
                ExpressionAttributeValues={f":{name}": value for name, value in described.items()},
            )
        if outcome.is_done or create(key):
            return


def revoke(key: ApiKey, *, at: datetime) -> None:
    """The first time counts."""
    _narrow(key, "revoked_at", at, IS_NONE, NONE)


def expire(key: ApiKey, *, at: datetime) -> None:
    """Unless the key expires earlier already."""
    _narrow(key, "expires_at", at, f"{IS_NONE} OR ({IS_TIME} AND #field > :value)", NONE | TIME)


def suspend(key: ApiKey, *, at: datetime) -> None:
    """The last time counts: a resumption from before must not lift it."""
    _narrow(key, "suspended_at", at, f"{IS_NONE} OR ({IS_TIME} AND #field < :value)", NONE | TIME)


def resume(key: ApiKey, *, at: datetime) -> None:
    """Lift a suspension from before `at`, or one whose time cannot be read."""
    _set(key.pk, "suspended_at", NEVER, f"NOT {IS_TIME} OR #field <= :at", {**TIME, ":at": _attribute(at)})


def mend(key: ApiKey, field: str, found: Mapping[str, Any] | None) -> None:
    """Put the record's value where `found`, or nothing, was, unless somebody has written there since."""
    condition, values = (
        ("attribute_not_exists(#field)", {}) if found is None else ("#field = :found", {":found": found})
    )
    _set(key.pk, field, item_of(key)[field], condition, values)


def bury(key_id: str, *, at: datetime) -> None:
    """Revoke an item that no record belongs to."""
    _set(key_id, "revoked_at", _attribute(at), IS_NONE, NONE)
    vanishes_at = {"N": str(int((at + KEPT_AFTER_THE_END).timestamp()))}
    _set(key_id, "ttl", vanishes_at, IS_NONE, NONE)


def pages() -> Iterator[list[Item]]:
    """Everything in the table."""
    start: dict[str, Any] = {}
    while True:
        with _translated("scan"):
            page = client().scan(TableName=table(), ConsistentRead=True, Limit=PAGE, **start)
        yield list(page["Items"])
        if "LastEvaluatedKey" not in page:
            return
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def check() -> None:
    """Raises BackendError unless the table can be read."""
    with _translated("get_item"):
        read(NOBODY)


def is_broken(value: Mapping[str, Any] | None) -> bool:
    """Whether it is neither a time nor `NEVER`."""
    if value is None or value == NEVER:
        return value is None
    try:
        as_time(value["N"])
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return True
    return False


class _Outcome:
    """Whether a conditional write was made; else what stood in its way, None if that is nothing."""

    is_done = True
    obstacle: Item | None = None


def _narrow(key: ApiKey, field: str, at: datetime, condition: str, values: Mapping[str, Any]) -> None:
    while True:
        outcome = _set(key.pk, field, _attribute(at), condition, values)
        if outcome.is_done or outcome.obstacle is not None or create(key, **{field: at}):
            return


def _set(key_id: str, field: str, value: Mapping[str, Any], condition: str, values: Mapping[str, Any]) -> _Outcome:
    """Set one attribute of an item that is there."""
    with _conditionally("update_item") as outcome:
        client().update_item(
            TableName=table(),
            Key={"id": {"S": key_id}},
            UpdateExpression="SET #field = :value",
            ConditionExpression=f"attribute_exists(id) AND ({condition})",
            ExpressionAttributeNames={"#field": field},
            ExpressionAttributeValues={**values, ":value": value},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    return outcome


def _attribute(at: datetime | None) -> dict[str, Any]:
    return NEVER if at is None else {"N": as_number(at)}


@contextmanager
def _conditionally(call: str) -> Iterator[_Outcome]:
    from botocore.exceptions import ClientError

    outcome = _Outcome()
    try:
        with _translated(call):
            yield outcome
    except ClientError as refused:
        outcome.is_done = False
        outcome.obstacle = refused.response.get("Item")  # type: ignore[assignment]


@contextmanager
def _translated(call: str) -> Iterator[None]:
    try:
        with reaching_dynamodb(), aws_call("dynamodb", call):
            yield
    except KeyStoreAwayError as error:
        raise BackendError("key_store_unavailable", f"The key table is away: {error}.", retryable=True) from error
