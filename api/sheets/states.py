"""A sheet's way from upload to work, what its check makes of each row, and how an export ends."""

from collections.abc import Mapping

from django.db import models


class SheetFormat(models.TextChoices):
    CSV = "csv", "CSV"
    XLSX = "xlsx", "Excel (XLSX)"


class SheetState(models.TextChoices):
    UPLOADING = "uploading", "its file is on the way"
    WAITING = "waiting", "to be read"
    CHECKING = "checking", "its rows are being checked"
    CHECKED = "checked", "checked, waiting for somebody to confirm"
    REFUSED = "refused", "cannot be read; its words say why"
    CONFIRMED = "confirmed", "confirmed: its batch does the work"
    DISCARDED = "discarded", "thrown away"
    EXPIRED = "expired", "thrown away after seven days"


class RowOutcome(models.TextChoices):
    """What confirming would do with a row."""

    UNCHECKED = "unchecked", "not checked yet"
    NEW = "new", "makes something new"
    CHANGED = "changed", "changes what is there"
    UNCHANGED = "unchanged", "is there already, just so"
    WRONG = "wrong", "cannot be taken in"


BEFORE_CHECKED = frozenset({SheetState.WAITING, SheetState.CHECKING})
APPLIED = frozenset({RowOutcome.NEW, RowOutcome.CHANGED})
# Those whose rows and files are still there.
KEPT = frozenset({*BEFORE_CHECKED, SheetState.UPLOADING, SheetState.CHECKED, SheetState.REFUSED, SheetState.CONFIRMED})


def good_rows(counts: Mapping[str, int]) -> int:
    """Of a sheet's rows by outcome, those that confirming would take in."""
    return sum(counts.get(outcome, 0) for outcome in APPLIED)


class ExportState(models.TextChoices):
    QUEUED = "queued", "to be written"
    DONE = "done", "ready to download"
    FAILED = "failed", "could not be written; its words say why"
    EXPIRED = "expired", "thrown away after seven days"
