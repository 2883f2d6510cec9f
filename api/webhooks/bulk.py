"""What may be done to many endpoints, or deliveries, at once."""

from datetime import datetime
from uuid import UUID

from api.batches.models import BatchItem
from api.batches.registry import batch_kind
from api.exceptions import NotFoundError
from api.webhooks import services
from api.webhooks.models import WebhookDelivery

ENABLE, REDELIVER = "webhooks.enable", "webhooks.redeliver"


@batch_kind(
    ENABLE,
    look="api.view_webhookendpoint",
    permission="api.change_webhookendpoint",
    row_page="admin:api_webhookendpoint_change",
)
def enable(item: BatchItem, *, actor: str, now: datetime) -> str:  # noqa: ARG001
    services.update_endpoint(UUID(item.ref_id), {"enabled": True}, now=now)
    return "Switched on."


@batch_kind(
    REDELIVER,
    look="api.view_webhookdelivery",
    permission="api.change_webhookdelivery",
    row_page="admin:api_webhookdelivery_change",
)
def redeliver(item: BatchItem, *, actor: str, now: datetime) -> str:  # noqa: ARG001
    delivery = WebhookDelivery.objects.filter(pk=item.ref_id).first()
    if delivery is None:
        raise NotFoundError("This delivery is no longer kept.")
    services.redeliver(delivery, now=now)
    return "To be delivered again."
