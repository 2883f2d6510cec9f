"""How a campaign stands, as it is shown: it has no state of its own beyond having been called off."""

from django.db import models

from api.gifts.states import BEFORE_SENT, GiftStatus


class CampaignStage(models.TextChoices):
    EMPTY = "empty", "waits for its file"
    CHECKING = "checking", "its file is being checked"
    TO_APPROVE = "to_approve", "waits for somebody to approve it"
    RUNNING = "running", "its gifts are being made and sent"
    DONE = "done", "every gift had its turn"
    CANCELED = "canceled", "the rest was called off"


# What can still be called off without taking anything from a recipient.
CANCELABLE = frozenset(BEFORE_SENT)
REACHED = frozenset({GiftStatus.SENT, GiftStatus.WATCHED, GiftStatus.EXPIRED})
