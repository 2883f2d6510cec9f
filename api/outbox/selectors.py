"""What the job table says of itself: how long due jobs wait, how many were given up."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

# Each reads a partial index.
_LOOK = """
    SELECT (
        SELECT run_at FROM outbox
        WHERE state = 'waiting' AND run_at <= %(now)s AND (lease_until IS NULL OR lease_until <= %(now)s)
        ORDER BY run_at LIMIT 1
    ), (SELECT count(*) FROM outbox WHERE state = 'dead')
"""


@dataclass(frozen=True)
class QueueState:
    """`age`: how long the job that has been due the longest waits for a worker."""

    age: timedelta
    dead: int


def queue_state(*, now: datetime) -> QueueState:
    """In one query."""
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, {"now": now})
        due_since, dead = cursor.fetchone()
    return QueueState(age=now - due_since if due_since else timedelta(), dead=dead)
