"""The shops' endpoints, what is delivered to them, and each attempt at it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from uuid6 import uuid7

from api.webhooks.states import DeliveryStatus, DisabledReason, WebhookType


class WebhookEndpoint(models.Model):
    """A URL of a shop that wants to hear of its gifts."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    livemode = models.BooleanField()
    version = models.PositiveIntegerField(default=1)
    url = models.CharField(max_length=2000)
    types = ArrayField(models.CharField(max_length=20, choices=WebhookType.choices))
    enabled = models.BooleanField(default=True)
    secret = models.CharField(max_length=80, editable=False)
    former_secrets = models.JSONField(
        default=list, editable=False, help_text="Secrets that were replaced, each with the time until it signs along."
    )
    failing_since = models.DateTimeField(
        null=True, blank=True, help_text="The first failure after the last success, if any."
    )
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_reason = models.CharField(max_length=10, choices=DisabledReason.choices, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["account", "livemode", "id"], name="webhook_endpoint_newest")]

    def __str__(self) -> str:
        return f"endpoint {self.id}"


class WebhookDelivery(models.Model):
    """One event on its way to one endpoint. The body is kept as text: every attempt sends the same bytes."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries")
    event_id = models.UUIDField(help_text="The event's id in the gift's timeline; `webhook-id` on every attempt.")
    type = models.CharField(max_length=20)
    body = models.TextField()
    status = models.CharField(max_length=10, choices=DeliveryStatus.choices, default=DeliveryStatus.PENDING)
    tries = models.PositiveSmallIntegerField(default=0, help_text="Attempts since it was last asked for.")
    runs = models.PositiveSmallIntegerField(default=0, help_text="How often it was asked for again.")
    created_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField(
        null=True, blank=True, help_text="During an attempt: when its process counts as dead."
    )
    finished_at = models.DateTimeField(null=True, blank=True)

    newest_attempts: "list[WebhookAttempt]"  # set by `selectors.deliveries_of`

    class Meta:
        verbose_name_plural = "webhook deliveries"
        constraints = [
            models.CheckConstraint(
                condition=Q(status="pending", next_attempt_at__isnull=False, finished_at__isnull=True)
                | (~Q(status="pending") & Q(next_attempt_at__isnull=True, finished_at__isnull=False)),
                name="webhook_delivery_has_end",
            ),
        ]
        indexes = [
            models.Index(fields=["endpoint", "id"], name="webhook_delivery_newest"),
            models.Index(fields=["created_at"], name="webhook_delivery_by_age"),
            models.Index(fields=["status", "id"], name="webhook_delivery_of_state"),
            models.Index(fields=["event_id"], name="webhook_delivery_of_event"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"


class WebhookAttempt(models.Model):
    """One call, written before it is made; what came of it is added after."""

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="attempts")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    code = models.PositiveSmallIntegerField(null=True, blank=True)
    ms = models.PositiveIntegerField(null=True, blank=True)
    response = models.TextField(blank=True, help_text="The first 1 kB of the answer's body.")
    error = models.CharField(max_length=30, blank=True)

    def __str__(self) -> str:
        return f"attempt {self.pk}"
