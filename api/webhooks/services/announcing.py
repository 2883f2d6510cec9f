"""From an event of the timeline to a delivery for each endpoint that wants it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from uuid6 import uuid7

from api.outbox.wakers import wake_after_commit
from api.webhooks.content import write_body
from api.webhooks.services.endpoints import ENDPOINTS_A_MODE
from api.webhooks.states import WebhookType
from giftflick.logs import request_id

# Locked, so that an endpoint cannot be deleted while a delivery to it is being committed.
_ANNOUNCE = """
    WITH wanting AS (
        SELECT id FROM api_webhookendpoint
        WHERE account_id = %(account)s AND livemode = %(livemode)s AND enabled AND %(type)s = ANY(types)
        ORDER BY id LIMIT %(most)s FOR KEY SHARE
    ), made AS (
        INSERT INTO api_webhookdelivery
            (id, endpoint_id, event_id, type, body, status, tries, runs, created_at, next_attempt_at)
        SELECT (%(ids)s::uuid[])[row_number() OVER ()], id, %(event)s, %(type)s, %(body)s,
               'pending', 0, 0, %(now)s, %(now)s
        FROM wanting
        RETURNING id
    )
    INSERT INTO outbox (kind, dedupe_key, ref_id, run_at, state, attempts, last_error, request_id, created_at)
    SELECT 'webhook.deliver', 'webhook.deliver:' || id || ':0', id, %(now)s, 'waiting', 0, '', %(request)s, %(now)s
    FROM made
"""


def announce(
    *,
    event_id: UUID,
    kind: str,
    account_id: UUID,
    livemode: bool,
    gift_id: UUID,
    data: Mapping[str, Any],
    now: datetime,
) -> None:
    """Write a delivery and its job for each enabled endpoint that wants this kind, into the caller's transaction.

    One statement, however many endpoints there are; none for a kind that is no webhook's. `data` goes out as it is: ids
    and states, and what is the shop's own.
    """
    if kind not in WebhookType.values:
        return
    body = write_body(kind, at=now, data={"gift_id": str(gift_id), "livemode": livemode, **data})
    values: dict[str, Any] = {
        "account": account_id,
        "livemode": livemode,
        "type": kind,
        "most": ENDPOINTS_A_MODE,
        "ids": _ids(ENDPOINTS_A_MODE),
        "event": event_id,
        "body": body,
        "request": request_id.get(),
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ANNOUNCE, values)
        is_awaited = cursor.rowcount > 0
    if is_awaited:
        wake_after_commit()


def _ids(number: int) -> list[UUID]:
    """All of one millisecond. `uuid7` gives each one of its own, and a busy process would be ahead of the clock."""
    first = uuid7().int
    return [UUID(int=first + following) for following in range(number)]
