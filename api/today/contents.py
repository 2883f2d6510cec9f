"""The figures of a mode, put together from the days' counts and a few counts of what is open now."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Sum
from django.db.models.functions import TruncDate

from api.delivery.models import Message
from api.gifts.models import Gift
from api.gifts.states import EXPIRING
from api.media.models import Upload, UploadStatus
from api.today.counting import DAY, midnight
from api.today.models import Counted, DayCount
from api.webhooks.models import WebhookEndpoint
from api.webhooks.states import DisabledReason

WINDOWS = (7, 30, 90)  # days, today among them
CHART_DAYS = 30
SHOPS_SHOWN = 8
SHOPS_OF_DAYS = 30
DOUBLES_OF_DAYS = 30
EXPIRING_WITHIN_DAYS = 7
STEPS = ("rendered", "sent", "watched", "thanked")

Json = dict[str, Any]
ByDay = Mapping[date, Json]


def contents(mode: str, *, now: datetime) -> Json:
    """Figures as JSON; what each number means is said in `api.today.panels`, where it is shown."""
    today = now.date()
    gifts, renders, mails = (_days(kind, mode) for kind in (Counted.GIFTS, Counted.RENDERS, Counted.MAILS))
    is_live = mode == "live"
    return {
        "states": _sum(day["states"] for day in gifts.values()),
        "days": [
            {"day": day.isoformat(), "states": gifts[day]["states"] if day in gifts else {}}
            for day in _last(today, CHART_DAYS)
        ],
        "windows": {str(days): _window(today, days, gifts, renders, mails) for days in WINDOWS},
        "shops": _shops(today, gifts),
        "expiring": _expiring(today, is_live=is_live),
        "needs": _needs(today, is_live=is_live),
        "kept": {
            "film_bytes": sum(day["film_bytes"] for day in gifts.values()),
            **_uploads(is_live=is_live),
        },
        "month": _month(today, renders, mails),
    }


def _days(kind: Counted, mode: str) -> dict[date, Json]:
    return {row.day: row.counts[mode] for row in DayCount.objects.filter(kind=kind) if row.counts}


def _last(today: date, days: int) -> list[date]:
    """Oldest first, today the last of them."""
    return [today - DAY * ago for ago in reversed(range(days))]


def _window(today: date, days: int, gifts: ByDay, renders: ByDay, mails: ByDay) -> Json:
    of_gifts, of_renders, of_mails = (
        [by_day[day] for day in _last(today, days) if day in by_day] for by_day in (gifts, renders, mails)
    )
    seconds = _sum(day["seconds"] for day in of_renders)
    return {
        "gifts": {
            "created": sum(sum(day["states"].values()) for day in of_gifts),
            **{step: sum(day[step] for day in of_gifts) for step in STEPS},
        },
        "renders": {
            "states": _sum(day["states"] for day in of_renders),
            "median_s": share_point(seconds, 0.5),
            "p95_s": share_point(seconds, 0.95),
        },
        "mails": _sum(day["states"] for day in of_mails),
    }


def share_point(seconds: Mapping[str, int], share: float) -> int | None:
    """The fewest whole seconds within which that share of them was done; None of nothing."""
    total, reached = sum(seconds.values()), 0
    for value in sorted(seconds, key=int):
        reached += seconds[value]
        if reached >= share * total:
            return int(value)
    return None


def _shops(today: date, gifts: ByDay) -> list[Json]:
    """Those with most gifts first."""
    totals: dict[str, Counter[str]] = {}
    for day in _last(today, SHOPS_OF_DAYS):
        for shop, counts in gifts[day]["shops"].items() if day in gifts else ():
            totals.setdefault(shop, Counter()).update(counts)
    first = sorted(totals.items(), key=lambda item: (-item[1]["made"], item[0]))[:SHOPS_SHOWN]
    return [{"id": shop, **counts} for shop, counts in first]


def _expiring(today: date, *, is_live: bool) -> list[Json]:
    """By day, from today on."""
    end = midnight(today + DAY * EXPIRING_WITHIN_DAYS)
    gifts = Gift.objects.filter(
        status__in=sorted(EXPIRING), livemode=is_live, expires_at__gte=midnight(today), expires_at__lt=end
    )
    counts = dict(gifts.values_list(TruncDate("expires_at")).annotate(Count("pk")).order_by())
    days = [today + DAY * ahead for ahead in range(EXPIRING_WITHIN_DAYS)]
    return [{"day": day.isoformat(), "gifts": counts.get(day, 0)} for day in days]


def _needs(today: date, *, is_live: bool) -> Json:
    since = midnight(today - DAY * (DOUBLES_OF_DAYS - 1))
    switched_off = [DisabledReason.FAILING, DisabledReason.GONE]
    return {
        "doubles": Message.objects.filter(is_possible_double=True, livemode=is_live, created_at__gte=since).count(),
        "webhooks": WebhookEndpoint.objects.filter(
            enabled=False, disabled_reason__in=switched_off, livemode=is_live
        ).count(),
    }


def _uploads(*, is_live: bool) -> Json:
    kept = Upload.objects.filter(status=UploadStatus.READY, livemode=is_live)
    return {"upload_bytes": int(kept.aggregate(bytes=Sum("size"))["bytes"] or 0)}


def _month(today: date, renders: ByDay, mails: ByDay) -> Json:
    """What was rendered and taken by the mail service since the first of the month."""
    days = _last(today, today.day)
    return {
        "film_s": sum(renders[day]["film_s"] for day in days if day in renders),
        "mails": sum(mails[day]["accepted"] for day in days if day in mails),
    }


def _sum(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(total)
