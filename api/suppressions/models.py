"""Addresses that must not be mailed, whichever shop's gift it is."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from uuid6 import uuid7

from api.suppressions.states import SuppressionReason


class Suppression(models.Model):
    """One address, kept as its hash: who asked to be forgotten must stay unmailed, and unnamed.

    It holds for all shops and both modes: a person who does not want our mails does not care whose order caused them.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    address_sha256 = models.CharField(
        max_length=64,
        unique=True,
        validators=[RegexValidator(r"^[0-9a-f]{64}\Z", "This is no SHA-256 in hex.")],
        help_text="Of the address in lower case, in hex.",
    )
    masked = models.CharField(max_length=260, help_text="Enough of the address to recognise it: b…@example.com.")
    reason = models.CharField(max_length=10, choices=SuppressionReason.choices)
    source = models.CharField(max_length=160, help_text="Who added it, as in a gift's timeline.")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(reason__in=SuppressionReason.values), name="suppression_reason_known")
        ]

    def __str__(self) -> str:
        return self.masked
