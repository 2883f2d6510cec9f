"""What the passing of time does to gifts: each sweep finds rows by an index and gives them one by one to a service."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from api.exceptions import ApplicationError
from api.gifts import services
from api.gifts.models import Gift
from api.gifts.states import EXPIRING, GiftStatus
from api.rendering.selectors import overdue_renders
from api.rendering.services import queue_last_look

log = logging.getLogger("giftflick.jobs")

AT_MOST = 500  # a sweep; the next tick goes on
DRAFTS_LIVE = timedelta(days=30)
FAILED_LIVE = timedelta(days=90)
REMEMBERED_FOR = timedelta(days=365)
# Time zone rules change a few times a year; reading the wall times again in their last days is soon enough.
RECOMPUTE_WITHIN = timedelta(days=2)


def deliver_due(now: datetime) -> int:
    due = Gift.objects.filter(status=GiftStatus.SCHEDULED, due_at__lte=now).order_by("due_at")
    return _each(due.values_list("pk", flat=True), lambda gift_id: services.deliver_if_due(gift_id, now=now))


def look_after_overdue_renders(now: datetime) -> int:
    overdue = list(overdue_renders(now=now)[:AT_MOST])
    for render in overdue:
        queue_last_look(render, now=now)
    return len(overdue)


def expire(now: datetime) -> int:
    over = Q(status__in=EXPIRING, expires_at__lte=now)
    failed = Q(status=GiftStatus.FAILED, updated_at__lte=now - FAILED_LIVE)
    return sum(
        _each(
            Gift.objects.filter(due).order_by(first).values_list("pk", flat=True),
            lambda gift_id: services.expire_gift(gift_id, now=now, due=over | failed),
        )
        for due, first in ((over, "expires_at"), (failed, "updated_at"))
    )


def delete_untouched_drafts(now: datetime) -> int:
    since = now - DRAFTS_LIVE
    drafts = Gift.objects.filter(status=GiftStatus.DRAFT, updated_at__lte=since).order_by("updated_at")
    return _each(
        drafts.values_list("pk", flat=True),
        lambda gift_id: services.delete_untouched_draft(gift_id, untouched_since=since, now=now),
    )


def forget(now: datetime) -> int:
    ended = Gift.objects.filter(ended_at__lte=now - REMEMBERED_FOR, forgotten_at=None).order_by("ended_at")
    return _each(ended.values_list("pk", flat=True), lambda gift_id: services.forget_gift(gift_id, now=now))


def recompute_wall_times(now: datetime) -> int:
    soon = Gift.objects.filter(status=GiftStatus.SCHEDULED, due_at__gt=now, due_at__lte=now + RECOMPUTE_WITHIN).exclude(
        deliver_wall=""
    )
    return _each(soon.values_list("pk", flat=True), lambda gift_id: services.recompute_wall_time(gift_id, now=now))


def _each(gift_ids: Iterable[UUID], act: Callable[[UUID], bool | None]) -> int:
    """How many were dealt with; one that another call holds, or that cannot be moved now, waits for the next tick."""
    count = 0
    for gift_id in list(gift_ids[:AT_MOST]):  # type: ignore[index]
        try:
            count += act(gift_id) is not False
        except ApplicationError as refusal:
            log.info("left for the next tick", extra={"gift": str(gift_id), "because": type(refusal).__name__})
    return count
