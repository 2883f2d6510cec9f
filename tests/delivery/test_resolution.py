from datetime import UTC, datetime, timedelta

import pytest

from api.delivery.resolution import Resend, Wait, resolve

STARTED = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def after(**passed: float) -> datetime:
    return STARTED + timedelta(**passed)


@pytest.mark.parametrize(
    ("now", "feed_is_past", "decision"),
    [
        (STARTED, False, Wait(until=after(minutes=5))),
        (STARTED, True, Wait(until=after(minutes=5))),
        (after(minutes=4, seconds=59), True, Wait(until=after(minutes=5))),
        (after(minutes=5), True, Resend(is_possible_double=False)),
        (after(minutes=5), False, Wait(until=after(minutes=6))),
        (after(minutes=29, seconds=30), False, Wait(until=after(minutes=30))),
        (after(minutes=29, seconds=59), True, Resend(is_possible_double=False)),
        (after(minutes=30), False, Resend(is_possible_double=True)),
        (after(minutes=30), True, Resend(is_possible_double=False)),
        (after(days=3), False, Resend(is_possible_double=True)),
    ],
)
def test_unknown_mail_waits_for_the_feed_until_the_feed_counts_as_dead(
    now: datetime, feed_is_past: bool, decision: Wait | Resend
) -> None:
    assert resolve(started_at=STARTED, feed_is_past=feed_is_past, now=now) == decision
