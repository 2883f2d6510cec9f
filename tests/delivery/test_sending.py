"""From the intent to the call, and what a killed process leaves behind."""

import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from pytest_django import Settings

from api.delivery.backends.base import Accepted
from api.delivery.models import MailEvent, Message
from api.delivery.outcomes import NotAccepted, Recorded, Refused, Unknown
from api.delivery.services import begin_sending, queue_message, record_outcome, send
from api.delivery.states import EventType, MessageKind, MessageStatus
from api.gifts.models import Gift
from api.outbox.models import Job
from api.outbox.registry import Postpone
from local.ports import free_port
from tests.delivery.conftest import NOT_ACCEPTED, QueueMail, put_in_doubt

pytestmark = pytest.mark.django_db

S = MessageStatus


def report(message: Message, *, at: datetime) -> None:
    """The feed's word on a message, stored but not applied yet."""
    MailEvent.objects.create(
        sg_event_id=f"event-{uuid4()}", message=message, type=EventType.PROCESSED, at=at, received_at=at, raw={}
    )


def test_queueing_writes_the_intent_and_its_job(gift: Gift, now: datetime) -> None:
    message = queue_message(gift, MessageKind.GIFT, to_email="ben@example.com", to_name="Ben", now=now)

    assert (message.status, message.attempts, message.account_id) == (S.QUEUED, 0, gift.account_id)
    assert list(Job.objects.values_list("kind", "ref_id", "dedupe_key", "run_at")) == [
        ("mail.send", message.id, f"mail.send:{message.id}", now)
    ]


def test_queueing_is_undone_with_the_transaction_that_caused_it(gift: Gift, now: datetime) -> None:
    with transaction.atomic():
        queue_message(gift, MessageKind.GIFT, to_email="ben@example.com", to_name="Ben", now=now)
        transaction.set_rollback(True)

    assert (Message.objects.count(), Job.objects.count()) == (0, 0)


def test_gift_has_one_open_mail_to_its_recipient(queue_mail: QueueMail) -> None:
    queue_mail()

    with pytest.raises(IntegrityError), transaction.atomic():
        queue_mail()

    queue_mail(kind=MessageKind.VIDEO_READY)  # mails to the sender are not held up by it
    assert Message.objects.count() == 2


def test_beginning_commits_that_a_call_is_about_to_be_made(queue_mail: QueueMail, now: datetime) -> None:
    message = begin_sending(queue_mail().id, now=now)

    assert message is not None
    assert (message.status, message.attempts, message.sending_started_at) == (S.SENDING, 1, now)


def test_beginning_brings_along_what_the_mail_needs(
    queue_mail: QueueMail, now: datetime, django_assert_num_queries: Any
) -> None:
    message = begin_sending(queue_mail().id, now=now)

    assert message is not None
    with django_assert_num_queries(0):
        assert message.gift is not None
        assert (message.gift.sender_name, message.account.name, message.thanks) == ("Ana", "Confetti Shop", None)


@pytest.mark.parametrize("status", [S.ACCEPTED, S.DELIVERED, S.BOUNCED, S.REFUSED, S.RECORDED, S.WITHDRAWN])
def test_settled_mail_is_never_sent_again(queue_mail: QueueMail, now: datetime, status: MessageStatus) -> None:
    message = queue_mail()
    Message.objects.filter(pk=message.pk).update(status=status)

    assert begin_sending(message.id, now=now + timedelta(days=1)) is None
    message.refresh_from_db()
    assert (message.status, message.attempts) == (status, 0)


def test_mail_that_is_gone_is_not_sent(db: None, now: datetime) -> None:
    assert begin_sending(uuid4(), now=now) is None


def test_mail_of_a_killed_process_is_unknown_and_waits(queue_mail: QueueMail, now: datetime) -> None:
    message = queue_mail()
    put_in_doubt(message, now=now)

    with pytest.raises(Postpone) as postponed:
        begin_sending(message.id, now=now + timedelta(seconds=90))

    message.refresh_from_db()
    assert (message.status, message.attempts) == (S.UNKNOWN, 1)
    assert postponed.value.until == now + timedelta(minutes=5)


def test_unknown_mail_is_sent_again_once_the_feed_reported_a_later_one(
    queue_mail: QueueMail, make_gift: Callable[..., Gift], now: datetime
) -> None:
    message, later = queue_mail(), queue_mail(make_gift())
    put_in_doubt(message, now=now)
    Message.objects.filter(pk=later.pk).update(
        status=S.ACCEPTED, attempts=1, sending_started_at=now + timedelta(seconds=1), reported_at=now
    )

    again = begin_sending(message.id, now=now + timedelta(minutes=5))

    assert again is not None
    assert (again.status, again.attempts, again.is_possible_double) == (S.SENDING, 2, False)


