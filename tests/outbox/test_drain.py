"""Running jobs: each outcome a handler can have, and the time there is."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from threading import Barrier, BrokenBarrierError
from uuid import UUID, uuid4

import pytest

from api.exceptions import BackendError
from api.outbox import registry, services
from api.outbox.drain import AT_ONCE, WORN_OUT, drain
from api.outbox.models import Job
from api.outbox.registry import MARGIN, Postpone, handles
from tests.conftest import Lines

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = timedelta(minutes=1)
Run = Callable[[Callable[[UUID], None]], Job]


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> str:
    """A kind of job of this test's own."""
    monkeypatch.setattr(registry, "_entries", dict(registry._entries))
    return f"test-{uuid4().hex[:8]}"


def run_one(kind: str, now: datetime, act: Callable[[UUID], None], **options: object) -> Job:
    @handles(kind, **options)  # type: ignore[arg-type]
    def handler(ref_id: UUID, *, now: datetime) -> None:
        act(ref_id)

    services.enqueue(kind, uuid4(), now=now)
    drain(clock=lambda: now, until=now + timedelta(minutes=1))
    return Job.objects.get(kind=kind)


def failing(error: Exception) -> Callable[[UUID], None]:
    def act(_ref_id: UUID) -> None:
        raise error

    return act


def test_a_job_that_ends_is_done(kind: str, now: datetime) -> None:
    seen: list[UUID] = []

    job = run_one(kind, now, seen.append)

    assert (job.state, job.finished_at, seen) == ("done", now, [job.ref_id])


def test_a_backend_that_is_away_is_tried_later(kind: str, now: datetime) -> None:
    away = BackendError("away", "The renderer is away.", retryable=True, retry_after=timedelta(minutes=3))

    job = run_one(kind, now, failing(away))

    assert (job.state, job.attempts, job.last_error) == ("waiting", 1, "away: The renderer is away.")
    assert job.run_at == now + timedelta(minutes=3)


def test_a_hopeless_job_is_dead_and_says_so(kind: str, now: datetime) -> None:
    told: list[str] = []

    def on_dead(ref_id: UUID, reason: str, *, now: datetime) -> None:
        told.append(reason)

    job = run_one(kind, now, failing(BackendError("refused", "Bad key.", retryable=False)), on_dead=on_dead)

    assert (job.state, told) == ("dead", ["refused: Bad key."])


