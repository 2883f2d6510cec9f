"""Bad weather at the renderer: it cannot be reached, for a moment or for good."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from local.ports import HOST, free_port
from local.shop import Json
from tests.e2e.conftest import Product, working
from tests.e2e.storefront import RENDERED_WITHIN_S
from tests.system import System

HALF_A_MINUTE = timedelta(seconds=30)
OVER_AN_HOUR = timedelta(minutes=61)


@pytest.fixture
def nowhere() -> str:
    return f"http://{HOST}:{free_port()}"


def tick(system: System, at: datetime, *, renderer_url: str) -> None:
    ticked = system.run("manage.py", "tick", "--now", at.isoformat(), RENDERER_URL=renderer_url)
    assert ticked.returncode == 0, ticked.stderr


def state(product: Product, gift: Json) -> tuple[str, list[str]]:
    """The gift's status, and those of its renders, newest first."""
    seen = product.shop.call("GET", f"/v1/gifts/{gift['id']}")
    return seen["status"], [render["status"] for render in product.shop.renders(gift)]


def test_a_renderer_that_is_away_for_a_moment_costs_nothing_but_time(product: Product, nowhere: str) -> None:
    gift = product.shop.submit_greeting("Eva", "Max")
    submitted = timezone.now()
    tick(product.system, submitted, renderer_url=nowhere)
    without = state(product, gift)

    tick(product.system, submitted + HALF_A_MINUTE, renderer_url=product.system.env["RENDERER_URL"])
    with working(product.system):
        product.shop.wait_for(gift, "sent", within_s=RENDERED_WITHIN_S)

    assert without == ("rendering", ["queued"])
    assert state(product, gift) == ("sent", ["succeeded"])
    assert product.shop.timeline(gift)[:4] == ["gift.created", "gift.rendering", "mail.accepted receipt", "gift.ready"]


def test_a_renderer_that_stays_away_fails_the_gift_after_an_hour(product: Product, nowhere: str) -> None:
    gift = product.shop.submit_greeting("Ida", "Leo")
    submitted = timezone.now()
    states = []
    for turn in range(2):
        tick(product.system, submitted + turn * OVER_AN_HOUR, renderer_url=nowhere)
        states.append(state(product, gift))

    assert states == [("rendering", ["queued"]), ("failed", ["failed"])]
    assert product.shop.call("GET", f"/v1/gifts/{gift['id']}")["failure"] == {
        "code": "renderer_unreachable",
        "detail": "The rendering service could not be reached for an hour.",
        "retryable": True,
    }
    assert product.shop.timeline(gift) == ["gift.created", "gift.rendering", "mail.accepted receipt", "gift.failed"]
