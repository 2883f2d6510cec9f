"""How a campaign stands, as it is shown: it has no state of its own beyond having been called off."""

from django.db import models

from api.gifts.states import BEFORE_SENT
from api.sheets.states import BEFORE_CHECKED, SheetState


class CampaignStage(models.TextChoices):
    EMPTY = "empty", "waits for its file"
    CHECKING = "checking", "its file is being checked"
    TO_APPROVE = "to_approve", "waits for somebody to approve it"
    RUNNING = "running", "its gifts are being made and sent"
    DONE = "done", "every gift had its turn"
    CANCELED = "canceled", "the rest was called off"


# What can still be called off without taking anything from a recipient.
CANCELABLE = frozenset(BEFORE_SENT)
# Uploads that are as good as none.
NOT_THERE = frozenset({SheetState.UPLOADING, SheetState.DISCARDED, SheetState.EXPIRED})
# Those whose rows may still be made into gifts.
UNDECIDED = frozenset({*BEFORE_CHECKED, SheetState.UPLOADING, SheetState.CHECKED})


def stage_of(
    *, is_canceled: bool, is_begun: bool, is_going_on: bool, sheet_state: str | None, has_good_rows: bool
) -> CampaignStage:
    """`is_begun`: a sheet was approved, or gifts were made. The other two are of the newest sheet that is there."""
    if is_canceled:
        return CampaignStage.CANCELED
    if is_begun and is_going_on:
        return CampaignStage.RUNNING
    if not is_begun and sheet_state in BEFORE_CHECKED:
        return CampaignStage.CHECKING
    if sheet_state == SheetState.CHECKED and has_good_rows:
        return CampaignStage.TO_APPROVE
    return CampaignStage.DONE if is_begun else CampaignStage.EMPTY
