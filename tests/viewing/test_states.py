"""Who may open what, in every state, at each of the four addresses."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from rest_framework.test import APIClient

from accounts.models import Account
from api.gifts import services
from api.gifts.models import Gift, GiftEvent
from api.gifts.states import BEFORE_SENT, OPENABLE, GiftStatus
from api.outbox.models import Job
from api.templates.models import Template
from api.viewing.models import Thanks
from tests import build
from tests.viewing.conftest import SentGift

MakeGift = Callable[[Account, datetime], Gift]


def withdrawn(account: Account, now: datetime) -> Gift:
    return services.cancel_gift(build.sent(account, now).pk, actor="tests", now=now)


def expired_unsent(account: Account, now: datetime) -> Gift:
    gift = build.ready(account, now)
    services.expire_gift(gift.pk, now=now + timedelta(days=90))
    gift.refresh_from_db()
    return gift


def expired_before_the_tick(account: Account, now: datetime) -> Gift:
    """Over since a moment ago, while the task that says so has not run yet."""
    return build.sent(account, now - timedelta(days=90, seconds=1))


def in_state(status: GiftStatus) -> MakeGift:
    return lambda account, now: build.in_state(status, account, now)


OPEN = [pytest.param(in_state(status), id=status) for status in sorted(OPENABLE)]
MISSING = [
    *[pytest.param(in_state(status), id=status) for status in sorted(BEFORE_SENT)],
    pytest.param(in_state(GiftStatus.CANCELED), id="canceled before it was sent"),
    pytest.param(expired_unsent, id="expired before it was sent"),
]
GONE = [
    pytest.param(in_state(GiftStatus.EXPIRED), id="expired"),
    pytest.param(withdrawn, id="withdrawn"),
    pytest.param(expired_before_the_tick, id="expired, not marked yet"),
]


def statuses(recipient: APIClient, token: str) -> list[int]:
    """Page, JSON, progress, thanks."""
    return [
        recipient.get(f"/g/{token}").status_code,
        recipient.get(f"/public/gifts/{token}").status_code,
        recipient.post(f"/public/gifts/{token}/progress", {"percent": 25}).status_code,
        recipient.post(f"/public/gifts/{token}/thanks", {"message": "Thank you!"}).status_code,
    ]


@pytest.mark.parametrize("make", OPEN)
def test_a_sent_gift_opens(
    make: MakeGift, account: Account, template: Template, recipient: APIClient, now: datetime
) -> None:
    assert statuses(recipient, make(account, now).token) == [200, 200, 204, 201]


@pytest.mark.parametrize("make", MISSING)
def test_a_gift_that_was_never_sent_is_not_there(
    make: MakeGift, account: Account, template: Template, recipient: APIClient, now: datetime
) -> None:
    assert statuses(recipient, make(account, now).token) == [404, 404, 404, 404]


@pytest.mark.parametrize("make", GONE)
def test_a_gift_that_is_over_is_gone(
    make: MakeGift, account: Account, template: Template, recipient: APIClient, now: datetime
) -> None:
    assert statuses(recipient, make(account, now).token) == [410, 410, 410, 410]
    assert not Thanks.objects.exists()


def test_a_token_that_is_nobodys_is_not_there(db: None, recipient: APIClient) -> None:
    assert statuses(recipient, "A" * 32) == [404, 404, 404, 404]


@pytest.mark.parametrize("token", ["a.b", "%00", "é", "A" * 5000, "..%2f..%2f", "a/"])
def test_what_cannot_be_a_token_is_not_there(db: None, recipient: APIClient, token: str) -> None:
    assert recipient.get(f"/g/{token}").status_code == 404
    assert recipient.get(f"/public/gifts/{token}").json()["code"] == "not_found"


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_changes_nothing(method: str, recipient: APIClient, sent_gift: SentGift) -> None:
    gift = sent_gift()
    before = [list(model.objects.order_by("pk").values()) for model in (Gift, GiftEvent, Thanks, Job)]

    for path in ("/g/", "/public/gifts/"):
        assert getattr(recipient, method)(path + gift.token).status_code == 200

    assert [list(model.objects.order_by("pk").values()) for model in (Gift, GiftEvent, Thanks, Job)] == before


def test_playing_a_quarter_marks_the_gift_watched(recipient: APIClient, sent_gift: SentGift) -> None:
    gift = sent_gift()

    for percent in (25, 100, 50, 100):
        answer = recipient.post(f"/public/gifts/{gift.token}/progress", {"percent": percent})
        assert (answer.status_code, answer.content) == (204, b"")

    gift.refresh_from_db()
    assert (gift.status, gift.watched_percent) == (GiftStatus.WATCHED, 100)


def test_the_fourth_thanks_is_refused(recipient: APIClient, sent_gift: SentGift) -> None:
    gift = sent_gift()
    url = f"/public/gifts/{gift.token}/thanks"

    answers = [recipient.post(url, {"message": f"Thanks, {number}"}) for number in range(4)]

    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
    assert [answer.json() for answer in answers[:3]] == [
        {"message": "Thanks, 0", "thanks_left": 2},
        {"message": "Thanks, 1", "thanks_left": 1},
        {"message": "Thanks, 2", "thanks_left": 0},
    ]
    assert answers[3].json()["code"] == "thanks_used_up"
    left = recipient.get(f"/public/gifts/{gift.token}").json()
    assert (left["can_thank"], left["thanks_left"]) == (False, 0)
    assert 'data-left="0"' in recipient.get(f"/g/{gift.token}").content.decode()


def test_while_the_database_is_away_nobody_hears_that_the_gift_is_lost(
    recipient: APIClient, sent_gift: SentGift
) -> None:
    gift = sent_gift()

    def away(*_arguments: Any) -> None:
        raise OperationalError("away")

    with connection.execute_wrapper(away):
        page, body = recipient.get(f"/g/{gift.token}"), recipient.get(f"/public/gifts/{gift.token}")

    assert (page.status_code, page["Retry-After"], page["Cache-Control"]) == (503, "5", "no-store")
    assert "It is safe" in page.content.decode()
    assert (body.status_code, body["Retry-After"], body.json()["code"]) == (503, "5", "unavailable")