@pytest.mark.parametrize(
    "other",
    [
        {"sending_started_at": timedelta(seconds=-1), "attempts": 1, "is_reported": True},
        {"sending_started_at": timedelta(0), "attempts": 1, "is_reported": True},
        {"sending_started_at": timedelta(seconds=1), "attempts": 1, "is_reported": False},
        {"sending_started_at": timedelta(seconds=1), "attempts": 2, "is_reported": True},
    ],
    ids=["earlier", "same-moment", "not-reported", "reported-for-an-earlier-attempt-perhaps"],
)
def test_unknown_mail_waits_for_evidence(
    queue_mail: QueueMail, make_gift: Callable[..., Gift], now: datetime, other: dict[str, Any]
) -> None:
    message, neighbour = queue_mail(), queue_mail(make_gift())
    put_in_doubt(message, now=now)
    Message.objects.filter(pk=neighbour.pk).update(
        status=S.ACCEPTED,
        attempts=other["attempts"],
        sending_started_at=now + other["sending_started_at"],
        reported_at=now if other["is_reported"] else None,
    )

    with pytest.raises(Postpone) as postponed:
        begin_sending(message.id, now=now + timedelta(minutes=10))

    assert postponed.value.until == now + timedelta(minutes=11)


def test_unknown_mail_is_sent_again_and_listed_when_the_feed_is_dead(queue_mail: QueueMail, now: datetime) -> None:
    message = queue_mail()
    put_in_doubt(message, now=now)

    again = begin_sending(message.id, now=now + timedelta(minutes=30))

    assert again is not None
    assert (again.status, again.attempts, again.is_possible_double) == (S.SENDING, 2, True)


def test_mail_with_an_event_is_not_sent_again_before_the_event_is_applied(queue_mail: QueueMail, now: datetime) -> None:
    message = queue_mail()
    put_in_doubt(message, now=now)
    report(message, at=now)

    with pytest.raises(Postpone):
        begin_sending(message.id, now=now + timedelta(hours=1))

    message.refresh_from_db()
    assert message.attempts == 1


def test_refused_mail_with_an_event_of_an_earlier_attempt_is_not_sent_again(
    queue_mail: QueueMail, now: datetime
) -> None:
    message = queue_mail()
    put_in_doubt(message, now=now)
    put_in_doubt(message, now=now + timedelta(minutes=30))
    record_outcome(message.id, 2, NOT_ACCEPTED, now=now + timedelta(minutes=30))
    report(message, at=now)

    with pytest.raises(Postpone):
        begin_sending(message.id, now=now + timedelta(minutes=31))


def test_test_gifts_mail_is_recorded_and_never_leaves(
    queue_mail: QueueMail, make_gift: Callable[..., Gift], now: datetime, mail_settings: Settings
) -> None:
    mail_settings.MAIL_BACKEND = "nothing.like.this"
    message = begin_sending(queue_mail(make_gift(livemode=False)).id, now=now)
    assert message is not None

    outcome = send(message, now=now)
    message = record_outcome(message.id, message.attempts, outcome, now=now)

    assert outcome == Recorded()
    assert (message.status, message.accepted_at) == (S.RECORDED, now)


def test_test_gifts_mail_of_a_killed_process_waits_for_nobody(
    queue_mail: QueueMail, make_gift: Callable[..., Gift], now: datetime
) -> None:
    message = queue_mail(make_gift(livemode=False))
    put_in_doubt(message, now=now)

    again = begin_sending(message.id, now=now + timedelta(seconds=90))

    assert again is not None
    assert (again.status, again.is_possible_double) == (S.SENDING, False)


def test_accepted_mail_is_told_by_the_mail_services_id(
    queue_mail: QueueMail, now: datetime, mail_settings: Settings
) -> None:
    message = begin_sending(queue_mail().id, now=now)
    assert message is not None

    outcome = send(message, now=now)

    assert isinstance(outcome, Accepted)
    assert outcome.provider_id


def test_mail_that_is_not_valid_is_refused(queue_mail: QueueMail, now: datetime, mail_settings: Settings) -> None:
    message = begin_sending(queue_mail(to_email="nobody at all").id, now=now)
    assert message is not None

    outcome = send(message, now=now)

    assert isinstance(outcome, Refused)
    assert outcome.failure["code"] == "mail_refused"


def test_mail_service_that_is_away_has_not_accepted(
    queue_mail: QueueMail, now: datetime, mail_settings: Settings
) -> None:
    mail_settings.SENDGRID_URL = f"http://127.0.0.1:{free_port()}"
    message = begin_sending(queue_mail().id, now=now)
    assert message is not None

    assert isinstance(send(message, now=now), NotAccepted)


def hang_up_after_reading(server: socket.socket) -> None:
    """Take one whole request, and answer nothing."""
    connection, _ = server.accept()
    with connection, connection.makefile("rb") as request:
        length = 0
        while (line := request.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        request.read(length)


def test_mail_service_that_does_not_answer_leaves_it_open(
    queue_mail: QueueMail, now: datetime, mail_settings: Settings
) -> None:
    message = begin_sending(queue_mail().id, now=now)
    assert message is not None

    with socket.create_server(("127.0.0.1", 0)) as silent:
        mail_settings.SENDGRID_URL = f"http://127.0.0.1:{silent.getsockname()[1]}"
        threading.Thread(target=hang_up_after_reading, args=(silent,)).start()
        outcome = send(message, now=now)

    assert isinstance(outcome, Unknown)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_make_one_call(queue_mail: QueueMail, now: datetime) -> None:
    message_id = queue_mail().id

    def begin(_worker: int) -> str:
        try:
            return "calls" if begin_sending(message_id, now=now) else "leaves it"
        except Postpone:
            return "waits"
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as workers:
        answers = sorted(workers.map(begin, range(4)))

    assert answers == ["calls", "waits", "waits", "waits"]
