"""Instants, wall times and the changes of clocks."""

from datetime import UTC, datetime, timedelta

import pytest

from api.exceptions import InvalidFieldError
from api.gifts.schedule import Schedule, in_zone, instant_of, read_schedule

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SYDNEY, BERLIN = "Australia/Sydney", "Europe/Berlin"


def test_an_instant_needs_no_zone() -> None:
    schedule = read_schedule("2026-12-24T21:00:00+01:00", "", now=NOW)

    assert schedule == Schedule(at=datetime(2026, 12, 24, 20, 0, tzinfo=UTC), wall="", zone="")


def test_a_wall_time_is_read_in_its_zone() -> None:
    schedule = read_schedule("2026-12-25T08:00:00", SYDNEY, now=NOW)

    assert schedule == Schedule(at=datetime(2026, 12, 24, 21, 0, tzinfo=UTC), wall="2026-12-25T08:00:00", zone=SYDNEY)


def test_none_means_as_soon_as_it_may() -> None:
    assert read_schedule(None, SYDNEY, now=NOW) == Schedule(at=None, wall="", zone=SYDNEY)


@pytest.mark.parametrize(
    ("wall", "zone", "instant"),
    [
        (
            "2026-03-29T02:30:00",
            BERLIN,
            datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        ),  # does not exist: +01:00, before the gap
        ("2026-10-25T02:30:00", BERLIN, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # exists twice: the first, +02:00
        ("2027-04-04T02:30:00", SYDNEY, datetime(2027, 4, 3, 15, 30, tzinfo=UTC)),  # exists twice: the first, +11:00
        ("2026-10-04T02:30:00", SYDNEY, datetime(2026, 10, 3, 16, 30, tzinfo=UTC)),  # does not exist: +10:00
        ("2026-12-24T21:00:00.123456", "UTC", datetime(2026, 12, 24, 21, 0, 0, 123456, tzinfo=UTC)),
    ],
)
def test_wall_times_at_a_change_of_clocks(wall: str, zone: str, instant: datetime) -> None:
    assert instant_of(wall, zone) == instant


@pytest.mark.parametrize(
    ("given", "zone", "field", "code"),
    [
        ("soon", "", "deliver_at", "invalid"),
        ("2026-12-24", SYDNEY, "deliver_at", "invalid"),
        ("2026-02-30T10:00:00Z", "", "deliver_at", "invalid"),
        ("2026-12-24T21:00:00", "", "timezone", "required"),
        ("2026-12-24T21:00:00", "Sydney", "timezone", "unknown_timezone"),
        (None, "Mars/Olympus", "timezone", "unknown_timezone"),
        (None, "../etc/passwd", "timezone", "unknown_timezone"),
        ("2027-01-22T12:00:01Z", "", "deliver_at", "too_far"),
        ("2026-11-22T11:59:59Z", "", "deliver_at", "in_the_past"),
        ("9999-12-31T23:59:59-12:00", "", "deliver_at", "invalid"),
        ("0001-01-01T00:00:00", SYDNEY, "deliver_at", "invalid"),
        ("0489-01-01T00:00:00Z", "", "deliver_at", "in_the_past"),
    ],
)
def test_what_cannot_be_a_time_is_refused(given: str | None, zone: str, field: str, code: str) -> None:
    with pytest.raises(InvalidFieldError) as refusal:
        read_schedule(given, zone, now=NOW)

    assert [(error.field, error.code) for error in refusal.value.errors] == [(field, code)]


@pytest.mark.parametrize("edge", [timedelta(days=60), timedelta(days=-1)])
def test_the_bounds_are_inclusive(edge: timedelta) -> None:
    assert read_schedule((NOW + edge).isoformat(), "", now=NOW).at == NOW + edge


def test_another_zone_keeps_the_wall_time() -> None:
    schedule = read_schedule("2026-12-25T08:00:00", SYDNEY, now=NOW)

    moved = in_zone(schedule, BERLIN, now=NOW)

    assert moved == Schedule(at=datetime(2026, 12, 25, 7, 0, tzinfo=UTC), wall="2026-12-25T08:00:00", zone=BERLIN)


def test_another_zone_leaves_an_instant_alone() -> None:
    schedule = read_schedule("2026-12-24T20:00:00Z", SYDNEY, now=NOW)

    assert in_zone(schedule, BERLIN, now=NOW) == Schedule(at=schedule.at, wall="", zone=BERLIN)
