"""A gift's life: its states and every edge between them."""

from django.db import models


class GiftStatus(models.TextChoices):
    DRAFT = "draft", "being put together"
    RENDERING = "rendering", "its video is being made"
    READY = "ready", "waiting for payment or approval"
    SCHEDULED = "scheduled", "waiting for its hour"
    SENT = "sent", "the recipient has been mailed, or the sender has the link"
    WATCHED = "watched", "the recipient has watched it"
    BOUNCED = "bounced", "the recipient's address does not work"
    FAILED = "failed", "its video could not be made"
    EXPIRED = "expired", "over; the video is gone"
    CANCELED = "canceled", "called off; the video is gone"


S = GiftStatus

EDGES: dict[GiftStatus, frozenset[GiftStatus]] = {
    S.DRAFT: frozenset({S.RENDERING, S.CANCELED}),
    S.RENDERING: frozenset({S.READY, S.FAILED, S.CANCELED}),
    S.READY: frozenset({S.SCHEDULED, S.RENDERING, S.CANCELED, S.EXPIRED}),
    S.SCHEDULED: frozenset({S.SENT, S.RENDERING, S.CANCELED, S.EXPIRED}),
    S.SENT: frozenset({S.WATCHED, S.BOUNCED, S.CANCELED, S.EXPIRED}),
    S.WATCHED: frozenset({S.CANCELED, S.EXPIRED}),
    S.BOUNCED: frozenset({S.SENT, S.WATCHED, S.CANCELED, S.EXPIRED}),
    S.FAILED: frozenset({S.RENDERING, S.CANCELED, S.EXPIRED}),
    S.EXPIRED: frozenset(),
    S.CANCELED: frozenset(),
}

BEFORE_SENT = frozenset({S.DRAFT, S.RENDERING, S.READY, S.SCHEDULED, S.FAILED})
OPENABLE = frozenset({S.SENT, S.WATCHED, S.BOUNCED})
ENDED = frozenset({S.EXPIRED, S.CANCELED})
EXPIRING = frozenset({S.READY, S.SCHEDULED, S.BOUNCED, S.SENT, S.WATCHED})

# What PATCH may touch; a state that is not here takes no PATCH.
_CONTENT = frozenset({"template", "message", "fields", "media", "product"})
_SCHEDULE = frozenset({"deliver_at", "timezone", "recipient", "metadata"})
_ALL = _CONTENT | _SCHEDULE | {"occasion", "sender", "order", "approval", "delivery"}

EDITABLE: dict[GiftStatus, frozenset[str]] = {
    S.DRAFT: _ALL,
    S.FAILED: _ALL,
    S.READY: _ALL - {"sender"},
    S.SCHEDULED: _ALL - {"sender"},
    S.RENDERING: _SCHEDULE,
    S.BOUNCED: frozenset({"recipient", "metadata"}),
}

# What stands in the film: changing it after the first render makes a new one.
FILMED = _CONTENT | {"sender"}


class Delivery(models.TextChoices):
    EMAIL = "email", "mail the recipient"
    LINK = "link", "give the sender the link"


class OrderStatus(models.TextChoices):
    PENDING = "pending"
    PAID = "paid"
    CANCELED = "canceled"
