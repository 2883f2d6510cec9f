"""Renders: each attempt to have a gift's film made."""

from django.db import models
from uuid6 import uuid7

from api.rendering.states import OPEN, RenderStatus


class Render(models.Model):
    """One order to the rendering service. `secret` stands in the callback's path and authenticates it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    gift = models.ForeignKey("api.Gift", on_delete=models.CASCADE, related_name="renders")
    attempt = models.PositiveSmallIntegerField(default=1, help_text="1, or more where an earlier one of it failed.")
    status = models.CharField(max_length=10, choices=RenderStatus.choices, default=RenderStatus.QUEUED)
    secret = models.CharField(max_length=64, editable=False)
    provider_id = models.CharField(max_length=64, blank=True, db_index=True)
    key = models.CharField(max_length=200, editable=False)
    poster_key = models.CharField(max_length=200, editable=False)
    size_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    duration_s = models.FloatField(null=True, blank=True)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    failure = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField()
    submit_started_at = models.DateTimeField(null=True, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["gift", "id"], name="render_of_gift"),
            models.Index(fields=["created_at"], condition=models.Q(status__in=sorted(OPEN)), name="render_open"),
            models.Index(fields=["created_at"], name="render_by_day"),
            models.Index(
                fields=["status", "id"], condition=~models.Q(status=RenderStatus.SUCCEEDED), name="render_without_film"
            ),
        ]

    def __str__(self) -> str:
        return f"render {self.id}"


class RenderCallback(models.Model):
    """What the rendering service told us, as it came."""

    render = models.ForeignKey(Render, on_delete=models.CASCADE, related_name="callbacks")
    payload = models.JSONField()
    received_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"callback {self.pk}"
