"""One answer to a POST however often it is sent: claim a key, keep the answer, give the key back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import connection
from django.db.models import Q

from api.exceptions import IdempotencyInProgressError, IdempotencyMismatchError
from api.idempotency.models import IdempotentCall

REMEMBERED = timedelta(hours=24)
LOCKED = timedelta(seconds=55)  # longer than a call may take at the gateway (30 s); a killed call's key is free then
ASK_AGAIN = timedelta(seconds=1)

# Taken over are a call too old to be remembered, and one whose process never came back, if it is the same call. A lock
# that ends later than a lock lasts was taken by another clock (`manage.py tick --now`): it does not hold.
_CLAIM = """
    INSERT INTO api_idempotentcall AS c
        (account_id, livemode, path, key, body_hash, token, locked_until, status, body, object_id, created_at)
    VALUES (%(account_id)s, %(livemode)s, %(path)s, %(key)s, %(body_hash)s, %(token)s, %(locked_until)s,
            NULL, '', NULL, %(now)s)
    ON CONFLICT (account_id, livemode, path, key) DO UPDATE SET
        body_hash = EXCLUDED.body_hash, token = EXCLUDED.token, locked_until = EXCLUDED.locked_until,
        status = NULL, body = '', object_id = NULL, created_at = EXCLUDED.created_at
    WHERE c.created_at <= %(forgotten)s
       OR (c.status IS NULL AND c.body_hash = EXCLUDED.body_hash
           AND (c.locked_until <= %(now)s OR c.locked_until > EXCLUDED.locked_until + %(locked)s))
    RETURNING id
"""


@dataclass(frozen=True)
class Call:
    """What makes two POSTs the same: whose, where to, under which key. `body_hash` then has to be the same too."""

    account_id: UUID
    livemode: bool
    path: str
    key: str
    body_hash: str


@dataclass(frozen=True)
class Claim:
    """The right to answer a call; `token` fences off whoever held it before."""

    id: int
    token: UUID


@dataclass(frozen=True)
class StoredAnswer:
    """`object_id` instead of a body where the answer is made afresh."""

    status: int
    body: str
    object_id: UUID | None


def claim(call: Call, *, now: datetime) -> Claim | StoredAnswer:
    """One statement of its own, to be run outside any transaction.

    Raises IdempotencyMismatchError if the key came with another body, IdempotencyInProgressError while it is answered.
    """
    token = uuid4()
    values: dict[str, Any] = {
        "account_id": call.account_id,
        "livemode": call.livemode,
        "path": call.path,
        "key": call.key,
        "body_hash": call.body_hash,
        "token": token,
        "now": now,
        "locked_until": now + LOCKED,
        "locked": LOCKED,
        "forgotten": now - REMEMBERED,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, values)
        claimed = cursor.fetchone()
    return Claim(claimed[0], token) if claimed else _find(call)


def remember(claimed: Claim, *, status: int, body: str = "", object_id: UUID | None = None) -> bool:
    """Keep the answer; False if the key had gone to another process."""
    kept = IdempotentCall.objects.filter(pk=claimed.id, token=claimed.token, status=None).update(
        status=status, body=body, object_id=object_id
    )
    return kept == 1


def release(claimed: Claim) -> None:
    """Give the key back unanswered."""
    IdempotentCall.objects.filter(pk=claimed.id, token=claimed.token, status=None).delete()


def forget_answers(account_id: UUID, path: str, object_id: UUID) -> None:
    """Of what was answered about an object under `path`, keep its id alone: a call that is repeated is answered afresh.

    The viewset needs a `replay`. All the account's calls of the last day to `path` are read.
    """
    made = Q(path=path, body__contains=f'"id":"{object_id}"')
    done = Q(path__startswith=f"{path}/{object_id}/")
    answered = IdempotentCall.objects.filter(made | done, account_id=account_id, status__lt=300)
    answered.update(body="", object_id=object_id)


def purge_calls(*, now: datetime) -> int:
    """Forget what was answered a day ago."""
    removed, _ = IdempotentCall.objects.filter(created_at__lte=now - REMEMBERED).delete()
    return removed


def _find(call: Call) -> StoredAnswer:
    stored = IdempotentCall.objects.filter(
        account_id=call.account_id, livemode=call.livemode, path=call.path, key=call.key
    ).first()
    if stored is not None and stored.body_hash != call.body_hash:
        raise IdempotencyMismatchError("This Idempotency-Key was sent with another body before.")
    if stored is None or stored.status is None:  # None: given back a moment ago
        raise IdempotencyInProgressError("A call with this Idempotency-Key is being answered.", retry_after=ASK_AGAIN)
    return StoredAnswer(stored.status, stored.body, stored.object_id)
