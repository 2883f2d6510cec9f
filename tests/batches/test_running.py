"""Working batches off: each item once, in small transactions, whatever an item does."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.db import OperationalError, connection, transaction
from uuid6 import uuid7

from api.audit.doors import present
from api.audit.states import Door
from api.batches.models import Batch, BatchItem
from api.batches.services import (
    LARGEST,
    ItemIn,
    blank_old,
    cancel_batch,
    ending,
    forget_row,
    purge_old,
    run_slice,
    start_batch,
)
from api.exceptions import ApplicationError, BackendError, InvalidFieldError, InvalidStateError, TooLargeError
from api.outbox.drain import drain
from api.outbox.models import Job
from api.outbox.registry import Postpone
from tests.batches.conftest import NewKind
from tests.conftest import Lines
from tests.waiting import eventually, waiting_backends

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = timedelta(minutes=1)


def started(kind: str, now: datetime, count: int = 3, **changes: object) -> Batch:
    items = (ItemIn(str(number), payload={"name": f"Ben {number}"}, label=f"row {number}") for number in range(count))
    given = {"title": "A test", "items": items, "actor": "staff:ada", "why": "because", "now": now, **changes}
    return start_batch(kind, **given)  # type: ignore[arg-type]


def outcomes(batch: Batch) -> list[tuple[str, str]]:
    return list(batch.items.order_by("position").values_list("state", "detail"))


def facts(batch: Batch) -> tuple[str, int, int, int]:
    batch.refresh_from_db()
    return batch.state, batch.total, batch.done_count, batch.failed_count


def finish(item: BatchItem, *, actor: str, now: datetime) -> str:
    return f"did {item.ref_id}"


def work(now: datetime) -> None:
    drain(clock=lambda: now, until=now + MINUTE)


def test_a_batch_is_worked_off_in_its_order_by_whoever_ordered_it(new_kind: NewKind, now: datetime) -> None:
    seen = []

    def look(item: BatchItem, *, actor: str, now: datetime) -> str:
        seen.append((item.ref_id, item.payload, item.batch.params, actor, present().door, present().why))
        return "looked at"

    batch = started(new_kind(look), now, params={"template": "plain"})
    assert facts(batch) == ("queued", 3, 0, 0)

    work(now)

    params = {"template": "plain"}
    assert seen == [
        (str(number), {"name": f"Ben {number}"}, params, "staff:ada", Door.ADMIN, "because") for number in range(3)
    ]
    assert facts(batch) == ("done", 3, 3, 0)
    assert outcomes(batch) == [("done", "looked at")] * 3
    assert (batch.started_at, batch.slice_started_at) == (now, None)
    assert batch.finished_at is not None
    assert [item.payload for item in batch.items.all()] == [None] * 3
    assert list(Job.objects.values_list("kind", "state")) == [("batch.run", "done")]


def test_an_item_fails_in_its_own_words_and_holds_up_no_other(
    new_kind: NewKind, now: datetime, log_lines: Lines
) -> None:
    errors = {
        "0": InvalidStateError("This gift is sent: it cannot be rendered again."),
        "1": InvalidFieldError("media", "not_ready", "An upload is gone."),
        "2": BackendError("away", "The key store is away.", retryable=True),
        "3": KeyError("ben@example.com"),
    }

    def act(item: BatchItem, *, actor: str, now: datetime) -> str:
        if item.ref_id in errors:
            Batch.objects.filter(pk=item.batch_id).update(title="changed by a failed item")
            raise errors[item.ref_id]
        return "done"

    batch = started(new_kind(act), now, 5)
    work(now)

    reasons = [detail for _, detail in outcomes(batch)]
    assert reasons[:3] == [
        "This gift is sent: it cannot be rendered again.",
        "An upload is gone.",
        "The key store is away.",
    ]
    assert reasons[3].startswith("unexpected error (reference ")
    assert reasons[4] == "done"
    assert facts(batch) == ("done", 5, 1, 4)
    assert batch.title == "A test"
    crashed = [line for line in log_lines() if line["message"] == "batch item crashed"]
    assert [line["reference"] in reasons[3] for line in crashed] == [True]
    assert "ben@example.com" not in str(log_lines())


def test_what_an_item_changes_and_its_outcome_are_one_transaction(new_kind: NewKind, now: datetime) -> None:
    """A worker that dies right after the change leaves neither."""

    class Killed(BaseException):
        pass

    def act(item: BatchItem, *, actor: str, now: datetime) -> str:
        Job.objects.create(kind="made", dedupe_key=uuid4().hex, ref_id=uuid4(), run_at=now, created_at=now)
        if item.ref_id == "1":
            raise Killed
        return "made"

    batch = started(new_kind(act), now)
    with pytest.raises(Killed):
        run_slice(batch.pk, now=now)

    assert Job.objects.filter(kind="made").count() == 1
    assert [state for state, _ in outcomes(batch)] == ["done", "waiting", "waiting"]


def test_an_item_that_takes_its_worker_down_fails_after_three_tries(new_kind: NewKind, now: datetime) -> None:
    class Killed(BaseException):
        pass

    tries = []

    def act(item: BatchItem, *, actor: str, now: datetime) -> str:
        if item.ref_id == "1":
            tries.append(item.ref_id)
            raise Killed
        return "done"

    batch = started(new_kind(act), now)
    for number in range(4):  # the first time nobody knows yet
        with pytest.raises(Killed):
            run_slice(batch.pk, now=now + number * MINUTE)
    assert run_slice(batch.pk, now=now + 4 * MINUTE) is None

    assert len(tries) == 4
    assert facts(batch) == ("done", 3, 2, 1)
    assert "3 times" in outcomes(batch)[1][1]


def test_a_database_in_a_knot_is_waited_for(new_kind: NewKind, now: datetime) -> None:
    errors: Iterator[Exception] = iter([OperationalError("deadlock detected")])

    def act(item: BatchItem, *, actor: str, now: datetime) -> str:
        for error in errors:
            raise error
        return "done"

    batch = started(new_kind(act), now)
    work(now)
    assert facts(batch) == ("running", 3, 0, 0)
    assert list(Job.objects.values_list("state", "attempts", "last_error")) == [("waiting", 1, "OperationalError")]
    work(now + MINUTE)

    assert facts(batch) == ("done", 3, 3, 0)


def test_a_slice_that_came_to_its_end_leaves_its_jobs_attempts_behind(new_kind: NewKind, now: datetime) -> None:
    def wait(item: BatchItem, *, actor: str, now: datetime) -> str:
        raise Postpone(now + 10 * MINUTE)

    started(new_kind(wait), now)
    Job.objects.update(attempts=8)
    work(now)

    assert Job.objects.get().attempts == 0


def test_a_kind_that_calls_outside_has_no_transaction_around_it(new_kind: NewKind, now: datetime) -> None:
    def call(item: BatchItem, *, actor: str, now: datetime) -> str:
        assert not connection.in_atomic_block
        if item.ref_id == "1":
            cancel_batch(item.batch_id, actor="staff:ada", now=now)
        return "called"

    batch = started(new_kind(call, is_atomic=False), now)
    work(now)

    assert outcomes(batch) == [("done", "called"), ("done", "called"), ("skipped", "called off")]
    assert facts(batch) == ("canceled", 3, 2, 0)


def test_the_rest_is_called_off(new_kind: NewKind, now: datetime) -> None:
    batch = started(new_kind(finish), now)
    run_slice(batch.pk, now=now, budget=timedelta())

    cancel_batch(batch.pk, actor="staff:ada", now=now + MINUTE)
    cancel_batch(batch.pk, actor="staff:ada", now=now + 2 * MINUTE)
    work(now + 3 * MINUTE)

    assert outcomes(batch) == [("done", "did 0"), ("skipped", "called off"), ("skipped", "called off")]
    assert facts(batch) == ("canceled", 3, 1, 0)
    assert batch.canceled_at == batch.finished_at == now + MINUTE


def test_what_was_done_by_a_worker_that_was_killed_after_the_rest_was_called_off_is_counted(
    new_kind: NewKind, now: datetime
) -> None:
    batch = started(new_kind(finish), now)
    cancel_batch(batch.pk, actor="staff:ada", now=now)
    batch.items.filter(position=1).update(state="done", detail="did 0")

    work(now + MINUTE)

    assert facts(batch) == ("canceled", 3, 1, 0)


def test_a_batch_that_is_over_cannot_be_called_off(new_kind: NewKind, now: datetime) -> None:
    batch = started(new_kind(finish), now)
    work(now)

    with pytest.raises(InvalidStateError, match="nothing left"):
        cancel_batch(batch.pk, actor="staff:ada", now=now)


def test_a_slice_keeps_within_its_time_and_the_same_job_goes_on(new_kind: NewKind, now: datetime) -> None:
    seconds = iter(range(1000))
    batch = started(new_kind(finish), now, 20)

    go_on = run_slice(batch.pk, now=now, budget=timedelta(seconds=9), stopwatch=lambda: float(next(seconds)))

    done = facts(batch)[2]
    assert facts(batch)[0] == "running"
    assert 0 < done < 6
    assert go_on is not None
    assert go_on > now
    while facts(batch)[0] == "running":
        now += MINUTE
        work(now)
    assert facts(batch) == ("done", 20, 20, 0)
    assert Job.objects.filter(kind="batch.run").count() == 1


def test_batches_take_turns(new_kind: NewKind, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    order = []

    def note(item: BatchItem, *, actor: str, now: datetime) -> str:
        order.append(item.batch.title)
        return "noted"

    kind = new_kind(note)
    batches = [started(kind, now, 3, title=title) for title in ("one", "two")]
    for _ in range(3):
        for batch in batches:
            run_slice(batch.pk, now=now, budget=timedelta())

    assert order == ["one", "two"] * 3


def test_workers_that_meet_in_one_batch_double_nothing(new_kind: NewKind, now: datetime) -> None:
    seen: list[str] = []
    together = threading.Barrier(4)

    def note(item: BatchItem, *, actor: str, now: datetime) -> str:
        seen.append(item.ref_id)
        return "noted"

    batch = started(new_kind(note), now, 200)

    def worker() -> None:
        together.wait()
        try:
            while run_slice(batch.pk, now=now) is not None:
                pass
        finally:
            connection.close()

    threads = [threading.Thread(target=worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(seen, key=int) == [str(number) for number in range(200)]
    assert facts(batch) == ("done", 200, 200, 0)


def test_a_count_that_waited_does_not_undo_a_later_one(new_kind: NewKind, now: datetime) -> None:
    is_at_work, may_end = threading.Event(), threading.Event()

    def pause_at_the_first(item: BatchItem, *, actor: str, now: datetime) -> str:
        if item.ref_id == "0":
            is_at_work.set()
            may_end.wait(30)
        return "paused"

    batch = started(new_kind(pause_at_the_first), now, 2)

    def slow_worker() -> None:
        run_slice(batch.pk, now=now, budget=timedelta())
        connection.close()

    slow = threading.Thread(target=slow_worker)
    slow.start()
    assert is_at_work.wait(30)
    with transaction.atomic():
        Batch.objects.select_for_update().get(pk=batch.pk)
        may_end.set()
        eventually(waiting_backends, 30)  # the slow worker, with its item done, before it writes a count
        assert run_slice(batch.pk, now=now) is None
    slow.join()

    assert facts(batch) == ("done", 2, 2, 0)


def test_an_item_in_another_workers_hands_is_looked_at_again(new_kind: NewKind, now: datetime) -> None:
    batch = started(new_kind(finish), now, 1)
    is_held, may_go = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            BatchItem.objects.select_for_update().get(batch=batch)
            is_held.set()
            may_go.wait(30)
        connection.close()

    other = threading.Thread(target=hold)
    other.start()
    assert is_held.wait(30)
    go_on = run_slice(batch.pk, now=now)
    may_go.set()
    other.join()

    assert go_on is not None
    assert go_on >= now + timedelta(seconds=5)
    assert facts(batch) == ("running", 1, 0, 0)
    assert run_slice(batch.pk, now=now) is None
    assert facts(batch) == ("done", 1, 1, 0)


def test_a_form_sent_twice_makes_one_batch(new_kind: NewKind, now: datetime) -> None:
    kind, batch_id = new_kind(finish), uuid7()
    made: list[Batch] = []
    together = threading.Barrier(2)

    def send() -> None:
        together.wait()
        made.append(started(kind, now, 2_000, batch_id=batch_id))
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [batch.pk for batch in made] == [batch_id] * 2
    assert BatchItem.objects.count() == 2_000
    assert Job.objects.filter(kind="batch.run").count() == 1
    with pytest.raises(InvalidStateError, match="open it again"):
        started(kind, now, batch_id=batch_id, actor="staff:grace")


def test_a_batch_of_nothing_or_of_too_much_is_refused_and_leaves_nothing(new_kind: NewKind, now: datetime) -> None:
    kind = new_kind(finish)

    with pytest.raises(ApplicationError, match="nothing to do"):
        started(kind, now, 0)
    with pytest.raises(TooLargeError, match="50,000"):
        started(kind, now, LARGEST + 1)
    with pytest.raises(KeyError):
        started("no such kind", now)

    assert (Batch.objects.count(), BatchItem.objects.count(), Job.objects.count()) == (0, 0, 0)


def test_words_are_blanked_after_a_month_and_the_batch_goes_after_400_days(new_kind: NewKind, now: datetime) -> None:
    def refuse(item: BatchItem, *, actor: str, now: datetime) -> str:
        raise InvalidStateError("Ben has it already.")

    batch = started(new_kind(refuse), now)
    work(now)
    batch.refresh_from_db()
    over = batch.finished_at
    assert over is not None

    assert blank_old(now=over + timedelta(days=30)) == 0
    assert [item.payload for item in batch.items.all()] != [None] * 3
    assert blank_old(now=over + timedelta(days=30, seconds=1)) == 1
    assert blank_old(now=over + timedelta(days=31)) == 0
    assert set(batch.items.values_list("ref_id", "label", "payload", "detail", "state")) == {
        (str(number), "", None, "", "failed") for number in range(3)
    }
    assert purge_old(now=over + timedelta(days=400)) == 0
    assert purge_old(now=over + timedelta(days=401)) == 1
    assert not BatchItem.objects.exists()


def test_a_sweep_forgets_one_batch_at_a_time(new_kind: NewKind, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick that touched twenty large ones would have no time left for what is due."""
    monkeypatch.setattr(ending, "AT_ONCE", 2)
    kind = new_kind(finish)
    for _ in range(2):
        started(kind, now, 5)
    work(now)
    later = now + timedelta(days=401)

    assert [blank_old(now=later) for _ in range(3)] == [1, 1, 0]
    assert set(BatchItem.objects.values_list("label", "detail")) == {("", "")}
    assert [(purge_old(now=later), BatchItem.objects.count()) for _ in range(3)] == [(1, 5), (1, 0), (0, 0)]


def test_a_rows_words_are_forgotten_when_its_person_asks(new_kind: NewKind, now: datetime) -> None:
    batch, other = (started(new_kind(finish), now) for _ in range(2))

    assert forget_row("1", batch_id=batch.pk) == 1
    assert not other.items.filter(label="").exists()
    assert forget_row("1") == 2

    kept = batch.items.order_by("position").values_list("label", "payload")
    assert list(kept) == [("row 0", {"name": "Ben 0"}), ("", None), ("row 2", {"name": "Ben 2"})]
