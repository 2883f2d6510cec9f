"""Reading gifts: an account's only through `gifts_for`."""

from uuid import UUID

from django.db.models import Prefetch, QuerySet

from api.gifts.models import Gift, GiftEvent, GiftMedia
from api.rendering.models import Render


def gifts_for(account_id: UUID, *, livemode: bool) -> QuerySet[Gift]:
    return Gift.objects.filter(account_id=account_id, livemode=livemode)


def with_details(gifts: QuerySet[Gift]) -> QuerySet[Gift]:
    """What a gift's JSON shows, in two queries however many gifts there are."""
    media = GiftMedia.objects.order_by("gift_id", "position")
    return gifts.select_related("template", "film").prefetch_related(Prefetch("giftmedia_set", media))


def gift_by_token(token: str) -> Gift | None:
    return Gift.objects.select_related("template", "film").filter(token=token).first()


def events_of(gift_id: UUID) -> QuerySet[GiftEvent]:
    return GiftEvent.objects.filter(gift_id=gift_id)


def renders_of(gift_id: UUID) -> QuerySet[Render]:
    return Render.objects.filter(gift_id=gift_id)
