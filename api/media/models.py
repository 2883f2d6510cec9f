"""What senders upload for their films."""

from django.db import models
from django.db.models import Q
from uuid6 import uuid7

from api.media.states import OVER, UploadStatus

__all__ = ["Upload", "UploadStatus"]


class Upload(models.Model):
    """A file on its way to, or in, the media bucket under `key`.

    A status in `OVER` is written before the bytes are removed and `removed_at` after, so that a crash in between leaves
    a row that the sweep finds.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    livemode = models.BooleanField()
    status = models.CharField(max_length=10, choices=UploadStatus.choices, default=UploadStatus.PENDING)
    filename = models.CharField(max_length=255)
    content_type = models.CharField(max_length=50)
    size = models.PositiveBigIntegerField(help_text="bytes")
    key = models.CharField(max_length=200, editable=False)
    multipart_id = models.CharField(max_length=1024, blank=True, editable=False)
    part_size = models.PositiveIntegerField(help_text="bytes")
    duration_s = models.FloatField(null=True, blank=True, help_text="A clip's length, where its header says it.")
    failure = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(help_text="24 hours to finish it; once ready, 90 days to use it.")
    completed_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="Its bytes had left the bucket.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=UploadStatus.values), name="upload_status_known"),
            models.CheckConstraint(
                condition=~Q(status="ready") | Q(completed_at__isnull=False), name="upload_ready_has_time"
            ),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True) | Q(status__in=sorted(OVER)), name="upload_removed_is_over"
            ),
        ]
        indexes = [
            models.Index(fields=["account", "livemode", "id"], name="upload_of_account"),
            models.Index(fields=["account", "id"], name="upload_of_shop"),
            models.Index(fields=["status", "id"], name="upload_of_state"),
            models.Index(fields=["content_type", "id"], name="upload_of_type"),
            models.Index(fields=["id"], condition=Q(livemode=False), name="upload_of_test"),
            models.Index(fields=["expires_at"], condition=Q(status="pending"), name="upload_unfinished"),
            models.Index(fields=["expires_at"], condition=Q(status="ready"), name="upload_by_age"),
            models.Index(
                fields=["id"], condition=Q(status__in=sorted(OVER), removed_at__isnull=True), name="upload_to_remove"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.content_type} {self.id}"
