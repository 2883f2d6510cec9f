"""Questions that are kept, and who asked what."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from uuid6 import uuid7

from api.console.states import RunState

LONGEST_NAME, LONGEST_DESCRIPTION = 120, 1_000


def go_with_owner(collector: Any, field: Any, questions: Any, using: str) -> None:
    """What nobody else could see goes; what is everybody's stays, without an owner."""
    models.SET_NULL(collector, field, questions.filter(is_shared=True), using)
    models.CASCADE(collector, field, questions.filter(is_shared=False), using)


class SavedQuery(models.Model):
    """A question to the database. Those that Giftflick comes with have a `seed` and no owner."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    seed = models.SlugField(max_length=60, null=True, blank=True, unique=True, editable=False)
    name = models.CharField(max_length=LONGEST_NAME, help_text="The question, as somebody would ask it.")
    description = models.TextField(
        max_length=LONGEST_DESCRIPTION, blank=True, help_text="What the answer shows, and what for."
    )
    sql = models.TextField("statement", help_text="One SELECT; :name in it becomes a field to fill in.")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=go_with_owner, null=True, blank=True, related_name="+"
    )
    is_shared = models.BooleanField(default=False, help_text="Everybody who may use the console sees it.")
    needs_pii = models.BooleanField(default=False, help_text="It reads names, addresses or words of people.")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "question"
        permissions = [
            ("use_console", "Can ask the database in the query console"),
            ("console_pii", "Can see personal data in the query console"),
        ]

    def __str__(self) -> str:
        return self.name


class QueryRun(models.Model):
    """Somebody asked something: written before the database is asked, and what came of it after. Kept 400 days.

    Of parameters the names alone are kept: what is looked for may be somebody's address.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    actor = models.CharField(max_length=160, help_text="Who asked.")
    question = models.ForeignKey(SavedQuery, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    statement = models.TextField()
    parameters = ArrayField(models.CharField(max_length=63), default=list, help_text="Their names.")
    with_pii = models.BooleanField(help_text="Asked as the login that sees personal data.")
    is_download = models.BooleanField(default=False, help_text="The answer was taken away as a file.")
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.RUNNING)
    code = models.CharField(max_length=5, blank=True, help_text="PostgreSQL's code of what was wrong.")
    rows = models.PositiveIntegerField(null=True, blank=True)
    cut = models.CharField(max_length=5, blank=True, default="", db_default="", help_text="What kept more rows out.")
    ms = models.PositiveIntegerField(null=True, blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "asked question"
        constraints = [models.CheckConstraint(condition=Q(state__in=RunState.values), name="query_run_state_known")]
        indexes = [
            models.Index(fields=["user", "id"], name="query_run_of_user"),
            models.Index(fields=["started_at"], name="query_run_by_age"),
            models.Index(fields=["started_at"], condition=Q(state="running"), name="query_run_running"),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.started_at:%Y-%m-%d %H:%M}"
