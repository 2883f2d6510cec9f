"""A delivery's life: attempts, retries, signatures, giving up, asking again."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from accounts.models import Account
from api.delivery import services as mails
from api.delivery.content import compose_mail
from api.delivery.models import MailEvent, Message
from api.delivery.outcomes import NotAccepted
from api.exceptions import BackendError, InvalidStateError
from api.gifts import services as gifts
from api.outbox import services as outbox
from api.outbox.drain import drain
from api.outbox.models import Job
from api.outbox.registry import Postpone
from api.webhooks import services
from api.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from api.webhooks.outcomes import Outcome
from api.webhooks.services.delivering import JOB, WAITS
from api.webhooks.tasks import deliver
from tests import build
from tests.webhooks.conftest import MakeEndpoint
from tests.webhooks.receivers import Receiver, receiving, says

pytestmark = pytest.mark.django_db(transaction=True)

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


@pytest.fixture
def delivery(endpoint: WebhookEndpoint, now: datetime) -> WebhookDelivery:
    return services.send_test(endpoint, now=now)


def attempt(delivery: WebhookDelivery, now: datetime) -> timedelta | None:
    """One run of the job; how long it wants to wait then."""
    wait = None
    try:
        deliver(delivery.pk, now=now)
    except Postpone as later:
        wait = later.until - now
    delivery.refresh_from_db()
    return wait


def attempts_of(delivery: WebhookDelivery) -> list[tuple[int | None, str]]:
    return list(delivery.attempts.order_by("id").values_list("code", "error"))


def state_of(endpoint: WebhookEndpoint) -> tuple[bool, str]:
    endpoint.refresh_from_db()
    return endpoint.enabled, endpoint.disabled_reason


def test_a_delivery_that_is_taken_has_succeeded(receiver: Receiver, delivery: WebhookDelivery, now: datetime) -> None:
    assert attempt(delivery, now) is None

    assert (delivery.status, delivery.finished_at, delivery.next_attempt_at) == ("succeeded", now, None)
    noted = delivery.attempts.get()
    assert (noted.code, noted.response, noted.error, noted.started_at) == (200, "thanks", "", now)
    (request,) = receiver.received
    assert request.body.decode() == delivery.body
    assert request.headers["webhook-id"] == str(delivery.event_id)
    assert request.headers["content-type"] == "application/json; charset=utf-8"
    assert request.headers["user-agent"] == "Giftflick-Webhooks/1"


def test_a_signature_is_one_that_standard_webhooks_verifies(
    receiver: Receiver, endpoint: WebhookEndpoint, delivery: WebhookDelivery, now: datetime
) -> None:
    attempt(delivery, now)

    (request,) = receiver.received
    assert Webhook(endpoint.secret).verify(request.body, request.headers) == json.loads(delivery.body)
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint.secret).verify(request.body + b" ", request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint.secret).verify(request.body, {**request.headers, "webhook-id": str(uuid4())})


def test_a_body_that_is_not_ascii_is_signed_as_it_is_sent(
    receiver: Receiver, endpoint: WebhookEndpoint, account: Account, now: datetime
) -> None:
    build.rendering(account, now, metadata={"n\u00e4me": "\u2603\U0001f381\u2028"})
    delivery = WebhookDelivery.objects.get()

    attempt(delivery, now + SECOND)

    (request,) = receiver.received
    verified = Webhook(endpoint.secret).verify(request.body, request.headers)
    assert verified["data"]["metadata"] == {"n\u00e4me": "\u2603\U0001f381\u2028"}


def test_while_a_secret_is_rotated_either_verifies_and_afterwards_only_the_new_one(
    receiver: Receiver, endpoint: WebhookEndpoint, now: datetime
) -> None:
    old = endpoint.secret
    new = services.rotate_secret(endpoint.pk, now=now).secret
    for at in (now, now + DAY - SECOND, now + DAY):
        attempt(services.send_test(endpoint, now=at), at)

    during, late, after = receiver.received
    for request in (during, late):
        assert len(request.headers["webhook-signature"].split(" ")) == 2
        for secret in (old, new):
            Webhook(secret).verify(request.body, request.headers)
    assert len(after.headers["webhook-signature"].split(" ")) == 1
    Webhook(new).verify(after.body, after.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(after.body, after.headers)


def test_rotating_twice_keeps_the_secret_that_a_receiver_may_still_hold(
    receiver: Receiver, endpoint: WebhookEndpoint, now: datetime
) -> None:
    secrets = [endpoint.secret, *(services.rotate_secret(endpoint.pk, now=now).secret for _ in range(3))]
    attempt(services.send_test(endpoint, now=now), now)

    (request,) = receiver.received
    assert len(set(secrets)) == 4
    for secret in secrets[1:]:
        Webhook(secret).verify(request.body, request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secrets[0]).verify(request.body, request.headers)


def test_retries_come_after_the_contracts_waits_and_then_it_has_failed(
    receiver: Receiver, delivery: WebhookDelivery, now: datetime
) -> None:
    receiver.answer = says(503, b"busy")
    waits, at = [], now
    while (wait := attempt(delivery, at)) is not None:
        waits.append(wait)
        at += wait

    hour, minute = timedelta(hours=1), timedelta(minutes=1)
    assert waits == [5 * SECOND, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 10 * hour]
    assert (delivery.status, delivery.finished_at, delivery.next_attempt_at) == ("failed", at, None)
    assert attempts_of(delivery) == [(503, "")] * 8


def test_every_retry_and_redelivery_is_the_same_to_the_byte_with_the_same_id(
    receiver: Receiver, delivery: WebhookDelivery, now: datetime
) -> None:
    receiver.answer = says(500)
    attempt(delivery, now)
    receiver.answer = says(204)
    attempt(delivery, now + WAITS[0])
    services.redeliver(delivery, now=now + DAY)
    attempt(delivery, now + DAY)

    assert len(receiver.received) == 3
    assert {request.headers["webhook-id"] for request in receiver.received} == {str(delivery.event_id)}
    assert {request.body for request in receiver.received} == {delivery.body.encode()}
    assert attempts_of(delivery) == [(500, ""), (204, ""), (204, "")]


def test_the_job_table_waits_as_long_as_the_contract_says(
    receiver: Receiver, delivery: WebhookDelivery, now: datetime
) -> None:
    receiver.answer = says(500)
    drain(clock=lambda: now, until=now + timedelta(minutes=1))

    job = Job.objects.get(kind=JOB)
    assert (job.state, job.run_at, job.attempts) == ("waiting", now + WAITS[0], 0)
    receiver.answer = says(200)
    drain(clock=lambda: now + WAITS[0], until=now + timedelta(minutes=2))
    assert Job.objects.get(kind=JOB).state == "done"


def test_before_its_time_nothing_is_tried(receiver: Receiver, delivery: WebhookDelivery, now: datetime) -> None:
    receiver.answer = says(500)
    attempt(delivery, now)

    assert attempt(delivery, now + WAITS[0] - SECOND) == SECOND
    assert len(receiver.received) == 1


def test_a_redirect_is_a_failure_and_tried_again(receiver: Receiver, delivery: WebhookDelivery, now: datetime) -> None:
    with receiving(says(200)) as elsewhere:
        receiver.answer = says(302, b"", f"Location: {elsewhere.url()}")
        assert attempt(delivery, now) == WAITS[0]

    assert (elsewhere.connections, attempts_of(delivery)) == (0, [(302, "")])


def test_an_attempt_whose_process_was_killed_is_made_again_with_the_same_id(
    receiver: Receiver, delivery: WebhookDelivery, now: datetime
) -> None:
    lost = services.begin_attempt(delivery.pk, now=now)
    assert lost is not None
    assert attempt(delivery, now + SECOND) == outbox.LEASE - SECOND

    assert attempt(delivery, now + outbox.LEASE) is None

    assert attempts_of(delivery) == [(None, "interrupted"), (200, "")]
    assert (delivery.status, receiver.received[0].headers["webhook-id"]) == ("succeeded", str(delivery.event_id))


def test_who_comes_late_with_a_failure_changes_nothing(delivery: WebhookDelivery, now: datetime) -> None:
    late = services.begin_attempt(delivery.pk, now=now)
    present = services.begin_attempt(delivery.pk, now=now + outbox.LEASE)
    assert late is not None
    assert present is not None

    services.record_outcome(late, Outcome(ms=1, code=500), now=now + outbox.LEASE)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.next_attempt_at) == ("pending", now + 2 * outbox.LEASE)
    services.record_outcome(present, Outcome(ms=1, code=200), now=now + outbox.LEASE)
    services.record_outcome(late, Outcome(ms=1, code=500), now=now + outbox.LEASE)

    delivery.refresh_from_db()
    assert delivery.status == "succeeded"


def test_who_comes_late_with_a_success_is_heard(delivery: WebhookDelivery, now: datetime) -> None:
    late = services.begin_attempt(delivery.pk, now=now)
    services.begin_attempt(delivery.pk, now=now + outbox.LEASE)
    assert late is not None

    services.record_outcome(late, Outcome(ms=1, code=200), now=now + outbox.LEASE)

    delivery.refresh_from_db()
    assert delivery.status == "succeeded"


def test_five_days_of_nothing_but_failure_switch_an_endpoint_off(
    receiver: Receiver, endpoint: WebhookEndpoint, now: datetime
) -> None:
    receiver.answer = says(500)
    for days in range(5):
        attempt(services.send_test(endpoint, now=now + days * DAY), now + days * DAY)
    almost = services.send_test(endpoint, now=now + 5 * DAY - SECOND)
    attempt(almost, now + 5 * DAY - SECOND)
    assert state_of(endpoint) == (True, "")
    assert endpoint.failing_since == now

    assert attempt(almost, now + 5 * DAY + 4 * SECOND) is None

    assert state_of(endpoint) == (False, "failing")
    assert endpoint.disabled_at == now + 5 * DAY + 4 * SECOND
    assert almost.status == "failed"
    assert Message.objects.count() == 1


def test_one_success_in_five_days_begins_them_anew(
    receiver: Receiver, endpoint: WebhookEndpoint, now: datetime
) -> None:
    for days, code in enumerate([500, 500, 200, 500, 500, 500, 500]):
        receiver.answer = says(code)
        attempt(services.send_test(endpoint, now=now + days * DAY), now + days * DAY)

    assert state_of(endpoint) == (True, "")
    assert endpoint.failing_since == now + 3 * DAY


def test_410_switches_an_endpoint_off_at_once(
    receiver: Receiver, endpoint: WebhookEndpoint, delivery: WebhookDelivery, now: datetime
) -> None:
    receiver.answer = says(410)

    assert attempt(delivery, now) is None

    assert state_of(endpoint) == (False, "gone")
    assert (delivery.status, attempts_of(delivery)) == ("failed", [(410, "")])
    assert Message.objects.count() == 1


def test_what_waits_for_an_endpoint_that_is_off_or_gone_ends_quietly(
    make_endpoint: MakeEndpoint, receiver: Receiver, now: datetime
) -> None:
    off, gone = make_endpoint(), make_endpoint()
    for endpoint in (off, gone):
        services.send_test(endpoint, now=now)
    services.update_endpoint(off.pk, {"enabled": False}, now=now)
    services.delete_endpoint(gone.pk, now=now)

    drain(clock=lambda: now, until=now + timedelta(minutes=1))

    assert list(WebhookDelivery.objects.values_list("endpoint", "status")) == [(off.pk, "failed")]
    assert set(Job.objects.filter(kind=JOB).values_list("state", "last_error")) == {("done", "")}
    assert receiver.connections == 0


def test_an_endpoint_deleted_during_the_call_ends_quietly(
    endpoint: WebhookEndpoint, delivery: WebhookDelivery, now: datetime
) -> None:
    call = services.begin_attempt(delivery.pk, now=now)
    assert call is not None
    services.delete_endpoint(endpoint.pk, now=now)

    assert services.record_outcome(call, Outcome(ms=1, code=500), now=now) is None


def test_switching_on_again_begins_anew(receiver: Receiver, endpoint: WebhookEndpoint, now: datetime) -> None:
    receiver.answer = says(410)
    attempt(services.send_test(endpoint, now=now), now)
    receiver.answer = says(500)

    services.update_endpoint(endpoint.pk, {"enabled": True}, now=now + 6 * DAY)
    assert attempt(services.send_test(endpoint, now=now + 6 * DAY), now + 6 * DAY) == WAITS[0]

    assert state_of(endpoint) == (True, "")
    assert (endpoint.disabled_at, endpoint.failing_since) == (None, now + 6 * DAY)


def test_the_shop_is_mailed_why_and_how_to_switch_it_on(
    receiver: Receiver, endpoint: WebhookEndpoint, delivery: WebhookDelivery, account: Account, now: datetime
) -> None:
    receiver.answer = says(410)
    attempt(delivery, now)

    message = Message.objects.select_related("account", "endpoint").get()
    mail = compose_mail(message, now=now)
    assert (message.kind, message.status, message.livemode) == ("webhook_disabled", "queued", True)
    assert (mail.to.email, mail.subject, mail.from_name, mail.reply_to) == (
        account.email,
        "Your webhook endpoint is switched off",
        "Giftflick",
        None,
    )
    for part in (mail.html, mail.text):
        assert endpoint.url in part
        assert f"PATCH /v1/webhook-endpoints/{endpoint.pk}" in part
        assert "It answered 410 Gone" in part
        assert "Monday 23 November 2026, 12:00 (UTC)" in part
        assert endpoint.secret not in part
    assert Job.objects.filter(kind="mail.send", ref_id=message.pk).count() == 1


def test_the_mail_says_if_it_was_five_days(receiver: Receiver, endpoint: WebhookEndpoint, now: datetime) -> None:
    receiver.answer = says(500)
    for at in (now, now + 5 * DAY):
        attempt(services.send_test(endpoint, now=at), at)

    mail = compose_mail(Message.objects.select_related("account", "endpoint").get(), now=now)
    assert "For five days every call to it failed." in mail.text


def test_a_mail_about_an_endpoint_goes_the_way_of_all_mails(endpoint: WebhookEndpoint, now: datetime) -> None:
    message = mails.queue_endpoint_mail(endpoint, to_email="shop@confetti.example", to_name="Shop", now=now)
    begun = mails.begin_sending(message.pk, now=now)
    assert begun is not None
    away = NotAccepted(BackendError("away", "Away.", retryable=True))

    assert gifts.apply_outcome(begun, away, now=now).status == "queued"
    MailEvent.objects.create(sg_event_id="1", message=message, type="delivered", at=now, received_at=now, raw={})
    gifts.apply_mail_events(message.pk, now=now)
    gifts.give_up_mail(message.pk, now=now)

    message.refresh_from_db()
    assert message.status == "delivered"


def test_a_delivery_that_ended_is_delivered_again_with_all_its_retries(
    receiver: Receiver, delivery: WebhookDelivery, now: datetime
) -> None:
    attempt(delivery, now)
    receiver.answer = says(500)

    services.redeliver(delivery, now=now + DAY)
    assert attempt(delivery, now + DAY) == WAITS[0]

    assert (delivery.status, delivery.tries, delivery.runs) == ("pending", 1, 1)
    assert sorted(Job.objects.filter(kind=JOB).values_list("dedupe_key", flat=True)) == [
        f"{JOB}:{delivery.pk}:0",
        f"{JOB}:{delivery.pk}:1",
    ]


def test_a_delivery_that_waits_is_brought_forward_without_a_second_job(
    receiver: Receiver, delivery: WebhookDelivery, now: datetime
) -> None:
    receiver.answer = says(500)
    drain(clock=lambda: now, until=now + timedelta(minutes=1))
    receiver.answer = says(200)

    services.redeliver(delivery, now=now + SECOND)
    drain(clock=lambda: now + SECOND, until=now + timedelta(minutes=1))

    delivery.refresh_from_db()
    assert (delivery.status, Job.objects.filter(kind=JOB).count()) == ("succeeded", 1)


def test_during_a_try_asking_again_changes_nothing(delivery: WebhookDelivery, now: datetime) -> None:
    outbox.claim(now=now, limit=1)
    services.begin_attempt(delivery.pk, now=now)

    services.redeliver(delivery, now=now)

    delivery.refresh_from_db()
    assert (delivery.status, delivery.next_attempt_at) == ("pending", now + outbox.LEASE)


def test_what_is_off_is_not_delivered_to(endpoint: WebhookEndpoint, delivery: WebhookDelivery, now: datetime) -> None:
    endpoint = services.update_endpoint(endpoint.pk, {"enabled": False}, now=now)

    with pytest.raises(InvalidStateError):
        services.redeliver(delivery, now=now)
    with pytest.raises(InvalidStateError):
        services.send_test(endpoint, now=now)


def test_a_delivery_that_ended_while_its_endpoint_was_off_can_be_asked_for_afterwards(
    receiver: Receiver, endpoint: WebhookEndpoint, delivery: WebhookDelivery, now: datetime
) -> None:
    services.update_endpoint(endpoint.pk, {"enabled": False}, now=now)
    drain(clock=lambda: now, until=now + timedelta(minutes=1))
    services.update_endpoint(endpoint.pk, {"enabled": True}, now=now)

    services.redeliver(delivery, now=now)
    drain(clock=lambda: now, until=now + timedelta(minutes=1))

    delivery.refresh_from_db()
    assert (delivery.status, receiver.connections) == ("succeeded", 1)


def test_deliveries_are_forgotten_after_thirty_days_unless_they_wait(
    receiver: Receiver, endpoint: WebhookEndpoint, now: datetime
) -> None:
    done, waiting = services.send_test(endpoint, now=now), services.send_test(endpoint, now=now)
    attempt(done, now)

    assert services.purge_old(now + 30 * DAY) == 0
    assert services.purge_old(now + 30 * DAY + SECOND) == 1

    assert list(WebhookDelivery.objects.values_list("pk", flat=True)) == [waiting.pk]
    assert WebhookAttempt.objects.count() == 0


def test_a_burst_is_delivered_once_each(receiver: Receiver, endpoint: WebhookEndpoint, now: datetime) -> None:
    wanted = [str(services.send_test(endpoint, now=now).event_id) for _ in range(40)]

    drain(clock=lambda: now, until=now + timedelta(minutes=1))

    assert sorted(request.headers["webhook-id"] for request in receiver.received) == sorted(wanted)
    assert set(WebhookDelivery.objects.values_list("status", flat=True)) == {"succeeded"}


def test_nothing_of_a_call_is_logged(
    receiver: Receiver, endpoint: WebhookEndpoint, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    WebhookEndpoint.objects.update(url=receiver.url("/secret-path?token=hush-hush"))
    receiver.answer = says(500, b"tell-nobody")
    caplog.set_level("DEBUG")
    delivery = services.send_test(endpoint, now=now)
    drain(clock=lambda: now, until=now + timedelta(minutes=1))

    said: list[Any] = [vars(record) for record in caplog.records if not record.name.startswith("django.db")]
    assert said != []
    for word in ["secret-path", "hush-hush", endpoint.secret, "tell-nobody", delivery.body]:
        assert word not in str(said), word
    call = services.begin_attempt(delivery.pk, now=now + DAY)
    assert endpoint.secret not in repr(call)
