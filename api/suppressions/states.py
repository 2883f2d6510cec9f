"""Why an address is not mailed."""

from django.db import models


class SuppressionReason(models.TextChoices):
    ASKED = "asked", "the person asked not to be mailed"
    COMPLAINED = "complained", "the person reported a mail as spam"
    BOUNCED = "bounced", "the address does not work"
    BY_HAND = "by_hand", "somebody of the team decided it"
