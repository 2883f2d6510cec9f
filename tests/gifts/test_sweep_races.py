"""What is done to a gift while a sweep or a vendor's word waits for it is not undone, and the gift is found."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import pytest
from django.db import connection, connections, transaction
from rest_framework.test import APIClient

from accounts.models import Account
from api.delivery.backends.base import Accepted
from api.delivery.models import Message
from api.delivery.services import begin_sending
from api.gifts import services, sweeps
from api.gifts.models import Gift, GiftEvent
from api.templates.models import Template
from tests.build import ACTOR, draft, expired, failed, filmed, ready, rendering
from tests.waiting import eventually, in_another_connection, waiting_backends

pytestmark = pytest.mark.django_db(transaction=True)


def behind(first: Callable[[], object], second: Callable[[], object]) -> list[object]:
    """What came of `second`, which waits for the row that `first` has changed and not committed yet."""
    came: list[object] = []

    def run() -> None:
        try:
            came.append(second())
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    with transaction.atomic():
        first()
        thread.start()
        eventually(waiting_backends, 20)
    thread.join()
    return came


def change(gift: Gift, now: datetime, **content: object) -> Gift:
    return services.update_gift(gift.pk, content, actor=ACTOR, now=now, may_lift_gates=True)  # type: ignore[arg-type]


@pytest.fixture
def another(template: Template) -> Template:
    return Template.objects.create(
        slug="another", name="Another", occasion="birthday", status="published", duration_s=20
    )


def test_a_gift_whose_template_changes_is_found_by_whoever_waits_for_it(
    account: Account, api: APIClient, another: Template, now: datetime
) -> None:
    """A payment that was answered with 404 would be so again for a day, by its idempotency key."""
    gift = ready(account, now)

    def pay() -> int:
        key = {"Idempotency-Key": "order-1"}
        return api.post(f"/v1/gifts/{gift.pk}/order", {"status": "paid"}, format="json", headers=key).status_code

    assert behind(partial(change, gift, now, template="another"), pay) == [200]
    assert pay() == 200
    gift.refresh_from_db()
    assert gift.order_status == "paid"


def test_a_mail_that_is_accepted_while_the_template_changes_counts_as_accepted(
    account: Account, another: Template, now: datetime
) -> None:
    gift = ready(account, now)
    mail = begin_sending(Message.objects.get(gift=gift, kind="video_ready").pk, now=now)
    assert mail is not None

    behind(
        partial(change, gift, now, template="another"),
        lambda: services.apply_outcome(mail, Accepted("abc"), now=now),
    )

    mail.refresh_from_db()
    assert mail.status == "accepted"


def test_a_draft_that_is_changed_while_a_sweep_waits_for_it_stays(account: Account, now: datetime) -> None:
    gift, later = draft(account, now), now + timedelta(days=31)

    assert behind(partial(change, gift, later, message="I am back"), lambda: sweeps.delete_untouched_drafts(later)) == [
        0
    ]

    assert Gift.objects.filter(pk=gift.pk).exists()


def test_a_failed_gift_that_is_changed_while_a_sweep_waits_for_it_stays(account: Account, now: datetime) -> None:
    gift, later = failed(account, now), now + timedelta(days=91)

    assert behind(partial(change, gift, later, metadata={"a": "b"}), lambda: sweeps.expire(later)) == [0]

    gift.refresh_from_db()
    assert gift.status == "failed"


def test_a_gift_is_forgotten_once(account: Account, now: datetime) -> None:
    gift, later = expired(account, now), now + timedelta(days=500)

    assert behind(lambda: services.forget_gift(gift.pk, now=later), lambda: sweeps.forget(later)) == [0]

    assert GiftEvent.objects.filter(gift=gift, type="gift.forgotten").count() == 1


def test_a_mail_that_was_called_back_is_not_given_up(account: Account, now: datetime) -> None:
    gift = filmed(rendering(account, now), now)
    mail = Message.objects.get(gift=gift, kind="gift")
    Message.objects.filter(pk=mail.pk).update(attempts=9)  # refused each time

    behind(
        partial(change, gift, now, recipient={"email": "ben@other.example"}),
        lambda: services.give_up_mail(mail.pk, now=now),
    )

    gift.refresh_from_db()
    assert gift.failure is None


def test_a_draft_that_is_deleted_before_it_is_answered_with_is_not_there(
    account: Account, api: APIClient, now: datetime
) -> None:
    gift = draft(account, now)

    def delete_between(execute: Callable[..., object], sql: str, *rest: object) -> object:
        if sql.startswith("SELECT") and not connection.in_atomic_block and deleting:
            deleting.pop()()
        answer = execute(sql, *rest)
        if sql.startswith('UPDATE "api_gift"'):
            deleting.append(lambda: in_another_connection(lambda: Gift.objects.filter(pk=gift.pk).delete()))
        return answer

    deleting: list[Callable[[], None]] = []
    with connection.execute_wrapper(delete_between):
        answer = api.patch(f"/v1/gifts/{gift.pk}", {"message": "I am back"}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
