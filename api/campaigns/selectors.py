"""Reading campaigns: how far their gifts are."""

from uuid import UUID

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery

from api.batches.states import OPEN
from api.campaigns.models import Campaign, CampaignGift
from api.campaigns.states import CANCELABLE, NOT_THERE, CampaignStage, stage_of
from api.exceptions import NotFoundError
from api.gifts.models import Gift
from api.gifts.states import GiftStatus
from api.sheets.models import Sheet


def campaign_with(campaign_id: UUID) -> Campaign:
    """Raises NotFoundError."""
    try:
        return Campaign.objects.select_related("account", "template").get(pk=campaign_id)
    except Campaign.DoesNotExist:
        raise NotFoundError("There is no campaign with this id.") from None


def campaigns_with_stages(*, before: UUID | None = None, limit: int) -> list[tuple[Campaign, CampaignStage]]:
    """The newest, of those opened before that one; in one query."""
    sheets = Sheet.objects.filter(scope_id=OuterRef("pk"))
    unsent = CampaignGift.objects.filter(  # by the shop's gifts in these states, which an index knows
        campaign=OuterRef("pk"),
        gift__account=OuterRef("account"),
        gift__livemode=OuterRef("livemode"),
        gift__status__in=sorted(CANCELABLE),
    )
    campaigns = Campaign.objects.select_related("account").annotate(
        is_begun=Exists(sheets.filter(confirmed_at__isnull=False)),
        is_going_on=Exists(sheets.filter(batch__state__in=sorted(OPEN))) | Exists(unsent),
        sheet_state=Subquery(sheets.exclude(state__in=sorted(NOT_THERE)).order_by("-id").values("state")[:1]),
    )
    older = campaigns if before is None else campaigns.filter(pk__lt=before)
    return [
        (
            campaign,
            stage_of(
                is_canceled=campaign.canceled_at is not None,
                is_begun=campaign.is_begun,
                is_going_on=campaign.is_going_on,
                sheet_state=campaign.sheet_state,
            ),
        )
        for campaign in older.order_by("-id")[:limit]
    ]


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
