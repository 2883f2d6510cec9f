"""The job table's four moves: enqueue, claim, finish, and giving up."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from api.audit.services import Change, record_each
from api.outbox.models import Job, JobState
from api.outbox.wakers import wake_after_commit
from giftflick.logs import request_id

# A function's time limit (60 s) and half as much again: whoever held the lease is dead when it ends.
LEASE = timedelta(seconds=90)
BACKOFF = tuple(
    timedelta(seconds=seconds) for seconds in (5, 30, 2 * 60, 10 * 60, 30 * 60, 2 * 3600, 6 * 3600, 12 * 3600)
)
SPREAD = 0.2  # each wait is up to this share longer or shorter, so that a crowd does not return at once
KEEP_DONE = timedelta(days=7)

_ENQUEUE = """
    INSERT INTO outbox (kind, dedupe_key, ref_id, run_at, state, attempts, last_error, request_id, created_at)
    VALUES (%s, %s, %s, %s, 'waiting', 0, '', %s, %s) ON CONFLICT (dedupe_key) DO NOTHING
"""

# A lease that ends later than a lease lasts was taken by another clock (`manage.py tick --now`): it does not hold.
_DUE = """
    state = 'waiting' AND run_at <= %(now)s
    AND (lease_until IS NULL OR lease_until <= %(now)s OR lease_until > %(lease_until)s)
"""
_CLAIM = f"""
    UPDATE outbox SET lease_until = %(lease_until)s, lease_token = gen_random_uuid(), attempts = attempts + 1
    WHERE id IN (
        SELECT id FROM outbox
        WHERE {_DUE} ORDER BY run_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    )
    RETURNING id, kind, ref_id, attempts, lease_token, request_id
"""  # noqa: S608 - put together from constants
_ANY_DUE = f"SELECT EXISTS (SELECT FROM outbox WHERE {_DUE})"  # noqa: S608


@dataclass(frozen=True)
class Claim:
    """A job that this process may run until the lease ends; `token` fences off whoever comes too late."""

    id: int
    kind: str
    ref_id: UUID
    attempts: int
    token: UUID
    request_id: str


def enqueue(
    kind: str, ref_id: UUID, *, now: datetime, run_at: datetime | None = None, dedupe_key: str | None = None
) -> None:
    """Write a job into the transaction that causes it; a second one with the same `dedupe_key` changes nothing.

    It keeps the id of the request that is being served. Workers are woken after the commit.
    """
    dedupe_key = dedupe_key or f"{kind}:{ref_id}"
    with connection.cursor() as cursor:
        cursor.execute(_ENQUEUE, [kind, dedupe_key, ref_id, run_at or now, request_id.get(), now])
    if run_at is None or run_at <= now:
        wake_after_commit()


def claim(*, now: datetime, limit: int) -> list[Claim]:
    """Lease up to `limit` jobs that are due, the longest due first; other workers skip them.

    One statement outside any transaction: a process killed after it loses the lease's time, no job.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"now": now, "lease_until": now + LEASE, "limit": limit})
        return [Claim(*row) for row in cursor.fetchall()]


def is_any_due(*, now: datetime) -> bool:
    """Whether `claim` would find something."""
    with connection.cursor() as cursor:
        cursor.execute(_ANY_DUE, {"now": now, "lease_until": now + LEASE})
        return bool(cursor.fetchone()[0])


def finish(claimed: Claim, *, now: datetime) -> bool:
    """False if the lease had gone to another process."""
    return _end(claimed, state=JobState.DONE, finished_at=now, last_error="")


def put_off(claimed: Claim, *, until: datetime, is_progress: bool = False) -> bool:
    """Run it again then, as if this attempt had not been; after progress, as if none had been."""
    return _end(claimed, run_at=until, attempts=0 if is_progress else claimed.attempts - 1)


def retry_later(claimed: Claim, *, now: datetime, reason: str, retry_after: timedelta | None = None) -> bool:
    """Wait longer after each attempt, but never less than the other side asked for."""
    wait = BACKOFF[claimed.attempts - 1] * random.uniform(1 - SPREAD, 1 + SPREAD)  # noqa: S311 - spread, no secret
    return _end(claimed, run_at=now + max(wait, retry_after or timedelta()), last_error=reason[:500])


def give_up(claimed: Claim, *, now: datetime, reason: str) -> bool:
    return _end(claimed, state=JobState.DEAD, finished_at=now, last_error=reason[:500])


def has_attempts_left(claimed: Claim) -> bool:
    return claimed.attempts <= len(BACKOFF)


def is_worn_out(claimed: Claim) -> bool:
    """All its attempts were begun before this one, and the last took its worker down with it."""
    return claimed.attempts > len(BACKOFF) + 1


def revive(job_ids: Sequence[int], *, now: datetime) -> int:
    """Give dead jobs all their attempts again."""
    with transaction.atomic():
        dead = _lock_dead(job_ids)
        Job.objects.filter(pk__in=[job.pk for job in dead]).update(
            state=JobState.WAITING, run_at=now, attempts=0, lease_until=None, lease_token=None, finished_at=None
        )
        record_each("job.revived", (_change(job, state=JobState.WAITING, attempts=0) for job in dead), now=now)
        wake_after_commit()
    return len(dead)


def bring_forward(job_ids: Sequence[int], *, now: datetime) -> int:
    """Run jobs now that were put off to later; those that are being run are left alone. How many."""
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    with transaction.atomic():
        brought = Job.objects.filter(free, pk__in=job_ids, state=JobState.WAITING, run_at__gt=now).update(run_at=now)
        wake_after_commit()
    return brought


def forget_dead(job_ids: Sequence[int], *, now: datetime) -> int:
    """Remove dead jobs that nobody wants done any more; how many."""
    with transaction.atomic():
        dead = _lock_dead(job_ids)
        record_each("job.forgotten", (_change(job, state=None, kind=None, ref_id=None) for job in dead), now=now)
        Job.objects.filter(pk__in=[job.pk for job in dead]).delete()
    return len(dead)


def purge_done(*, now: datetime) -> int:
    """Forget jobs done a week ago. Until then their dedupe keys hold."""
    removed, _ = Job.objects.filter(state=JobState.DONE, finished_at__lt=now - KEEP_DONE).delete()
    return removed


def _lock_dead(job_ids: Sequence[int]) -> list[Job]:
    """Those that are dead; always in the same order, so that two who choose the same wait for each other."""
    return list(Job.objects.select_for_update().filter(pk__in=job_ids, state=JobState.DEAD).order_by("pk"))


def _change(job: Job, **after: object) -> Change:
    return Change(job, {name: [getattr(job, name), value] for name, value in after.items()})


def _end(claimed: Claim, **changes: object) -> bool:
    rows = Job.objects.filter(pk=claimed.id, lease_token=claimed.token).update(
        lease_until=None, lease_token=None, **changes
    )
    return rows == 1
