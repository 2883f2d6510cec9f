"""Counting in the background, in steps that may be cut off or run twice anywhere.

A day is counted when it has no counts yet, and again when something was noted in the timeline of one of its gifts, when
renders or mails of it had no outcome yet, and once a day while it is young or has drafts. Each step is one short
transaction under one lock: whoever counts later writes later, and what it reads is the newest.
"""

import time
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Min, Model, Q

from api.delivery.models import Message
from api.gifts.models import Gift, GiftEvent
from api.gifts.states import GiftStatus
from api.outbox.services import enqueue
from api.rendering.models import Render
from api.today.contents import contents
from api.today.counting import COUNT, DAY, LIVE, MODES, has_open_ends
from api.today.models import Counted, DayCount, Figures
from api.today.selectors import figures_of, is_fresh

JOB = "figures.count"
ABOUT = UUID(int=0)  # the job is about everything
DAYS_A_STEP = 31
SECONDS_A_RUN = 8.0  # a job is begun with 15 s left, and one step may take some more
OVERLAP_MS = 10 * 60 * 1000  # an entry's id is as old as its transaction: none lasts so long
# Days this young are always counted: what happens to their rows is noted nowhere.
ALWAYS = {Counted.GIFTS: 1, Counted.RENDERS: 2, Counted.MAILS: 4}
YOUNG_DAYS = 35  # counted once a day
SWEPT_EVERY = timedelta(minutes=15)
# The query console's logins could take an advisory lock, but have no right to this table; reading it waits for nothing.
LOCK = "LOCK TABLE api_figures IN SHARE ROW EXCLUSIVE MODE"

_TABLES: dict[Counted, type[Model]] = {Counted.GIFTS: Gift, Counted.RENDERS: Render, Counted.MAILS: Message}


def ask_for_figures(*, now: datetime) -> None:
    """Have the figures made anew by a worker: once a minute, however many ask."""
    enqueue(JOB, ABOUT, now=now, dedupe_key=f"{JOB}:{now:%Y-%m-%dT%H:%M}")


def schedule_figures(now: datetime) -> int:
    """Keep them from being old when somebody comes; how many jobs were asked for. None before the first has come."""
    figures = figures_of(LIVE)
    if figures.as_of is None or is_fresh(figures, now=now, within=SWEPT_EVERY):
        return 0
    ask_for_figures(now=now)
    return 1


def make_figures(*, now: datetime, seconds: float = SECONDS_A_RUN) -> bool:
    """Count what has to be counted and put the figures together; False if the time did not suffice for all days."""
    until = time.monotonic() + seconds
    _mark_stale_days(now=now)
    for kind in Counted:
        while days := _days_to_count(kind):
            if time.monotonic() > until:
                return False
            _count(kind, days, now=now)
    with transaction.atomic():
        _lock()
        for mode in MODES:
            Figures.objects.update_or_create(mode=mode, defaults={"as_of": now, "content": contents(mode, now=now)})
    return True


def _lock() -> None:
    """Until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK)


def _mark_stale_days(*, now: datetime) -> None:
    """Those whose gifts have new entries in their timelines, those that may not rest, and those without counts."""
    today = now.date()
    with transaction.atomic():
        _lock()
        figures, _ = Figures.objects.get_or_create(mode=LIVE)
        touched = _days_touched_since(figures.events_up_to)
        due = Q(kind=Counted.GIFTS, day__in=touched) | Q(is_open=True)
        due |= (Q(day__gt=today - DAY * YOUNG_DAYS) | _has_drafts()) & Q(counted_at__lte=now - DAY)
        for kind, days in ALWAYS.items():
            due |= Q(kind=kind, day__gt=today - DAY * days)
        DayCount.objects.filter(due, is_stale=False).update(is_stale=True)
        for kind in Counted:
            DayCount.objects.bulk_create(_missing_days(kind, now=now), ignore_conflicts=True)
        figures.events_up_to = GiftEvent.objects.order_by("-pk").values_list("pk", flat=True).first()
        figures.save(update_fields=["events_up_to"])


def _has_drafts() -> Q:
    """A draft that is deleted, however old, goes with its timeline."""
    holds = [Q(**{f"counts__{mode}__states__has_key": GiftStatus.DRAFT}) for mode in MODES]
    return Q(kind=Counted.GIFTS) & (holds[0] | holds[1])


def _days_touched_since(newest: UUID | None) -> list[date]:
    """Of the gifts with entries newer than that one, and of some older ones, which may have been committed later."""
    if newest is None:
        return []
    since = UUID(int=max(0, (newest.int >> 80) - OVERLAP_MS) << 80)
    dates = GiftEvent.objects.filter(pk__gte=since).order_by().values_list("gift__created_at__date", flat=True)
    return list(dates.distinct())


def _missing_days(kind: Counted, *, now: datetime) -> list[DayCount]:
    oldest = _TABLES[kind]._default_manager.aggregate(oldest=Min("created_at"))["oldest"]  # noqa: SLF001 - documented
    if oldest is None:
        return []
    first, today = oldest.date(), now.date()
    known = set(DayCount.objects.filter(kind=kind).values_list("day", flat=True))
    days = [first + DAY * number for number in range((today - first).days + 1)]
    return [DayCount(kind=kind, day=day, counted_at=now) for day in days if day not in known]


def _days_to_count(kind: Counted) -> list[date]:
    """Newest first."""
    stale = DayCount.objects.filter(kind=kind, is_stale=True).order_by("-day")
    return list(stale.values_list("day", flat=True)[:DAYS_A_STEP])


def _count(kind: Counted, days: Sequence[date], *, now: datetime) -> None:
    with transaction.atomic():
        _lock()
        for day, counts in COUNT[kind](days).items():
            DayCount.objects.filter(kind=kind, day=day).update(
                counts=counts, counted_at=now, is_stale=False, is_open=has_open_ends(kind, counts)
            )
