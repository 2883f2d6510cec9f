"""Counting the gifts, renders and mails of given days, in UTC, live and test apart: one stretch of an index each."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from django.db import connection

from api.delivery.states import OPEN as OPEN_MAILS
from api.gifts.states import ENDED
from api.rendering.states import OPEN as OPEN_RENDERS
from api.today.models import Counted

DAY = timedelta(days=1)
LIVE, TEST = "live", "test"
MODES = (LIVE, TEST)

Counts = dict[str, Any]  # mode -> what was counted
Days = dict[date, Counts]

_DAY = "({}.created_at AT TIME ZONE 'UTC')::date AS day"
_WITHIN = "{0}.created_at >= %(start)s AND {0}.created_at < %(end)s"

# A film is alive until its gift has ended.
_GIFTS = f"""
    SELECT day, livemode, account_id::text, status, count(*), count(rendered_at), count(sent_at), count(watched_at),
        count(*) FILTER (WHERE is_thanked), coalesce(sum(film_bytes), 0)
    FROM (
        SELECT {_DAY.format("g")}, g.livemode, g.account_id, g.status, g.rendered_at, g.sent_at, g.watched_at,
            (SELECT true FROM api_thanks t WHERE t.gift_id = g.id LIMIT 1) AS is_thanked,
            CASE WHEN g.status <> ALL (%(ended)s) THEN (
                SELECT sum(r.size_bytes) FROM api_render r WHERE r.gift_id = g.id AND r.status = 'succeeded'
            ) END AS film_bytes
        FROM api_gift g WHERE {_WITHIN.format("g")}
    ) AS gifts
    GROUP BY 1, 2, 3, 4
"""  # noqa: S608 - put together from constants

_RENDERS = f"""
    SELECT {_DAY.format("r")}, g.livemode, r.status,
        CASE WHEN r.status = 'succeeded' THEN round(extract(epoch FROM r.finished_at - r.created_at))::int END,
        count(*), coalesce(sum(r.duration_s) FILTER (WHERE r.status = 'succeeded'), 0)
    FROM api_render r JOIN api_gift g ON g.id = r.gift_id WHERE {_WITHIN.format("r")}
    GROUP BY 1, 2, 3, 4
"""  # noqa: S608

_MAILS = f"""
    SELECT {_DAY.format("m")}, m.livemode, m.status, count(*), count(m.accepted_at)
    FROM api_message m WHERE {_WITHIN.format("m")}
    GROUP BY 1, 2, 3
"""  # noqa: S608


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def count_gifts(days: Sequence[date]) -> Days:
    """By state; how far they have come; each shop's; the bytes of their films."""
    counted = _empty(days, lambda: {"states": {}, "rendered": 0, "sent": 0, "watched": 0, "thanked": 0,
                                    "film_bytes": 0, "shops": {}})  # fmt: skip
    for day, livemode, shop, status, made, rendered, sent, watched, thanked, size in _rows(
        _GIFTS, days, ended=sorted(ENDED)
    ):
        counts = counted[day][LIVE if livemode else TEST]
        of_shop = counts["shops"].setdefault(shop, {"made": 0, "sent": 0, "watched": 0})
        _add(counts["states"], status, made)
        for name, number in (("rendered", rendered), ("sent", sent), ("watched", watched), ("thanked", thanked)):
            counts[name] += number
        for name, number in (("made", made), ("sent", sent), ("watched", watched)):
            of_shop[name] += number
        counts["film_bytes"] += int(size)
    return counted


def count_renders(days: Sequence[date]) -> Days:
    """By state; how many took how many seconds from being ordered to a verified film; the length of what was made."""
    counted = _empty(days, lambda: {"states": {}, "seconds": {}, "film_s": 0.0})
    for day, livemode, status, seconds, number, film_s in _rows(_RENDERS, days):
        counts = counted[day][LIVE if livemode else TEST]
        _add(counts["states"], status, number)
        if seconds is not None:
            _add(counts["seconds"], str(seconds), number)
        counts["film_s"] += film_s
    return counted


def count_mails(days: Sequence[date]) -> Days:
    """By state; how many the mail service has taken, which is what it charges for."""
    counted = _empty(days, lambda: {"states": {}, "accepted": 0})
    for day, livemode, status, number, accepted in _rows(_MAILS, days):
        counts = counted[day][LIVE if livemode else TEST]
        _add(counts["states"], status, number)
        counts["accepted"] += accepted
    return counted


COUNT: dict[Counted, Callable[[Sequence[date]], Days]] = {
    Counted.GIFTS: count_gifts,
    Counted.RENDERS: count_renders,
    Counted.MAILS: count_mails,
}


def has_open_ends(kind: Counted, counts: Counts) -> bool:
    """Whether a day's counts will be others soon without anything being noted in a timeline."""
    open_states = {Counted.RENDERS: OPEN_RENDERS, Counted.MAILS: OPEN_MAILS}.get(kind, frozenset())
    return any(counts[mode]["states"].get(status) for mode in MODES for status in open_states)


def _rows(statement: str, days: Sequence[date], **values: Any) -> Iterator[tuple[Any, ...]]:
    """Days in a row are read in one go: with two plain bounds PostgreSQL knows how few rows lie between them."""
    with connection.cursor() as cursor:
        for first, last in _in_a_row(days):
            cursor.execute(statement, {"start": midnight(first), "end": midnight(last + DAY), **values})
            yield from cursor.fetchall()


def _in_a_row(days: Sequence[date]) -> Iterator[tuple[date, date]]:
    """First and last of each stretch without a gap."""
    for _, stretch in groupby(enumerate(sorted(days)), lambda numbered: numbered[1] - DAY * numbered[0]):
        together = [day for _, day in stretch]
        yield together[0], together[-1]


def _empty(days: Sequence[date], new: Callable[[], Any]) -> Days:
    return {day: {mode: new() for mode in MODES} for day in days}


def _add(counts: dict[str, int], name: str, number: int) -> None:
    counts[name] = counts.get(name, 0) + number
