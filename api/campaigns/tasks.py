"""The campaigns' batches: making gifts of rows, and calling gifts off."""

from datetime import datetime
from uuid import UUID

from api.audit.states import Door
from api.batches.models import BatchItem
from api.batches.registry import batch_kind
from api.campaigns import services
from api.campaigns.kind import GIFTS
from api.outbox.registry import handles
from api.sheets.services import take_row

LOOK = "api.view_gift"


@batch_kind(
    GIFTS.batch_kind,
    door=Door.IMPORT,
    look=LOOK,
    permission=GIFTS.permission,
    is_personal=True,  # the shop chooses its rows' keys
)
def make_gift(item: BatchItem, *, actor: str, now: datetime) -> str:  # noqa: ARG001 - the import acts
    """Waits its turn while the renderer has enough to do."""
    services.keep_pace(UUID(item.batch.params["scope"]), now=now)
    return take_row(item, now=now)


@batch_kind(
    "campaign.cancel",
    look=LOOK,
    permission=GIFTS.permission,
    row_page="admin:api_gift_change",
    is_personal=True,
)
def cancel_gift(item: BatchItem, *, actor: str, now: datetime) -> str:
    return services.cancel_unsent(UUID(item.ref_id), actor=actor, now=now)


@handles("campaign.forget_row")
def forget_row(ref_id: UUID, *, now: datetime) -> None:  # noqa: ARG001 - a handler's signature
    services.forget_row(ref_id)
