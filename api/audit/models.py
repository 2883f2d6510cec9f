"""Who changed what: one row a change, whichever way it came."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from uuid6 import uuid7

from api.audit.states import Door


class AuditEntry(models.Model):
    """Written in the transaction of the change, never altered, removed after 400 days.

    `changes` is `{field: [before, after]}`. Names, addresses and words in it are blanked when their person is
    forgotten; no key, token, digest or signed address ever gets in.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField()
    door = models.CharField(max_length=10, choices=Door.choices)
    actor = models.CharField(max_length=160, help_text="Who did it, as in a gift's timeline.")
    action = models.CharField(max_length=40, help_text="What was done, such as gift.canceled or api_key.revoked.")
    object_type = models.CharField(max_length=40, blank=True)
    object_id = models.CharField(max_length=64, blank=True)
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    changes = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    why = models.TextField(blank=True, help_text="The reason that was given.")
    request_id = models.CharField(max_length=128, blank=True)

    class Meta:
        verbose_name_plural = "audit entries"
        constraints = [models.CheckConstraint(condition=models.Q(door__in=Door.values), name="audit_door_known")]
        indexes = [
            models.Index(fields=["object_type", "object_id", "id"], name="audit_of_object"),
            models.Index(fields=["actor", "id"], name="audit_of_actor"),
            models.Index(fields=["action", "id"], name="audit_of_action"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_id}".strip()
