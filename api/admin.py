"""The capabilities' admin pages, where Django looks for them."""

from api.audit import admin as audit
from api.batches import admin as batches
from api.console import admin as console
from api.delivery import admin as delivery
from api.gifts import admin as gifts
from api.media import admin as media
from api.outbox import admin as outbox
from api.previews import pages as previews
from api.rendering import admin as rendering
from api.saved_filters import admin as saved_filters
from api.templates import admin as templates
from api.webhooks import admin as webhooks

__all__ = [
    "audit",
    "batches",
    "console",
    "delivery",
    "gifts",
    "media",
    "outbox",
    "previews",
    "rendering",
    "saved_filters",
    "templates",
    "webhooks",
]
