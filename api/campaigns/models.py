"""Campaigns: one shop, one template, a sheet with a gift a row."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from uuid6 import uuid7


class Campaign(models.Model):
    """What all its gifts have in common. Its sheets are `api.sheets`' with this id as their scope."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100)
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    livemode = models.BooleanField()
    template = models.ForeignKey("api.Template", on_delete=models.PROTECT, related_name="+")
    defaults = models.JSONField(
        default=dict, encoder=DjangoJSONEncoder, help_text="Column: what a row has that leaves it blank."
    )
    is_paid = models.BooleanField(help_text="The shop says that the orders are paid: no gift waits for that.")
    created_by = models.CharField(max_length=160)
    created_at = models.DateTimeField()
    canceled_at = models.DateTimeField(null=True, blank=True)
    canceled_by = models.CharField(max_length=160, blank=True)

    def __str__(self) -> str:
        return self.name


class CampaignGift(models.Model):
    """The gift that a row was made into: why no row is ever made into two."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="campaign_gifts")
    row_key = models.CharField(max_length=100)
    row_sha256 = models.CharField(max_length=64, help_text="Of what the row said, to tell one that says otherwise.")
    gift = models.OneToOneField("api.Gift", on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "row_key"], name="campaign_row_once")]

    def __str__(self) -> str:
        return self.row_key
