"""The job table: once each, fenced, backed off, given up."""

import threading
from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connections, transaction

from api.outbox import services
from api.outbox.models import Job
from api.outbox.services import BACKOFF, LEASE, SPREAD

SECOND = timedelta(seconds=1)


def enqueue(now: datetime, count: int = 1) -> list[UUID]:
    ids = [uuid4() for _ in range(count)]
    for ref_id in ids:
        services.enqueue("kind", ref_id, now=now)
    return ids


@pytest.mark.django_db
def test_a_job_rolled_back_with_its_cause_never_was(now: datetime) -> None:
    def cause() -> None:
        with transaction.atomic():
            enqueue(now)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cause()

    assert Job.objects.count() == 0


@pytest.mark.django_db
def test_the_same_dedupe_key_is_one_job(now: datetime) -> None:
    ref_id = uuid4()
    services.enqueue("kind", ref_id, now=now)
    services.enqueue("kind", ref_id, now=now + SECOND)
    services.enqueue("kind", ref_id, now=now, dedupe_key="another")

    assert sorted(Job.objects.values_list("dedupe_key", flat=True)) == ["another", f"kind:{ref_id}"]


@pytest.mark.django_db
def test_a_claimed_job_is_not_claimed_again_before_its_lease_ends(now: datetime) -> None:
    enqueue(now)
    assert len(services.claim(now=now, limit=10)) == 1

    assert services.claim(now=now + LEASE - SECOND, limit=10) == []
    (again,) = services.claim(now=now + LEASE, limit=10)

    assert again.attempts == 2


@pytest.mark.django_db
def test_the_longest_due_are_claimed_first_and_no_more_than_asked(now: datetime) -> None:
    late, later, future = uuid4(), uuid4(), uuid4()
    services.enqueue("kind", later, now=now, run_at=now - SECOND)
    services.enqueue("kind", late, now=now, run_at=now - 2 * SECOND)
    services.enqueue("kind", future, now=now, run_at=now + SECOND)

    assert [claimed.ref_id for claimed in services.claim(now=now, limit=1)] == [late]
    assert [claimed.ref_id for claimed in services.claim(now=now, limit=5)] == [later]


@pytest.mark.django_db
def test_who_lost_the_lease_changes_nothing(now: datetime) -> None:
    enqueue(now)
    (first,) = services.claim(now=now, limit=1)
    (second,) = services.claim(now=now + LEASE, limit=1)

    assert services.finish(first, now=now + LEASE) is False
    assert services.retry_later(first, now=now, reason="late") is False
    assert services.give_up(first, now=now, reason="late") is False
    assert Job.objects.get().state == "waiting"
    assert services.finish(second, now=now + LEASE) is True
    assert Job.objects.get().state == "done"


@pytest.mark.django_db
def test_a_lease_from_another_time_does_not_hold(now: datetime) -> None:
    enqueue(now)
    services.claim(now=now + timedelta(days=100), limit=1)

    assert len(services.claim(now=now, limit=1)) == 1


@pytest.mark.django_db
def test_waits_grow_and_then_attempts_are_used_up(now: datetime) -> None:
    enqueue(now)
    waits = []
    for _ in BACKOFF:
        (claimed,) = services.claim(now=now, limit=1)
        assert services.has_attempts_left(claimed)
        services.retry_later(claimed, now=now, reason="away")
        run_at = Job.objects.get().run_at
        waits.append(run_at - now)
        now = run_at

    (last,) = services.claim(now=now, limit=1)
    assert not services.has_attempts_left(last)
    for wait, planned in zip(waits, BACKOFF, strict=True):
        assert planned * (1 - SPREAD) <= wait <= planned * (1 + SPREAD)


@pytest.mark.django_db
def test_the_other_sides_retry_after_is_obeyed(now: datetime) -> None:
    enqueue(now)
    (claimed,) = services.claim(now=now, limit=1)

    services.retry_later(claimed, now=now, reason="429", retry_after=timedelta(minutes=7))

    assert Job.objects.get().run_at == now + timedelta(minutes=7)


@pytest.mark.django_db
def test_putting_off_is_no_attempt(now: datetime) -> None:
    enqueue(now)
    (claimed,) = services.claim(now=now, limit=1)

    services.put_off(claimed, until=now + SECOND)

    assert (Job.objects.get().attempts, Job.objects.get().run_at) == (0, now + SECOND)


@pytest.mark.django_db
def test_a_dead_job_is_revived_with_all_its_attempts(now: datetime) -> None:
    enqueue(now)
    (claimed,) = services.claim(now=now, limit=1)
    services.give_up(claimed, now=now, reason="hopeless")
    job = Job.objects.get()
    assert (job.state, job.last_error) == ("dead", "hopeless")

    assert services.revive([job.pk], now=now) == 1
    assert services.revive([job.pk], now=now) == 0

    (again,) = services.claim(now=now, limit=1)
    assert again.attempts == 1


@pytest.mark.django_db
def test_done_jobs_are_forgotten_after_a_week(now: datetime) -> None:
    enqueue(now)
    (claimed,) = services.claim(now=now, limit=1)
    services.finish(claimed, now=now)

    assert services.purge_done(now=now + timedelta(days=7)) == 0
    assert services.purge_done(now=now + timedelta(days=7, seconds=1)) == 1


@pytest.mark.django_db(transaction=True)
def test_four_workers_claim_each_job_once(now: datetime) -> None:
    wanted = enqueue(now, 400)
    claimed: list[UUID] = []

    def work() -> None:
        try:
            while batch := services.claim(now=now, limit=7):
                claimed.extend(job.ref_id for job in batch)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Counter(claimed) == Counter(wanted)
