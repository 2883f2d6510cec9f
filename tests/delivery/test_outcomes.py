"""What became of a call: who may say so, and when it counts."""

from datetime import datetime, timedelta

import pytest
from django.db import transaction

from api.delivery.backends.base import Accepted
from api.delivery.models import Message
from api.delivery.outcomes import Outcome, Recorded
from api.delivery.services import begin_sending, record_outcome, withdraw_queued
from api.delivery.states import MessageKind, MessageStatus
from api.exceptions import DeliveryInProgressError
from api.gifts.models import Gift
from tests.delivery.conftest import NOT_ACCEPTED, REFUSED, UNKNOWN, QueueMail, put_in_doubt

pytestmark = pytest.mark.django_db

S = MessageStatus


def test_accepted_mail_keeps_the_mail_services_id(queue_mail: QueueMail, now: datetime) -> None:
    message = queue_mail()
    put_in_doubt(message, now=now)

    message = record_outcome(message.id, 1, Accepted("abc"), now=now)

    assert (message.status, message.provider_id, message.accepted_at) == (S.ACCEPTED, "abc", now)


@pytest.mark.parametrize(
    ("outcome", "status", "code"),
    [(NOT_ACCEPTED, S.QUEUED, "mail_service_unreachable"), (REFUSED, S.REFUSED, "mail_refused"),
     (UNKNOWN, S.UNKNOWN, "mail_outcome_unknown")],
)  # fmt: skip
def test_mail_not_accepted_says_why(
    queue_mail: QueueMail, now: datetime, outcome: Outcome, status: MessageStatus, code: str
) -> None:
    message = queue_mail()
    put_in_doubt(message, now=now)

    message = record_outcome(message.id, 1, outcome, now=now)

    assert message.failure is not None
    assert (message.status, message.accepted_at, message.failure["code"]) == (status, None, code)


def test_mail_certainly_not_accepted_is_sent_again_without_waiting(queue_mail: QueueMail, now: datetime) -> None:
    message = queue_mail()
    put_in_doubt(message, now=now)
    record_outcome(message.id, 1, NOT_ACCEPTED, now=now)

    again = begin_sending(message.id, now=now + timedelta(seconds=5))

    assert again is not None
    assert (again.status, again.attempts, again.is_possible_double) == (S.SENDING, 2, False)


@pytest.mark.parametrize("outcome", [NOT_ACCEPTED, REFUSED, UNKNOWN, Recorded()], ids=lambda o: type(o).__name__)
def test_loser_of_an_earlier_attempt_changes_nothing(queue_mail: QueueMail, now: datetime, outcome: Outcome) -> None:
    message = queue_mail()
    put_in_doubt(message, now=now)
    put_in_doubt(message, now=now + timedelta(minutes=30))

    message = record_outcome(message.id, 1, outcome, now=now + timedelta(minutes=31))

    assert (message.status, message.attempts, message.failure) == (S.SENDING, 2, None)


@pytest.mark.parametrize("outcome", [NOT_ACCEPTED, REFUSED, UNKNOWN], ids=lambda o: type(o).__name__)
@pytest.mark.parametrize("status", [S.UNKNOWN, S.ACCEPTED, S.DELIVERED, S.BOUNCED, S.WITHDRAWN])
def test_bad_news_counts_only_while_it_is_awaited(
    queue_mail: QueueMail, now: datetime, outcome: Outcome, status: MessageStatus
) -> None:
    message = queue_mail()
    put_in_doubt(message, now=now)
    Message.objects.filter(pk=message.pk).update(status=status)

    assert record_outcome(message.id, 1, outcome, now=now).status == status


@pytest.mark.parametrize("status", [S.QUEUED, S.SENDING, S.UNKNOWN, S.REFUSED, S.WITHDRAWN])
def test_good_news_counts_whenever_it_comes(queue_mail: QueueMail, now: datetime, status: MessageStatus) -> None:
    message = queue_mail()
    Message.objects.filter(pk=message.pk).update(status=status, attempts=3)

    message = record_outcome(message.id, 1, Accepted("abc"), now=now)

    assert (message.status, message.provider_id) == (S.ACCEPTED, "abc")


@pytest.mark.parametrize("status", [S.ACCEPTED, S.DELIVERED, S.BOUNCED, S.RECORDED])
def test_good_news_of_a_taken_mail_is_no_news(queue_mail: QueueMail, now: datetime, status: MessageStatus) -> None:
    message = queue_mail()
    Message.objects.filter(pk=message.pk).update(status=status, provider_id="first", attempts=1)

    message = record_outcome(message.id, 1, Accepted("second"), now=now)

    assert (message.status, message.provider_id) == (status, "first")


@pytest.mark.parametrize(("status", "attempts"), [(S.QUEUED, 0), (S.SENDING, 1), (S.UNKNOWN, 1)])
def test_mail_that_may_be_on_its_way_cannot_be_withdrawn(
    queue_mail: QueueMail, gift: Gift, now: datetime, status: MessageStatus, attempts: int
) -> None:
    message = queue_mail()
    Message.objects.filter(pk=message.pk).update(status=status, attempts=attempts)

    with pytest.raises(DeliveryInProgressError) as refused, transaction.atomic():
        withdraw_queued(gift.id)

    message.refresh_from_db()
    assert (refused.value.code, refused.value.retry_after) == ("delivery_in_progress", timedelta(seconds=10))
    assert message.status == status


def test_mail_that_was_certainly_refused_is_withdrawn_and_another_may_be_queued(
    queue_mail: QueueMail, gift: Gift, now: datetime
) -> None:
    message = queue_mail()
    put_in_doubt(message, now=now)
    record_outcome(message.id, 1, NOT_ACCEPTED, now=now)

    with transaction.atomic():
        withdraw_queued(gift.id)

    message.refresh_from_db()
    assert message.status == S.WITHDRAWN
    assert begin_sending(message.id, now=now) is None
    assert queue_mail().status == S.QUEUED


def test_withdrawing_leaves_settled_mails_and_mails_to_the_sender_alone(
    queue_mail: QueueMail, gift: Gift, now: datetime
) -> None:
    sent, ready = queue_mail(), queue_mail(kind=MessageKind.VIDEO_READY)
    Message.objects.filter(pk=sent.pk).update(status=S.ACCEPTED)

    with transaction.atomic():
        withdraw_queued(gift.id)

    sent.refresh_from_db()
    ready.refresh_from_db()
    assert (sent.status, ready.status) == (S.ACCEPTED, S.QUEUED)
