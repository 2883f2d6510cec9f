"""The webhooks' job, and what time does to deliveries."""

from datetime import UTC, datetime
from uuid import UUID

from api.outbox.registry import Postpone, handles
from api.webhooks import services
from api.webhooks.sending import post
from api.webhooks.services.delivering import JOB
from api.webhooks.signing import signed_headers

FIXED_HEADERS = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Giftflick-Webhooks/1"}


@handles(JOB)
def deliver(ref_id: UUID, *, now: datetime) -> None:
    """Intent, call, outcome. The retries' times are the contract's, so they are not left to the job table.

    The timestamp is this computer's clock, whatever `now` is: receivers compare it with theirs.
    """
    call = services.begin_attempt(ref_id, now=now)
    if call is None:
        return
    signed = signed_headers(call.event_id, call.body, signing_secrets=call.signing_secrets, at=datetime.now(tz=UTC))
    outcome = post(call.url, headers={**FIXED_HEADERS, **signed}, body=call.body.encode())
    next_attempt_at = services.record_outcome(call, outcome, now=now)
    if next_attempt_at is not None:
        raise Postpone(next_attempt_at)
