"""A worker killed in the middle of a batch: every item is done, and once."""

from datetime import timedelta

import pytest

import api.tick  # noqa: F401 - registers the kinds
from api.batches.models import Batch
from api.batches.services import ItemIn, start_batch
from api.gifts.models import Gift, GiftEvent
from api.outbox.services import LEASE
from tests import build
from tests.drills.drill import CLAIM, COMMIT, FINISH, assert_nothing_left
from tests.drills.film_drill import FilmDrill

RUN = "api.batches.services.running.run_slice"
CANCEL = "api.gifts.services.ending.cancel_gift"
END = "api.batches.services.running._end"
FINISH_BATCH = "api.batches.services.running._finish"
ITEMS = 20

POINTS = {
    "after the claim": ([f"{CLAIM}:return"], 1),
    "when a slice begins": ([f"{RUN}:call"], 1),
    "before the seventh item": ([f"{CANCEL}:call"], 7),
    "after the seventh item's change": ([f"{CANCEL}:return"], 7),
    "after the last item's outcome": ([f"{END}:return"], ITEMS),
    "before the first item is committed": ([f"{END}:return", COMMIT], 1),
    "before the batch is done": ([f"{FINISH_BATCH}:call", COMMIT], 1),
    "when the slice has ended": ([f"{RUN}:return"], 1),
    "before the job is finished": ([f"{FINISH}:call"], 1),
}


@pytest.fixture
def drill(film_drill: FilmDrill) -> FilmDrill:
    return film_drill


def canceling(drill: FilmDrill, count: int = ITEMS) -> Batch:
    """A batch that cancels so many gifts."""
    gifts = [build.draft(drill.account, drill.now, livemode=False) for _ in range(count)]
    items = (ItemIn(str(gift.pk), payload={"of": "nobody"}) for gift in gifts)
    return start_batch("gifts.cancel", title="Drill", items=items, actor="staff:ada", why="drill", now=drill.now)


def assert_each_was_done_once(batch: Batch, count: int = ITEMS) -> None:
    batch.refresh_from_db()
    assert (batch.state, batch.total, batch.done_count, batch.failed_count) == ("done", count, count, 0)
    assert set(batch.items.values_list("state", "payload")) == {("done", None)}
    assert Gift.objects.filter(status="canceled").count() == count
    assert GiftEvent.objects.filter(type="gift.canceled", actor="staff:ada").count() == count
    assert_nothing_left()


@pytest.mark.parametrize(("points", "nth"), POINTS.values(), ids=POINTS)
def test_a_worker_killed_anywhere_loses_and_doubles_nothing(points: list[str], nth: int, drill: FilmDrill) -> None:
    batch = canceling(drill)

    drill.kill(*points, at=drill.now, nth=nth)
    drill.tick(drill.now + LEASE + timedelta(seconds=10))

    assert_each_was_done_once(batch)


def test_workers_killed_again_and_again_get_it_done_together(drill: FilmDrill) -> None:
    batch = canceling(drill, 60)

    for turn in range(5):
        drill.kill(f"{CANCEL}:return", at=drill.now + turn * (LEASE + timedelta(seconds=10)), nth=10)
    drill.tick(drill.now + 5 * (LEASE + timedelta(seconds=10)))

    assert_each_was_done_once(batch, 60)


def test_a_worker_that_loops_is_no_different(drill: FilmDrill) -> None:
    batch = canceling(drill)

    drill.kill(f"{END}:return", at=drill.now, nth=5, command="work")
    drill.tick(drill.now + LEASE + timedelta(seconds=30))

    assert_each_was_done_once(batch)
