"""The capabilities' models, where Django looks for them."""

from api.audit.models import AuditEntry
from api.batches.models import Batch, BatchItem
from api.console.models import QueryRun, SavedQuery
from api.delivery.models import MailEvent, Message
from api.gifts.models import Gift, GiftEvent, GiftMedia
from api.idempotency.models import IdempotentCall
from api.media.models import Upload
from api.outbox.models import Job
from api.rendering.models import Render, RenderCallback
from api.saved_filters.models import SavedFilter
from api.templates.models import Template
from api.viewing.models import Thanks
from api.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint

__all__ = [
    "AuditEntry",
    "Batch",
    "BatchItem",
    "Gift",
    "GiftEvent",
    "GiftMedia",
    "IdempotentCall",
    "Job",
    "MailEvent",
    "Message",
    "QueryRun",
    "Render",
    "RenderCallback",
    "SavedFilter",
    "SavedQuery",
    "Template",
    "Thanks",
    "Upload",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
]
