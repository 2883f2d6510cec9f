"""The event webhook: what is said of each mail, signed, once it is received."""

import signal
import time
from collections.abc import Callable

from sendgrid.helpers.eventwebhook import EventWebhook

from tests.local.sendgrid.service import PUBLIC_KEY, Receiver, Service, client_of, mail_to, message, to

SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"


def test_events_are_signed_and_carry_the_custom_args(service: Service, receiver: Receiver) -> None:
    response = client_of(service).send(mail_to("ben@example.com"))

    processed, delivered = receiver.events_for("ben@example.com", 2)
    assert [processed["event"], delivered["event"]] == ["processed", "delivered"]
    assert processed["message_id"] == delivered["message_id"] == "0193-aa"
    assert processed["sg_message_id"].startswith(response.headers["X-Message-Id"] + ".")
    assert processed["smtp-id"].startswith("<")
    assert abs(processed["timestamp"] - time.time()) < 60
    assert processed["sg_event_id"] != delivered["sg_event_id"]
    posting = receiver.postings[0]
    verifier = EventWebhook(PUBLIC_KEY)
    signature, timestamp = posting.headers[SIGNATURE], posting.headers[TIMESTAMP]
    assert verifier.verify_signature(posting.body.decode(), signature, timestamp)
    assert not verifier.verify_signature(posting.body.decode() + " ", signature, timestamp)


def test_bounce_address_bounces(service: Service, receiver: Receiver) -> None:
    service.post(message(personalizations=to("bounce@example.com"), categories=["gift"]))

    processed, bounce = receiver.events_for("bounce@example.com", 2)
    assert processed["event"] == "processed"
    assert (bounce["event"], bounce["type"], bounce["status"]) == ("bounce", "bounce", "5.1.1")
    assert bounce["reason"].startswith("550 ")
    assert bounce["category"] == ["gift"]
    assert [mail["state"] for mail in service.mails] == ["bounced"]


def test_drop_address_is_dropped_without_being_processed(service: Service, receiver: Receiver) -> None:
    service.post(message(personalizations=to("Drop+2@example.com")))

    service.post(message())  # its events come later: what was said of the first is then complete
    receiver.events_for("ben@example.com", 2)

    [dropped] = receiver.events_for("Drop+2@example.com", 1)
    assert (dropped["event"], dropped["reason"]) == ("dropped", "Bounced Address")
    assert service.mails[-1]["state"] == "dropped"


def test_custom_args_never_replace_what_sendgrid_says(service: Service, receiver: Receiver) -> None:
    service.post(message(custom_args={"event": "open", "email": "x@example.com", "sg_event_id": "1"}))

    assert [event["event"] for event in receiver.events_for("ben@example.com", 2)] == ["processed", "delivered"]


def test_refused_events_are_posted_again_with_the_same_ids(service: Service, receiver: Receiver) -> None:
    receiver.refusals = 2

    service.post(message())

    events = receiver.events_for("ben@example.com", 6)
    assert [posting.body for posting in receiver.postings] == [receiver.postings[0].body] * 3
    assert len({event["sg_event_id"] for event in events}) == 2


def test_a_scheduled_mail_has_no_events_before_it_is_due(service: Service, receiver: Receiver) -> None:
    service.post(message(personalizations=to("later@example.com"), send_at=int(time.time()) + 3600))
    service.post(message())

    receiver.events_for("ben@example.com", 2)

    assert receiver.events_for("later@example.com", 0) == []
    assert [mail["state"] for mail in service.mails] == ["delivered", "scheduled"]


def test_a_kill_loses_no_mail_and_a_restart_posts_only_what_was_not_received(
    start: Callable[[], Service], receiver: Receiver
) -> None:
    service = start()
    service.post(message(personalizations=to("first@example.com")))
    receiver.events_for("first@example.com", 2)
    service.post(message(personalizations=to("flag@example.com")))
    receiver.events_for("flag@example.com", 2)  # first's receipt has been noted before flag's events were posted
    receiver.refusals = 10**6
    service.post(message(personalizations=to("second@example.com")))
    refused = receiver.events_for("second@example.com", 2)
    before = service.mails
    service.stop(signal.SIGKILL)
    receiver.forget()

    restarted = start()

    assert restarted.mails == before
    posted = receiver.events_for("second@example.com", 2)
    assert [event["sg_event_id"] for event in posted[:2]] == [event["sg_event_id"] for event in refused[:2]]
    assert receiver.events_for("first@example.com", 0) == []
