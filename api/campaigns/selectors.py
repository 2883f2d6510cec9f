"""Reading campaigns: how far their gifts are."""

from uuid import UUID

from django.db.models import Count, QuerySet

from api.campaigns.models import Campaign, CampaignGift
from api.campaigns.states import CANCELABLE
from api.exceptions import NotFoundError
from api.gifts.models import Gift
from api.gifts.states import GiftStatus

A_LIST = 50


def campaign_with(campaign_id: UUID) -> Campaign:
    """Raises NotFoundError."""
    try:
        return Campaign.objects.select_related("account", "template").get(pk=campaign_id)
    except Campaign.DoesNotExist:
        raise NotFoundError("There is no campaign with this id.") from None


def latest_campaigns() -> list[Campaign]:
    return list(Campaign.objects.select_related("account").order_by("-id")[:A_LIST])


def gifts_by_status(campaign_id: UUID) -> dict[str, int]:
    """Every status, in the order of a gift's life."""
    found = CampaignGift.objects.filter(campaign=campaign_id).values_list("gift__status").annotate(gifts=Count("pk"))
    return {**dict.fromkeys(GiftStatus.values, 0), **dict(found.order_by())}


def gifts_to_cancel(campaign_id: UUID) -> QuerySet[CampaignGift]:
    return CampaignGift.objects.filter(campaign=campaign_id, gift__status__in=sorted(CANCELABLE)).order_by("pk")


def rendering_now(account_id: UUID, *, livemode: bool, at_most: int) -> int:
    """How many of a shop's gifts are being rendered, counted up to `at_most`, by index."""
    rendering = Gift.objects.filter(account=account_id, livemode=livemode, status=GiftStatus.RENDERING)
    return rendering.order_by()[:at_most].count()


def gifts_of(campaign_id: UUID, status: str, *, limit: int) -> list[CampaignGift]:
    found = CampaignGift.objects.select_related("gift").filter(campaign=campaign_id, gift__status=status)
    return list(found.order_by("pk")[:limit])
