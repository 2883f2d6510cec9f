"""What was answered to a POST with an idempotency key."""

from django.db import models


class IdempotentCall(models.Model):
    """A POST under way while `status` is empty, and its answer afterwards.

    `locked_until` frees it if its process was killed; `token` fences off a process that comes back later than that.
    """

    account = models.ForeignKey("accounts.Account", on_delete=models.CASCADE, related_name="+")
    livemode = models.BooleanField()
    path = models.CharField(max_length=200)
    key = models.CharField(max_length=255)
    body_hash = models.CharField(max_length=64, help_text="SHA-256 of the body.")
    token = models.UUIDField()
    locked_until = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    body = models.TextField(blank=True, help_text="The answer as JSON; empty where only the object's id is kept.")
    object_id = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "livemode", "path", "key"], name="idempotent_call_once"),
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotent_call_by_age")]

    def __str__(self) -> str:
        return f"call {self.pk}"
