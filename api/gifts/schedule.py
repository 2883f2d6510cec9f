"""When a gift is due: instants, and wall times that no change of the clocks can move."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.dateparse import parse_datetime

from api.exceptions import InvalidFieldError

LATEST = timedelta(days=60)
EARLIEST = timedelta(days=-1)


@dataclass(frozen=True)
class Schedule:
    """`wall` is empty for an instant; else `at` is what it means in `zone` by the rules known now."""

    at: datetime | None
    wall: str
    zone: str


def read_schedule(given: str | None, zone: str, *, now: datetime) -> Schedule:
    """Read `deliver_at`: with an offset an instant, without one a wall time in `zone`, None as soon as it may.

    Raises InvalidFieldError on `deliver_at` or `timezone`.
    """
    if zone:
        zone_named(zone)
    if given is None:
        return Schedule(at=None, wall="", zone=zone)
    parsed = _parse(given)
    if parsed.tzinfo is not None:
        return _within_bounds(Schedule(at=_to_utc(parsed), wall="", zone=zone), now=now)
    if not zone:
        raise InvalidFieldError("timezone", "required", "A time without an offset needs a timezone.")
    return _within_bounds(
        Schedule(at=instant_of(parsed.isoformat(), zone), wall=parsed.isoformat(), zone=zone), now=now
    )


def in_zone(schedule: Schedule, zone: str, *, now: datetime) -> Schedule:
    """The same wall time in another zone; an instant stays the instant it is."""
    zone_named(zone)
    if not schedule.wall:
        return Schedule(at=schedule.at, wall="", zone=zone)
    return _within_bounds(Schedule(at=instant_of(schedule.wall, zone), wall=schedule.wall, zone=zone), now=now)


def instant_of(wall: str, zone: str) -> datetime:
    """A wall time that does not exist is read with the offset before the gap, one that exists twice as the first.

    Both are what PEP 495 calls fold=0.
    """
    return _to_utc(datetime.fromisoformat(wall).replace(tzinfo=zone_named(zone), fold=0))


def zone_named(zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidFieldError("timezone", "unknown_timezone", "Use an IANA name such as Australia/Sydney.") from error


def _parse(given: str) -> datetime:
    try:
        parsed = parse_datetime(given) if "T" in given.upper() else None
    except ValueError:
        parsed = None
    if parsed is None:
        raise InvalidFieldError("deliver_at", "invalid", "Use RFC 3339, such as 2026-12-24T21:00:00Z.")
    return parsed


def _to_utc(parsed: datetime) -> datetime:
    try:
        return parsed.astimezone(UTC)
    except OverflowError as error:
        raise InvalidFieldError("deliver_at", "invalid", "This time is out of range.") from error


def _within_bounds(schedule: Schedule, *, now: datetime) -> Schedule:
    assert schedule.at is not None  # noqa: S101 - both callers computed it
    if schedule.at - now > LATEST:
        raise InvalidFieldError("deliver_at", "too_far", f"At most {LATEST.days} days ahead.")
    if schedule.at - now < EARLIEST:
        raise InvalidFieldError("deliver_at", "in_the_past", "This time is more than a day past.")
    return schedule
