"""Files that come in, their rows while they are looked at, and files that go out. All of it is kept for a week."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from uuid6 import uuid7

from api.sheets.states import KEPT, ExportState, RowOutcome, SheetFormat, SheetState


class Sheet(models.Model):
    """One upload: its file's key in the bucket, what its check found, and the batch that did the work."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=20, help_text="What its rows are, by `api.sheets.kinds`.")
    scope_id = models.UUIDField(null=True, blank=True, help_text="What its rows belong to: a campaign.")
    state = models.CharField(max_length=10, choices=SheetState.choices)
    key = models.CharField(max_length=200, help_text="The file's key in the bucket.")
    size = models.PositiveIntegerField(default=0)
    format = models.CharField(max_length=4, choices=SheetFormat.choices, default=SheetFormat.CSV)
    header = models.JSONField(default=list)
    problems = models.JSONField(default=list, help_text="Why the file was refused as a whole.")
    rows = models.PositiveIntegerField(default=0)
    checked_rows = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict, help_text="Rows by what confirming would do with them.")
    created_by = models.CharField(max_length=160)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    batch = models.ForeignKey("api.Batch", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(state__in=SheetState.values), name="sheet_state_known")]
        indexes = [
            models.Index(fields=["scope_id", "id"], condition=Q(scope_id__isnull=False), name="sheet_of_scope"),
            models.Index(fields=["expires_at"], condition=Q(state__in=sorted(KEPT)), name="sheet_to_throw_away"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} sheet {self.id}"


class SheetRow(models.Model):
    """A row as it came, until it is taken in or a week is over; and what its check found."""

    sheet = models.ForeignKey(Sheet, on_delete=models.CASCADE, related_name="sheet_rows")
    number = models.PositiveIntegerField(help_text="As the spreadsheet counts.")
    row_key = models.CharField(max_length=300, blank=True)
    values = models.JSONField(default=dict)
    outcome = models.CharField(max_length=10, choices=RowOutcome.choices, default=RowOutcome.UNCHECKED)
    changes = models.JSONField(default=dict, encoder=DjangoJSONEncoder, help_text="Column: before and after.")
    errors = models.JSONField(default=dict, help_text="Column, or nothing for the row: what is wrong with it.")
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sheet", "number"], name="sheet_row_once"),
            models.CheckConstraint(condition=Q(outcome__in=RowOutcome.values), name="sheet_row_outcome_known"),
        ]
        indexes = [models.Index(fields=["sheet", "outcome", "number"], name="sheet_row_by_outcome")]

    def __str__(self) -> str:
        return f"row {self.number}"


class Export(models.Model):
    """A file that somebody asked for. What it held is known by its filters; the data is in the bucket for a week."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=20)
    format = models.CharField(max_length=4, choices=SheetFormat.choices)
    filters = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    has_personal_data = models.BooleanField()
    state = models.CharField(max_length=10, choices=ExportState.choices, default=ExportState.QUEUED)
    rows = models.PositiveIntegerField(default=0)
    key = models.CharField(max_length=200, blank=True)
    problem = models.CharField(max_length=300, blank=True)
    created_by = models.CharField(max_length=160)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(state__in=ExportState.values), name="export_state_known")]
        indexes = [
            models.Index(fields=["expires_at"], condition=~Q(state="expired"), name="export_to_throw_away"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} export {self.id}"
