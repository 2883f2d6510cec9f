"""What may be done to many suppressions at once."""

from datetime import datetime
from uuid import UUID

from api.batches.models import BatchItem
from api.batches.registry import batch_kind
from api.suppressions import services

LIFT = "suppressions.lift"


@batch_kind(LIFT, permission="api.delete_suppression")
def lift(item: BatchItem, *, actor: str, now: datetime) -> str:
    services.lift_suppression(UUID(item.ref_id), actor=actor, now=now)
    return "The address may be mailed again."
