"""A worker killed between claim, call and commit of a webhook: it arrives, if need be twice, under one id."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from accounts.models import Account
from api.outbox.services import LEASE
from api.webhooks import services
from api.webhooks.models import WebhookAttempt, WebhookDelivery
from tests.drills.drill import CLAIM, COMMIT, FINISH, MINUTE, assert_nothing_left
from tests.drills.mail_drill import MailDrill
from tests.webhooks.receivers import Receiver, receiving, says

BEGIN = "api.webhooks.services.delivering.begin_attempt"
POST = "api.webhooks.sending.post"
RECORD = "api.webhooks.services.delivering.record_outcome"

# Where the worker dies, how often the webhook arrives, and what the attempts are called.
POINTS = {
    "after the claim": ([f"{CLAIM}:return"], 1, [""]),
    "before the call's intent is committed": ([f"{BEGIN}:call", COMMIT], 1, [""]),
    "after the call's intent": ([f"{BEGIN}:return"], 1, ["interrupted", ""]),
    "before the call": ([f"{POST}:call"], 1, ["interrupted", ""]),
    "after the answer": ([f"{POST}:return"], 2, ["interrupted", ""]),
    "before the outcome is committed": ([f"{RECORD}:call", COMMIT], 2, ["interrupted", ""]),
    "after the outcome": ([f"{RECORD}:return"], 1, [""]),
    "before the job is finished": ([f"{FINISH}:call"], 1, [""]),
    "after the job is finished": ([f"{FINISH}:return"], 1, [""]),
}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(says(200)) as receiver:
        yield receiver


@pytest.fixture
def delivery(account: Account, receiver: Receiver, drill: MailDrill) -> WebhookDelivery:
    endpoint = services.create_endpoint(
        account.pk, livemode=True, url=receiver.url(), types=["gift.sent"], now=drill.now
    )
    return services.send_test(endpoint, now=drill.now)


@pytest.mark.parametrize(("points", "arrivals", "attempts"), POINTS.values(), ids=POINTS)
def test_a_webhook_arrives_under_one_id_wherever_its_worker_is_killed(
    points: list[str],
    arrivals: int,
    attempts: list[str],
    delivery: WebhookDelivery,
    receiver: Receiver,
    drill: MailDrill,
) -> None:
    drill.kill(*points, at=drill.now)
    drill.tick(drill.now + LEASE + timedelta(seconds=5))
    drill.tick(drill.now + 5 * MINUTE)

    delivery.refresh_from_db()
    assert delivery.status == "succeeded"
    assert [request.headers["webhook-id"] for request in receiver.received] == [str(delivery.event_id)] * arrivals
    assert {request.body for request in receiver.received} == {delivery.body.encode()}
    assert list(WebhookAttempt.objects.order_by("id").values_list("error", flat=True)) == attempts
    assert_nothing_left()


def test_a_shop_whose_endpoint_is_gone_gets_a_mail(
    account: Account, delivery: WebhookDelivery, receiver: Receiver, drill: MailDrill
) -> None:
    receiver.answer = says(410)

    drill.tick(drill.now)

    (mail,) = drill.mailbox.mails(to=account.email)
    assert mail["subject"] == "Your webhook endpoint is switched off"
    assert receiver.url() in mail["text"]
    drill.settle()
    drill.tick(drill.now + MINUTE)
    assert_nothing_left()
