"""The gifts that a founder looks for most, in a founder's words. Each is read by an index, whatever the day."""

from datetime import timedelta
from typing import Any

from django.db.models import F, QuerySet
from django.utils import timezone

from api.gifts.states import GiftStatus, OrderStatus
from api.time_keys import key_at
from giftflick.admin_filters import SituationFilter

Gifts = QuerySet[Any]


def _uncorrected(gifts: Gifts) -> Gifts:
    return gifts.filter(status=GiftStatus.BOUNCED, recipient_email=F("bounced_email"))


def _failed_today(gifts: Gifts) -> Gifts:
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return gifts.filter(status=GiftStatus.FAILED, updated_at__gte=today)


def _unpaid(gifts: Gifts) -> Gifts:
    return gifts.filter(status=GiftStatus.READY, order_required=True).exclude(order_status=OrderStatus.PAID)


def _this_week(gifts: Gifts) -> Gifts:
    return gifts.filter(status=GiftStatus.SCHEDULED, due_at__lt=timezone.now() + timedelta(days=7))


def _unwatched(gifts: Gifts) -> Gifts:
    """The key says when it was made, which was before it was sent: so the index is entered there."""
    before = timezone.now() - timedelta(days=14)
    return gifts.filter(status=GiftStatus.SENT, sent_at__lt=before, pk__lt=key_at(before))


class GiftSituation(SituationFilter):
    situations = {
        "bounced_uncorrected": ("Bounced, not corrected", _uncorrected),
        "failed_today": ("Failed today", _failed_today),
        "unpaid": ("Waiting for payment", _unpaid),
        "scheduled_this_week": ("Scheduled this week", _this_week),
        "unwatched": ("Sent, not watched after 14 days", _unwatched),
    }


READY_FILTERS = [(words, f"situation={value}") for value, (words, _) in GiftSituation.situations.items()]
