"""What may be done to many dead jobs at once."""

from datetime import datetime

from api.batches.models import BatchItem
from api.batches.registry import batch_kind
from api.exceptions import InvalidStateError
from api.outbox.services import forget_dead, revive

TRY_AGAIN, FORGET = "jobs.try_again", "jobs.forget"
LOOK, PERMISSION = "api.view_job", "api.operate_job"
LEFT_ALONE = "This job is not dead, or no longer there: it was left alone."


@batch_kind(TRY_AGAIN, look=LOOK, permission=PERMISSION, row_page="admin:api_job_change")
def try_again(item: BatchItem, *, actor: str, now: datetime) -> str:  # noqa: ARG001
    if not revive([int(item.ref_id)], now=now):
        raise InvalidStateError(LEFT_ALONE)
    return "It is tried again."


@batch_kind(FORGET, look=LOOK, permission=PERMISSION)
def forget(item: BatchItem, *, actor: str, now: datetime) -> str:  # noqa: ARG001
    if not forget_dead([int(item.ref_id)], now=now):
        raise InvalidStateError(LEFT_ALONE)
    return "Forgotten: what it was to do stays undone."
