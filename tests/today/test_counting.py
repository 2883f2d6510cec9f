"""When days are counted again, and what comes of counting that several do at once; cut off: `tests.drills`."""

import threading
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from api.gifts import services
from api.gifts.models import GiftEvent
from api.outbox.drain import drain
from api.outbox.models import Job
from api.rendering.models import Render
from api.templates.models import Template
from api.tick import HANDLERS, SWEEPS
from api.today.counting import COUNT
from api.today.models import Counted, DayCount, Figures
from api.today.services import JOB, ask_for_figures, make_figures, schedule_figures
from bench.admin_filling import fill
from tests import build
from tests.search.test_plans import BIG, scans, selects

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def states(mode: str = "live") -> dict[str, int]:
    content: dict[str, Any] = Figures.objects.get(pk=mode).content
    counts: dict[str, int] = content["states"]
    return counts


def counted_days(at: datetime) -> set[date]:
    """The days whose gifts were counted then."""
    return set(DayCount.objects.filter(kind=Counted.GIFTS, counted_at=at).values_list("day", flat=True))


def test_nothing_at_all_is_counted_too(db: None, now: datetime) -> None:
    assert make_figures(now=now)

    assert (states(), states("test"), DayCount.objects.count()) == ({}, {}, 0)


def test_old_days_are_counted_once(account: Account, template: Template, noon: datetime) -> None:
    for ago in (0, 2, 50):
        build.draft(account, noon - ago * DAY)
    make_figures(now=noon)
    GiftEvent.objects.all().delete()  # as if they were older than the last look into the timelines

    make_figures(now=noon + MINUTE)

    assert counted_days(noon + MINUTE) == {noon.date()}


def test_a_day_is_counted_again_when_something_happened_to_its_gifts(
    account: Account, template: Template, noon: datetime
) -> None:
    old, older = build.sent(account, noon - 50 * DAY), build.draft(account, noon - 60 * DAY)
    make_figures(now=noon)
    GiftEvent.objects.filter(gift=older).delete()

    services.record_progress(old.pk, percent=25, now=noon + MINUTE)
    make_figures(now=noon + MINUTE)

    assert states() == {"watched": 1, "draft": 1}
    assert counted_days(noon + MINUTE) == {noon.date(), old.created_at.date()}


def test_a_young_day_is_counted_once_a_day_whatever_happens(
    account: Account, template: Template, now: datetime
) -> None:
    gift = build.draft(account, now - 30 * DAY)
    make_figures(now=now)
    gift.delete()  # an untouched draft goes without an entry in any timeline

    make_figures(now=now + MINUTE)
    assert states() == {"draft": 1}
    make_figures(now=now + DAY)
    assert states() == {}


@pytest.mark.parametrize("livemode", [True, False])
def test_a_day_with_drafts_is_counted_once_a_day_however_old(
    account: Account, template: Template, now: datetime, livemode: bool
) -> None:
    mode = "live" if livemode else "test"
    gift = build.draft(account, now - 60 * DAY, livemode=livemode)
    make_figures(now=now)
    gift.delete()

    make_figures(now=now + MINUTE)
    assert states(mode) == {"draft": 1}
    make_figures(now=now + DAY)
    assert states(mode) == {}


def test_renders_without_an_outcome_are_looked_at_again(account: Account, template: Template, now: datetime) -> None:
    gift = build.rendering(account, now - 5 * DAY)
    make_figures(now=now)
    before = Figures.objects.get(pk="live").content["windows"]["7"]["renders"]["states"]
    Render.objects.filter(gift=gift).update(status="failed", finished_at=now)

    make_figures(now=now + MINUTE)

    after = Figures.objects.get(pk="live").content["windows"]["7"]["renders"]["states"]
    assert (before, after) == ({"queued": 1}, {"failed": 1})
    assert not DayCount.objects.get(kind="renders", day=gift.created_at.date()).is_open


def test_too_little_time_is_made_up_for_by_the_next_run(account: Account, template: Template, now: datetime) -> None:
    build.draft(account, now)

    assert make_figures(now=now, seconds=-1) is False
    assert Figures.objects.get(pk="live").as_of is None
    assert make_figures(now=now) is True


@pytest.mark.django_db(transaction=True)
def test_many_at_once_count_everything_once(account: Account, template: Template, now: datetime) -> None:
    gifts = [build.sent(account, now - ago * DAY) for ago in (0, 40, 80)]
    trouble: list[BaseException] = []

    def count(number: int) -> None:
        try:
            make_figures(now=now + number * MINUTE)
            services.record_progress(gifts[number % 3].pk, percent=25, now=now + number * MINUTE)
            make_figures(now=now + number * MINUTE)
        except BaseException as error:  # noqa: BLE001 - told by the test
            trouble.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=count, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    make_figures(now=now + 9 * MINUTE)

    assert trouble == []
    assert states() == {"watched": 3}
    assert Figures.objects.get(pk="live").content["windows"]["90"]["gifts"]["created"] == 3


@pytest.mark.django_db(transaction=True)
def test_it_is_asked_for_once_a_minute_and_done_by_a_worker(
    account: Account, template: Template, now: datetime
) -> None:
    build.draft(account, now)
    for _ in range(3):
        ask_for_figures(now=now)
    assert Job.objects.filter(kind=JOB).count() == 1

    drain(clock=lambda: now, until=now + MINUTE)

    assert Job.objects.get(kind=JOB).state == "done"
    assert states() == {"draft": 1}


def test_the_tick_keeps_them_from_getting_old(db: None, now: datetime) -> None:
    assert "figures for the first page" in SWEEPS
    assert any(handlers.__name__ == "api.today.tasks" for handlers in HANDLERS)
    assert schedule_figures(now) == 0  # nobody has looked yet
    make_figures(now=now)

    asked = [schedule_figures(at) for at in (now + 14 * MINUTE, now + 16 * MINUTE, now - DAY)]

    assert asked == [0, 1, 1]


def test_what_counting_costs_does_not_grow_with_what_is_old(db: None, now: datetime) -> None:
    """By the rows that are read of today's gifts, renders and mails, among few and among many older ones."""
    few, many = (rows_read_today(days, now) for days in (100, 400))

    assert set(many) == {"api_gift", "api_render", "api_message"}
    assert {table: rows for table, rows in many.items() if rows > 1.2 * few[table] + 10} == {}


def rows_read_today(days: int, now: datetime) -> dict[str, int]:
    """With 50 gifts on each of so many days."""
    with transaction.atomic(), connection.cursor() as cursor:
        fill(cursor, 50 * days, now=now, days=days)
        for table in BIG:
            cursor.execute(f"ANALYZE {table}")
        with CaptureQueriesContext(connection) as captured:
            for count in COUNT.values():
                count([now.date()])
        read: dict[str, int] = {}
        for table, _, rows in scans(selects(captured)):
            read[table] = read.get(table, 0) + rows
        transaction.set_rollback(True)
        return read
