"""Reading the job table: what waits, and what was given up. Each is a few steps in an index, however much is done."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import QuerySet

from api.outbox.models import Job, JobState

COUNTED_TO = 10_000

# Each reads a partial index.
_LOOK = """
    SELECT (
        SELECT run_at FROM outbox
        WHERE state = 'waiting' AND run_at <= %(now)s AND (lease_until IS NULL OR lease_until <= %(now)s)
        ORDER BY run_at LIMIT 1
    ), (SELECT count(*) FROM (SELECT FROM outbox WHERE state = 'dead' LIMIT %(counted_to)s) AS dead)
"""


@dataclass(frozen=True)
class QueueState:
    """`age`: how long the job that has been due the longest waits for a worker. `dead` ends at `COUNTED_TO`."""

    age: timedelta
    dead: int


def queue_state(*, now: datetime) -> QueueState:
    """In one query."""
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, {"now": now, "counted_to": COUNTED_TO})
        due_since, dead = cursor.fetchone()
    return QueueState(age=now - due_since if due_since else timedelta(), dead=dead)


def dead_jobs(kind: str | None = None) -> QuerySet[Job]:
    """Oldest first."""
    dead = Job.objects.filter(state=JobState.DEAD).order_by("id")
    return dead if kind is None else dead.filter(kind=kind)


def count_dead() -> int:
    """10,000 stands for that many and more."""
    return dead_jobs()[:COUNTED_TO].count()


def count_waiting() -> int:
    """10,000 stands for that many and more."""
    return Job.objects.filter(state=JobState.WAITING)[:COUNTED_TO].count()
