"""A worker killed while a gift ends, rendered or not: no film of it stays in the bucket."""

from datetime import timedelta

import pytest

from api.gifts import services
from api.gifts.models import Gift
from tests.drills.drill import COMMIT, MINUTE, assert_nothing_left
from tests.drills.film_drill import SECOND, FilmDrill, outcome, stored
from tests.drills.renderer import Counter, StandIn
from tests.drills.test_renders import APPLY, ORDERING

EXPIRE = "api.gifts.services.ending.expire_gift"
DELETE = "api.media.bucket.delete"
FILMS_LIVE = timedelta(days=90)
LONGEST_RENDER = 65 * MINUTE  # what is not there by then does not come any more

REMOVING = {
    "before the film is removed": [f"{DELETE}:call"],
    "after the film is removed": [f"{DELETE}:return"],
}
EXPIRING = {
    "before the end is committed": [f"{EXPIRE}:call", COMMIT],
    "after the end is committed": [f"{EXPIRE}:return"],
    **REMOVING,
}
ARRIVING = {
    "before the removal is committed": [f"{APPLY}:call", COMMIT],
    "after the removal is committed": [f"{APPLY}:return"],
    **REMOVING,
}
ORDERS_IN_DOUBT = {
    "after the call's intent": (ORDERING["after the call's intent"], 0),
    "during the call": (ORDERING["during the call"], 1),
    "after the answer": (ORDERING["after the answer"], 1),
    "after the answer is committed": (ORDERING["after the answer is committed"], 1),
}


def cancel(gift: Gift, drill: FilmDrill, *, after: timedelta) -> None:
    services.cancel_gift(gift.pk, actor="tests", now=drill.now + after)


def assert_gone(gift: Gift, drill: FilmDrill) -> None:
    """Now; and nothing is left to do once no film can come any more."""
    assert stored(gift) == []
    drill.tick(drill.now + LONGEST_RENDER + 5 * MINUTE)
    assert stored(gift) == []
    assert_nothing_left()


@pytest.mark.parametrize("points", REMOVING.values(), ids=REMOVING)
def test_the_film_of_a_withdrawn_gift_goes_wherever_the_worker_is_killed(
    points: list[str], film_drill: FilmDrill
) -> None:
    gift = film_drill.ready_gift()
    cancel(gift, film_drill, after=30 * SECOND)
    assert len(stored(gift)) == 2

    film_drill.kill(*points, at=film_drill.now + 40 * SECOND)
    film_drill.recover()

    assert outcome(gift) == ("canceled", ["succeeded"], 1, 1)
    assert_gone(gift, film_drill)


@pytest.mark.parametrize("points", EXPIRING.values(), ids=EXPIRING)
def test_the_film_of_an_expired_gift_goes_wherever_the_worker_is_killed(
    points: list[str], film_drill: FilmDrill
) -> None:
    gift = film_drill.ready_gift()
    film_drill.recover()

    film_drill.kill(*points, at=film_drill.now + FILMS_LIVE + MINUTE)
    film_drill.recover(after=FILMS_LIVE + 3 * MINUTE)

    assert outcome(gift) == ("expired", ["succeeded"], 1, 1)
    assert gift.events.filter(type="gift.expired").count() == 1
    assert stored(gift) == []
    assert_nothing_left()


@pytest.mark.parametrize(("points", "orders"), ORDERS_IN_DOUBT.values(), ids=ORDERS_IN_DOUBT)
def test_a_film_that_comes_after_its_gift_was_canceled_goes_whatever_became_of_its_order(
    points: list[str], orders: int, film_drill: FilmDrill, renderer: StandIn
) -> None:
    gift = film_drill.submitted_gift()
    film_drill.kill(*points, at=film_drill.now)

    cancel(gift, film_drill, after=10 * SECOND)
    film_drill.tick(film_drill.now + 20 * SECOND)
    film_drill.recover()

    assert outcome(gift) == ("canceled", ["abandoned"], 0, 0)
    assert [order.is_stored for order in renderer.orders] == [True] * orders
    assert_gone(gift, film_drill)


@pytest.mark.parametrize("points", ARRIVING.values(), ids=ARRIVING)
def test_a_film_that_comes_after_its_gift_was_canceled_goes_wherever_the_worker_is_killed(
    points: list[str], film_drill: FilmDrill, renderer: StandIn
) -> None:
    gift = film_drill.ordered_gift()
    cancel(gift, film_drill, after=10 * SECOND)
    film_drill.tick(film_drill.now + 20 * SECOND)
    renderer.finish()
    assert len(stored(gift)) == 2

    film_drill.kill(*points, at=film_drill.now + 40 * SECOND)
    film_drill.recover()

    assert outcome(gift) == ("canceled", ["abandoned"], 0, 0)
    assert_gone(gift, film_drill)


def test_the_real_renderer_brings_a_film_after_its_gift_was_canceled(
    film_drill: FilmDrill, real_renderer: Counter
) -> None:
    gift = film_drill.submitted_gift()
    film_drill.kill(*ORDERING["during the call"], at=film_drill.now)
    cancel(gift, film_drill, after=10 * SECOND)

    real_renderer.finish()
    assert len(stored(gift)) == 2
    film_drill.recover()

    assert outcome(gift) == ("canceled", ["abandoned"], 0, 0)
    assert len(real_renderer.orders) == 1
    assert_gone(gift, film_drill)


@pytest.mark.parametrize("name", ["after the answer", "after the answer is committed"])
def test_a_film_that_no_callback_tells_of_goes_too_if_its_gift_was_canceled(
    name: str, film_drill: FilmDrill, renderer: StandIn
) -> None:
    renderer.is_silent = True
    gift = film_drill.submitted_gift()
    film_drill.kill(*ORDERING[name], at=film_drill.now)
    cancel(gift, film_drill, after=10 * SECOND)
    for seconds in (100, 130, 200):
        film_drill.tick(film_drill.now + seconds * SECOND)

    renderer.finish()
    film_drill.recover(after=LONGEST_RENDER)

    assert outcome(gift) == ("canceled", ["abandoned"], 0, 0)
    assert_gone(gift, film_drill)


def test_the_second_film_of_a_render_that_was_ordered_twice_goes_too_if_its_gift_was_canceled_in_between(
    film_drill: FilmDrill, renderer: StandIn
) -> None:
    gift = film_drill.submitted_gift()
    film_drill.kill(*ORDERING["after the answer"], at=film_drill.now)
    film_drill.tick(film_drill.now + 130 * SECOND)
    first, _ = renderer.orders
    renderer.render(only=first)
    renderer.store()
    film_drill.tick(film_drill.now + 140 * SECOND)
    assert outcome(gift) == ("ready", ["succeeded"], 1, 1)

    cancel(gift, film_drill, after=150 * SECOND)
    film_drill.tick(film_drill.now + 160 * SECOND)
    assert stored(gift) == []
    renderer.finish()
    film_drill.recover(after=LONGEST_RENDER)

    assert [order.is_stored for order in renderer.orders] == [True, True]
    assert outcome(gift) == ("canceled", ["succeeded"], 1, 1)
    assert_gone(gift, film_drill)