def test_a_bug_is_logged_and_tried_later_without_its_words(
    kind: str, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    job = run_one(kind, now, failing(KeyError("ben@example.com")))

    assert (job.state, job.last_error) == ("waiting", "KeyError")
    assert any(record.exc_info for record in caplog.records)


def test_a_postponed_job_waits_without_an_attempt(kind: str, now: datetime) -> None:
    job = run_one(kind, now, failing(Postpone(now + timedelta(minutes=5))))

    assert (job.state, job.attempts, job.run_at) == ("waiting", 0, now + timedelta(minutes=5))


def test_a_job_that_goes_on_leaves_the_attempts_of_its_earlier_parts_behind(kind: str, now: datetime) -> None:
    """Else a long one, cut off now and then, is dead in the end."""
    outcomes: Iterator[Exception] = iter([KeyError("cut off"), Postpone(now + MINUTE * 2, is_progress=True)])

    def act(_ref_id: UUID) -> None:
        raise next(outcomes)

    assert run_one(kind, now, act).attempts == 1
    drain(clock=lambda: now + MINUTE, until=now + 2 * MINUTE)

    job = Job.objects.get(kind=kind)
    assert (job.state, job.attempts, job.run_at) == ("waiting", 0, now + MINUTE * 2)


def test_a_burst_is_run_each_once_by_several_threads(kind: str, now: datetime) -> None:
    seen: list[UUID] = []

    @handles(kind)
    def handler(ref_id: UUID, *, now: datetime) -> None:
        seen.append(ref_id)

    wanted = [uuid4() for _ in range(AT_ONCE * 3)]
    for ref_id in wanted:
        services.enqueue(kind, ref_id, now=now)

    assert drain(clock=lambda: now, until=now + timedelta(minutes=1)) == len(wanted)
    assert sorted(seen) == sorted(wanted)
    assert Job.objects.exclude(state="done").count() == 0


def test_nothing_is_started_when_the_time_is_nearly_up(kind: str, now: datetime) -> None:
    services.enqueue(kind, uuid4(), now=now)

    assert drain(clock=lambda: now, until=now + MARGIN) == 0
    assert Job.objects.get().attempts == 0


def test_jobs_that_the_time_did_not_suffice_for_are_put_back(kind: str, now: datetime) -> None:
    times = iter([now] * 4 + [now + timedelta(minutes=1)] * 1000)

    @handles(kind)
    def handler(ref_id: UUID, *, now: datetime) -> None:
        raise AssertionError

    for _ in range(3):
        services.enqueue(kind, uuid4(), now=now)

    drain(clock=lambda: next(times, now), until=now + MARGIN + timedelta(seconds=1))

    assert set(Job.objects.values_list("state", "lease_token")) == {("waiting", None)}


@pytest.mark.parametrize("others", [0, 1])
def test_what_needs_more_time_than_is_left_waits_for_the_next_worker(kind: str, now: datetime, others: int) -> None:
    seen: list[UUID] = []
    needs = timedelta(seconds=40)

    @handles(kind, needs=needs)
    def handler(ref_id: UUID, *, now: datetime) -> None:
        seen.append(ref_id)

    @handles(f"{kind}-short")
    def short(ref_id: UUID, *, now: datetime) -> None: ...

    services.enqueue(kind, uuid4(), now=now)
    for _ in range(others):
        services.enqueue(f"{kind}-short", uuid4(), now=now)

    assert drain(clock=lambda: now, until=now + needs) == others
    job = Job.objects.get(kind=kind)
    assert (seen, job.attempts, job.run_at, services.is_any_due(now=now)) == ([], 0, now, True)
    assert drain(clock=lambda: now, until=now + needs + timedelta(seconds=1)) == 1
    assert seen == [job.ref_id]


def test_a_worker_that_crashes_over_one_job_is_told_of_without_its_words_and_the_others_go_on(
    kind: str, now: datetime, log_lines: Lines
) -> None:
    """Python itself prints what ends a thread."""
    hopeless, fine = uuid4(), uuid4()

    def on_dead(ref_id: UUID, reason: str, *, now: datetime) -> None:
        raise ValueError("ben@example.com")

    @handles(kind, on_dead=on_dead)
    def handler(ref_id: UUID, *, now: datetime) -> None:
        if ref_id == hopeless:
            raise BackendError("refused", "Bad key.", retryable=False)

    for ref_id in (hopeless, fine):
        services.enqueue(kind, ref_id, now=now)

    drain(clock=lambda: now, until=now + timedelta(minutes=1))

    assert dict(Job.objects.values_list("ref_id", "state")) == {hopeless: "waiting", fine: "done"}
    (crash,) = [line for line in log_lines() if line["message"] == "worker crashed"]
    assert (crash["exception"], "ben@" in str(log_lines())) == ("ValueError", False)
    assert {line["ref"]: line["outcome"] for line in log_lines() if line["message"] == "job"} == {
        str(hopeless): "interrupted",
        str(fine): "done",
    }


def test_a_job_that_takes_its_worker_down_each_time_is_given_up(kind: str, now: datetime) -> None:
    told: list[str] = []

    def on_dead(ref_id: UUID, reason: str, *, now: datetime) -> None:
        told.append(reason)

    @handles(kind, on_dead=on_dead)
    def handler(ref_id: UUID, *, now: datetime) -> None:
        raise AssertionError

    services.enqueue(kind, uuid4(), now=now)
    for times in range(len(services.BACKOFF) + 1):
        (claimed,) = services.claim(now=now + services.LEASE * times, limit=1)  # and killed
        assert claimed.attempts == times + 1

    later = now + services.LEASE * len(services.BACKOFF) + services.LEASE
    drain(clock=lambda: later, until=later + MINUTE)

    job = Job.objects.get()
    assert (job.state, job.last_error, told) == ("dead", WORN_OUT, [WORN_OUT])


def test_those_that_need_long_are_done_one_after_another(kind: str, now: datetime) -> None:
    together = Barrier(2, timeout=0.5)  # two that ran at once would meet here
    met: list[bool] = []

    @handles(kind, needs=MARGIN + timedelta(seconds=1))
    def handler(ref_id: UUID, *, now: datetime) -> None:
        with suppress(BrokenBarrierError):
            together.wait()
            met.append(True)
        together.reset()

    for _ in range(2):
        services.enqueue(kind, uuid4(), now=now)

    assert (drain(clock=lambda: now, until=now + MINUTE), met) == (2, [])
