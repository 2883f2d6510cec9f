"""A worker killed while a film is ordered or its result is taken: it is made once, and the gift is ready."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from api.gifts.lifecycle import lock
from api.gifts.services import cancel_gift
from api.rendering.services import begin_submission, record_submission
from tests import build
from tests.drills.drill import CLAIM, COMMIT, FINISH, MINUTE, assert_nothing_left
from tests.drills.film_drill import SECOND, FilmDrill, assert_ready_once, outcome
from tests.drills.renderer import Counter, StandIn
from tests.waiting import eventually, waiting_backends

BEGIN = "api.rendering.services.begin_submission"
SUBMIT = "api.rendering.backends.shotstack.ShotstackBackend.submit"
RECORD = "api.rendering.services.record_submission"
EXAMINE = "api.rendering.services.examine"
APPLY = "api.gifts.services.rendering.apply_film"
APPLY_FAILURE = "api.gifts.services.rendering.apply_render_failure"

ORDERING = {
    "after the claim": [f"{CLAIM}:return"],
    "before the call's intent is committed": [f"{BEGIN}:call", COMMIT],
    "after the call's intent": [f"{BEGIN}:return"],
    "before the call": [f"{SUBMIT}:call"],
    "during the call": [f"{SUBMIT}:call", "http.client.HTTPConnection.getresponse:call"],
    "after the answer": [f"{SUBMIT}:return"],
    "before the answer is committed": [f"{RECORD}:call", COMMIT],
    "after the answer is committed": [f"{RECORD}:return"],
    "before the job is finished": [f"{FINISH}:call"],
    "after the job is finished": [f"{FINISH}:return"],
}
LOST_ANSWERS = {
    name: ORDERING[name] for name in ("during the call", "after the answer", "before the answer is committed")
}
TAKING = {
    "before the renderer is asked": [f"{EXAMINE}:call"],
    "after the film is verified": [f"{EXAMINE}:return"],
    "before the result is committed": [f"{APPLY}:call", COMMIT],
    "after the result is committed": [f"{APPLY}:return"],
}


@pytest.mark.parametrize("points", ORDERING.values(), ids=ORDERING)
def test_a_film_is_made_once_wherever_the_worker_that_orders_it_is_killed(
    points: list[str], film_drill: FilmDrill, renderer: StandIn
) -> None:
    gift = film_drill.submitted_gift()

    film_drill.kill(*points, at=film_drill.now)
    film_drill.recover()

    assert_ready_once(gift)
    assert len(renderer.orders) == 1
    assert_nothing_left()


def test_the_real_renderer_tells_of_a_film_whose_order_was_not_answered(
    film_drill: FilmDrill, real_renderer: Counter
) -> None:
    gift = film_drill.submitted_gift()

    film_drill.kill(*ORDERING["during the call"], at=film_drill.now)
    film_drill.recover()

    assert_ready_once(gift)
    assert len(real_renderer.orders) == 1
    assert_nothing_left()


@pytest.mark.parametrize("points", LOST_ANSWERS.values(), ids=LOST_ANSWERS)
def test_an_order_that_a_callback_tells_of_is_not_placed_again_while_its_film_is_still_copied(
    points: list[str], film_drill: FilmDrill, renderer: StandIn
) -> None:
    gift = film_drill.submitted_gift()
    film_drill.kill(*points, at=film_drill.now)

    renderer.render()
    for seconds in (100, 130, 160):
        film_drill.tick(film_drill.now + seconds * SECOND)
    assert len(renderer.orders) == 1

    film_drill.recover(after=3 * MINUTE)
    assert_ready_once(gift)
    assert len(renderer.orders) == 1
    assert_nothing_left()


def test_an_order_that_a_callback_tells_of_is_not_placed_again_by_a_worker_that_comes_late(
    film_drill: FilmDrill, renderer: StandIn
) -> None:
    gift = film_drill.submitted_gift()
    film_drill.kill(*ORDERING["after the answer"], at=film_drill.now)

    renderer.finish()
    film_drill.recover(after=10 * MINUTE)

    assert_ready_once(gift)
    assert len(renderer.orders) == 1
    assert_nothing_left()


def test_an_order_that_a_callback_tells_of_is_not_placed_again_after_a_second_one_was_refused(
    film_drill: FilmDrill, renderer: StandIn
) -> None:
    gift = film_drill.submitted_gift()
    film_drill.kill(*ORDERING["after the answer"], at=film_drill.now)
    renderer.is_busy = True
    film_drill.tick(film_drill.now + 130 * SECOND)
    renderer.is_busy = False

    renderer.render()
    film_drill.tick(film_drill.now + 5 * MINUTE)
    assert len(renderer.orders) == 1

    film_drill.recover(after=6 * MINUTE)
    assert_ready_once(gift)
    assert len(renderer.orders) == 1
    assert_nothing_left()


def test_an_order_of_which_nothing_is_heard_is_placed_again_after_two_minutes(
    film_drill: FilmDrill, renderer: StandIn
) -> None:
    gift = film_drill.submitted_gift()
    film_drill.kill(*ORDERING["after the answer"], at=film_drill.now)

    film_drill.tick(film_drill.now + 100 * SECOND)
    assert len(renderer.orders) == 1
    film_drill.tick(film_drill.now + 130 * SECOND)
    assert len(renderer.orders) == 2

    film_drill.recover(after=3 * MINUTE)
    assert_ready_once(gift)
    assert len(renderer.orders) == 2
    assert_nothing_left()


@pytest.mark.parametrize("is_silent", [False, True], ids=["told", "untold"])
def test_a_film_that_came_while_no_worker_lived_for_an_hour_is_not_ordered_again(
    is_silent: bool, film_drill: FilmDrill, renderer: StandIn
) -> None:
    renderer.is_silent = is_silent
    gift = film_drill.submitted_gift()
    film_drill.kill(*ORDERING["after the answer is committed"], at=film_drill.now)

    renderer.finish()
    film_drill.recover(after=61 * MINUTE)

    assert_ready_once(gift)
    assert len(renderer.orders) == 1
    assert_nothing_left()


@pytest.mark.parametrize("points", TAKING.values(), ids=TAKING)
def test_a_film_told_of_is_taken_once_wherever_the_worker_is_killed(
    points: list[str], film_drill: FilmDrill, renderer: StandIn
) -> None:
    gift = film_drill.ordered_gift()
    renderer.finish()

    film_drill.kill(*points, at=film_drill.now + 20 * SECOND)
    film_drill.recover()

    assert_ready_once(gift)
    assert len(renderer.orders) == 1
    assert_nothing_left()


@pytest.mark.parametrize("points", TAKING.values(), ids=TAKING)
def test_a_film_found_by_asking_is_taken_once_wherever_the_worker_is_killed(
    points: list[str], film_drill: FilmDrill, renderer: StandIn
) -> None:
    gift = film_drill.ordered_gift()
    renderer.is_silent = True
    renderer.finish()

    film_drill.kill(*points, at=film_drill.now + 65 * SECOND)
    film_drill.recover()

    assert_ready_once(gift)
    assert len(renderer.orders) == 1
    assert_nothing_left()


@pytest.mark.parametrize("point", ["call", "return"])
def test_a_film_that_is_not_there_yet_is_asked_for_again_by_another_worker(
    point: str, film_drill: FilmDrill, renderer: StandIn
) -> None:
    gift = film_drill.ordered_gift()
    renderer.is_silent = True

    film_drill.kill(f"api.outbox.services.put_off:{point}", at=film_drill.now + 65 * SECOND)
    film_drill.recover()

    assert_ready_once(gift)
    assert len(renderer.orders) == 1
    assert_nothing_left()


@pytest.mark.parametrize("points", [[f"{APPLY_FAILURE}:call", COMMIT], [f"{APPLY_FAILURE}:return"]])
def test_a_film_that_could_not_be_made_is_ordered_once_more(
    points: list[str], film_drill: FilmDrill, renderer: StandIn
) -> None:
    gift = film_drill.ordered_gift()
    renderer.render(status="failed")

    film_drill.kill(*points, at=film_drill.now + 20 * SECOND)
    film_drill.recover()

    assert outcome(gift) == ("ready", ["failed", "succeeded"], 1, 1)
    assert len(renderer.orders) == 2
    assert_nothing_left()


def test_an_answer_is_kept_while_its_gift_is_being_canceled(film_drill: FilmDrill) -> None:
    gift = film_drill.submitted_gift()
    render = build.awaited(gift)
    begin_submission(render.pk, now=film_drill.now)

    def record() -> None:
        try:
            record_submission(render.pk, "0193f4b6", now=film_drill.now)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as worker:
        with transaction.atomic():
            lock(gift.pk)
            recording = worker.submit(record)
            eventually(lambda: recording.done() or waiting_backends(), 15)
            cancel_gift(gift.pk, actor="tests", now=film_drill.now)
        recording.result()

    render.refresh_from_db()
    assert (render.status, render.provider_id) == ("abandoned", "0193f4b6")
