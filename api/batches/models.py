"""Batches: one thing to do to many rows, worked off item by item."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from uuid6 import uuid7

from api.batches.states import BatchState, ItemState


class Batch(models.Model):
    """One order to do a thing many times. What its counts say is counted from its items."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=BatchState.choices, default=BatchState.QUEUED)
    total = models.PositiveIntegerField()
    done_count = models.PositiveIntegerField(default=0)
    failed_count = models.PositiveIntegerField(default=0)
    created_by = models.CharField(max_length=160, help_text="Who ordered it, as in a gift's timeline.")
    why = models.TextField(blank=True, help_text="The reason that was given.")
    params = models.JSONField(
        default=dict, encoder=DjangoJSONEncoder, help_text="Ids and settings; no names, no words."
    )
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    canceled_at = models.DateTimeField(null=True, blank=True)
    slice_started_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="None once a slice has come to its end: else it was cut off."
    )
    blanked_at = models.DateTimeField(
        null=True, blank=True, help_text="When its items' labels and content were blanked."
    )

    class Meta:
        verbose_name_plural = "batches"
        permissions = [
            ("import_data", "Can import accounts, templates and suppressions"),
            ("run_campaign", "Can start campaigns"),
        ]
        constraints = [models.CheckConstraint(condition=Q(state__in=BatchState.values), name="batch_state_known")]
        indexes = [
            models.Index(fields=["finished_at"], condition=Q(blanked_at__isnull=True), name="batch_to_blank"),
        ]

    def __str__(self) -> str:
        return self.title


class BatchItem(models.Model):
    """One row's turn. Its payload and label may hold personal data, and are blanked."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="items", db_index=False)
    position = models.PositiveIntegerField()
    ref_id = models.CharField(max_length=64, blank=True, help_text="The row that it is about.")
    label = models.CharField(max_length=200, blank=True)
    payload = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    state = models.CharField(max_length=10, choices=ItemState.choices, default=ItemState.WAITING)
    tries = models.PositiveSmallIntegerField(
        default=0, help_text="How often it was begun since a worker was cut off in the middle of the batch."
    )
    detail = models.CharField(max_length=500, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "position"], name="batch_item_once"),
            models.CheckConstraint(condition=Q(state__in=ItemState.values), name="batch_item_state_known"),
        ]
        indexes = [
            models.Index(fields=["batch", "state", "position"], name="batch_item_next"),
            models.Index(fields=["ref_id"], name="batch_item_of_row"),
        ]

    def __str__(self) -> str:
        return f"{self.position}: {self.ref_id or self.label}"
