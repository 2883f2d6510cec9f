"""Reading the job table: what waits, and what was given up. Each is a few steps in an index, however much is done."""

from datetime import datetime, timedelta

from django.db.models import QuerySet

from api.outbox.models import Job, JobState

COUNTED_TO = 10_000


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


def queue_age(*, now: datetime) -> timedelta:
    """For how long the job that waits longest has been due; none, if none is due."""
    oldest = Job.objects.filter(state=JobState.WAITING, run_at__lte=now).order_by("run_at").first()
    return timedelta() if oldest is None else now - oldest.run_at
