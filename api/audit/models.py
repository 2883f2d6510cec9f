"""Who changed what: one row a change, whichever way it came."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from uuid6 import uuid7

from api.audit.states import Door


class AuditEntry(models.Model):
    """Written in the transaction of the change and removed after 400 days; its id's first 48 bits are its time.

    `changes` is `{field: [before, after]}`. Names, addresses and words in it are blanked when their person is
    forgotten; no key, token, digest or signed address ever gets in.

    The database itself guards it (`audit_guard`, in the migration): of a row nothing but `changes` and `why` can be
    altered, which is what forgetting takes, and none can be deleted but by the sweep, which says so in its transaction.
    That stops a slip (a shell, a cascade, an admin page), and somebody with the site's login only if they do not know
    of it: the tables are that login's own. By age it cannot be told here, as the clock is the caller's.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField()
    door = models.CharField(max_length=10, choices=Door.choices, help_text="Which way it came.")
    actor = models.CharField(max_length=160, help_text="Who did it, as in a gift's timeline.")
    action = models.CharField(max_length=40, help_text="What was done, such as gift.canceled or api_key.revoked.")
    object_type = models.CharField(max_length=40, blank=True, help_text="What kind of thing it was done to.")
    object_id = models.CharField(max_length=64, blank=True, help_text="To which one of its kind.")
    account = models.ForeignKey(
        "accounts.Account", on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False,
        db_constraint=False,  # else each change of a gift would share a lock on its shop's row with all the others
        help_text="The shop that it is about.",
    )  # fmt: skip
    changes = models.JSONField(default=dict, encoder=DjangoJSONEncoder, help_text="Each field, before and after.")
    why = models.TextField(blank=True, help_text="The reason that was given.")
    request_id = models.CharField(max_length=128, blank=True, help_text="As it stands in the log's lines.")

    class Meta:
        verbose_name_plural = "audit entries"
        constraints = [models.CheckConstraint(condition=Q(door__in=Door.values), name="audit_door_known")]
        indexes = [
            models.Index(fields=["object_id", "id"], name="audit_of_object"),
            models.Index(fields=["account", "id"], condition=Q(account__isnull=False), name="audit_of_account"),
            models.Index(fields=["actor", "id"], name="audit_of_actor"),
            models.Index(fields=["action", "id"], name="audit_of_action"),
            models.Index(fields=["door", "id"], name="audit_of_door"),
            models.Index(fields=["request_id", "id"], condition=~Q(request_id=""), name="audit_of_request"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_id}".strip()
