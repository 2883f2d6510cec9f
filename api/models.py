"""The capabilities' models, where Django looks for them."""

from api.audit.models import AuditEntry
from api.batches.models import Batch, BatchItem
from api.campaigns.models import Campaign, CampaignGift
from api.delivery.models import MailEvent, Message
from api.gifts.models import Gift, GiftEvent, GiftMedia
from api.idempotency.models import IdempotentCall
from api.media.models import Upload
from api.outbox.models import Job
from api.rendering.models import Render, RenderCallback
from api.saved_filters.models import SavedFilter
from api.sheets.models import Export, Sheet, SheetRow
from api.suppressions.models import Suppression
from api.templates.models import Template
from api.viewing.models import Thanks
from api.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint

__all__ = [
    "AuditEntry",
    "Batch",
    "BatchItem",
    "Campaign",
    "CampaignGift",
    "Export",
    "Gift",
    "GiftEvent",
    "GiftMedia",
    "IdempotentCall",
    "Job",
    "MailEvent",
    "Message",
    "Render",
    "RenderCallback",
    "SavedFilter",
    "Sheet",
    "SheetRow",
    "Suppression",
    "Template",
    "Thanks",
    "Upload",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
]
