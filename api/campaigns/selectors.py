"""Reading campaigns: how far their gifts are."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery

from api.batches.states import OPEN
from api.campaigns.models import Campaign, CampaignGift
from api.campaigns.states import CANCELABLE, NOT_THERE, CampaignStage, stage_of
from api.exceptions import NotFoundError
from api.gifts.models import Gift
from api.gifts.states import GiftStatus
from api.sheets.models import Sheet
from api.sheets.states import good_rows


def campaign_with(campaign_id: UUID) -> Campaign:
    """Raises NotFoundError."""
    try:
        return Campaign.objects.select_related("account", "template").get(pk=campaign_id)
    except Campaign.DoesNotExist:
        raise NotFoundError("There is no campaign with this id.") from None


@dataclass(frozen=True)
class Standing:
    """`is_going_on`: a file is being worked off, or gifts of it are not sent."""

    campaign: Campaign
    stage: CampaignStage
    is_going_on: bool


def standing_of(campaign_id: UUID) -> Standing:
    """Raises NotFoundError."""
    for standing in _standings(Campaign.objects.filter(pk=campaign_id), limit=1):
        return standing
    raise NotFoundError("There is no campaign with this id.")


def newest_standings(*, before: UUID | None = None, limit: int) -> list[Standing]:
    """Of the campaigns opened before that one; in one query."""
    older = Campaign.objects.all() if before is None else Campaign.objects.filter(pk__lt=before)
    return _standings(older.order_by("-id"), limit=limit)


def _standings(campaigns: QuerySet[Campaign], *, limit: int) -> list[Standing]:
    sheets = Sheet.objects.filter(scope_id=OuterRef("pk"))
    newest = sheets.exclude(state__in=sorted(NOT_THERE)).order_by("-id")
    made = CampaignGift.objects.filter(campaign=OuterRef("pk"))
    unsent = made.filter(  # by the shop's gifts in these states, which an index knows
        gift__account=OuterRef("account"),
        gift__livemode=OuterRef("livemode"),
        gift__status__in=sorted(CANCELABLE),
    )
    found = campaigns.select_related("account", "template").annotate(
        is_begun=Exists(sheets.filter(confirmed_at__isnull=False)) | Exists(made),
        is_going_on=Exists(sheets.filter(batch__state__in=sorted(OPEN))) | Exists(unsent),
        sheet_state=Subquery(newest.values("state")[:1]),
        sheet_counts=Subquery(newest.values("counts")[:1]),
    )
    return [
        Standing(
            campaign,
            stage_of(
                is_canceled=campaign.canceled_at is not None,
                is_begun=campaign.is_begun,
                is_going_on=campaign.is_going_on,
                sheet_state=campaign.sheet_state,
                has_good_rows=good_rows(campaign.sheet_counts or {}) > 0,
            ),
            campaign.is_going_on,
        )
        for campaign in found[:limit]
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
