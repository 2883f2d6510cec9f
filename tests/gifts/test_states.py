"""The edges: every pair of states, made from the enum."""

from datetime import datetime, timedelta
from itertools import pairwise, product

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Account
from api.gifts import lifecycle
from api.gifts.lifecycle import IllegalTransition, StateConflict
from api.gifts.models import Gift, GiftEvent
from api.gifts.states import EDGES, EDITABLE, ENDED, GiftStatus
from api.rendering.models import Render
from api.rendering.services import queue_render
from api.templates.models import Template
from tests import build

PAIRS = list(product(GiftStatus, GiftStatus))


def test_every_state_has_its_edges() -> None:
    assert set(EDGES) == set(GiftStatus)


def test_nothing_leaves_an_end() -> None:
    assert {status for status in GiftStatus if not EDGES[status]} == set(ENDED)


def test_what_is_over_or_sent_takes_no_patch() -> None:
    assert set(GiftStatus) - set(EDITABLE) == {
        GiftStatus.SENT,
        GiftStatus.WATCHED,
        GiftStatus.EXPIRED,
        GiftStatus.CANCELED,
    }


@pytest.mark.parametrize(("source", "target"), PAIRS, ids=[f"{source}-{target}" for source, target in PAIRS])
def test_a_gift_moves_along_its_edges_only(
    source: GiftStatus, target: GiftStatus, account: Account, template: Template, now: datetime
) -> None:
    gift = build.in_state(source, account, now)
    assert gift.status == source
    gift.film = gift.film or _any_film(gift, now)
    gift.order_status = "paid"
    events = GiftEvent.objects.filter(gift=gift).count()

    if source == target:
        assert lifecycle.move_to(gift, target, actor="tests", now=now) is False
        expected = source
    elif target in EDGES[source]:
        assert lifecycle.move_to(gift, target, actor="tests", now=now) is True
        events += 1
        expected = target
    else:
        with pytest.raises(IllegalTransition, match=f"is {source}"):
            lifecycle.move_to(gift, target, actor="tests", now=now)
        expected = source

    assert Gift.objects.values_list("status", flat=True).get(pk=gift.pk) == expected
    assert GiftEvent.objects.filter(gift=gift).count() == events


def test_two_readers_move_a_gift_once(account: Account, template: Template, now: datetime) -> None:
    first = build.draft(account, now)
    second = Gift.objects.get(pk=first.pk)

    lifecycle.move_to(first, GiftStatus.CANCELED, actor="first", now=now)

    with pytest.raises(StateConflict), transaction.atomic():
        lifecycle.move_to(second, GiftStatus.RENDERING, actor="second", now=now)
    assert [event.type for event in GiftEvent.objects.filter(gift=first).order_by("at")] == [
        "gift.created",
        "gift.canceled",
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "lost"},
        {"status": "sent"},
        {"status": "ready"},
    ],
)
def test_the_database_repeats_the_rules(
    changes: dict[str, str], account: Account, template: Template, now: datetime
) -> None:
    gift = build.draft(account, now)

    with pytest.raises(IntegrityError), transaction.atomic():
        Gift.objects.filter(pk=gift.pk).update(**changes)


def test_the_database_lets_no_gated_gift_be_scheduled(account: Account, template: Template, now: datetime) -> None:
    gift = build.ready(account, now)

    with pytest.raises(IntegrityError), transaction.atomic():
        Gift.objects.filter(pk=gift.pk).update(status="scheduled")


def test_timeline_times_strictly_increase(account: Account, template: Template, now: datetime) -> None:
    gift = build.sent(account, now)

    times = list(GiftEvent.objects.filter(gift=gift).order_by("pk").values_list("at", flat=True))

    assert len(times) > 4
    assert all(later > earlier for earlier, later in pairwise(times))
    assert times[-1] - now < timedelta(milliseconds=1)


def _any_film(gift: Gift, now: datetime) -> Render:
    return queue_render(gift.pk, now=now)
