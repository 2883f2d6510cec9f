"""The job table."""

from django.db import models
from django.db.models import Q


class JobState(models.TextChoices):
    WAITING = "waiting", "to be run, or running"
    DONE = "done", "done; forgotten after a week"
    DEAD = "dead", "given up after all its tries; try it again by hand"


class Job(models.Model):
    """Something to do outside a transaction, written inside the one that caused it. It carries an id, no content."""

    kind = models.CharField(max_length=40)
    dedupe_key = models.CharField(max_length=120, unique=True)
    ref_id = models.UUIDField()
    run_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.WAITING)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=500, blank=True)
    request_id = models.CharField(max_length=128, blank=True, default="", db_default="")  # of whoever caused it
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "outbox"
        permissions = [("operate_job", "Can try dead jobs again, or forget them")]
        indexes = [
            models.Index(fields=["run_at"], condition=Q(state="waiting"), name="outbox_runnable"),
            models.Index(fields=["finished_at"], condition=Q(state="done"), name="outbox_done"),
            models.Index(fields=["state", "id"], condition=Q(state="dead"), name="outbox_dead"),
            models.Index(fields=["ref_id"], name="outbox_ref"),
            models.Index(fields=["kind", "id"], name="outbox_of_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.ref_id}"
