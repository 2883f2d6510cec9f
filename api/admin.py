"""The capabilities' admin pages, where Django looks for them."""

from api.audit import admin as audit
from api.batches import admin as batches
from api.campaigns import admin as campaigns
from api.delivery import admin as delivery
from api.gifts import admin as gifts
from api.media import admin as media
from api.outbox import admin as outbox
from api.rendering import admin as rendering
from api.saved_filters import admin as saved_filters
from api.sheets import admin as sheets
from api.suppressions import admin as suppressions
from api.templates import admin as templates
from api.webhooks import admin as webhooks

__all__ = [
    "audit",
    "batches",
    "campaigns",
    "delivery",
    "gifts",
    "media",
    "outbox",
    "rendering",
    "saved_filters",
    "sheets",
    "suppressions",
    "templates",
    "webhooks",
]
