"""What a shop can be told of, a delivery's states, and why an endpoint is off."""

from django.db import models


class WebhookType(models.TextChoices):
    """The timeline's events that an endpoint may ask for."""

    RENDERING = "gift.rendering"
    READY = "gift.ready"
    SCHEDULED = "gift.scheduled"
    SENT = "gift.sent"
    DELIVERED = "gift.delivered"
    BOUNCED = "gift.bounced"
    WATCHED = "gift.watched"
    THANKED = "gift.thanked"
    FAILED = "gift.failed"
    EXPIRED = "gift.expired"
    CANCELED = "gift.canceled"


# Sent on demand only, whatever types the endpoint asks for.
TEST = "webhook.test"


class DeliveryStatus(models.TextChoices):
    PENDING = "pending", "to be tried, or tried again"
    SUCCEEDED = "succeeded", "the endpoint answered 2xx"
    FAILED = "failed", "given up"


class DisabledReason(models.TextChoices):
    REQUESTED = "requested", "the shop switched it off"
    FAILING = "failing", "it did nothing but fail for five days"
    GONE = "gone", "it answered 410 Gone"
