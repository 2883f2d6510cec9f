"""What the stored events make of a message, and what is kept of them."""

import json
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from api.delivery.events import MalformedFeedError, parse_feed
from api.delivery.models import MailEvent, Message
from api.delivery.services import apply_events, record_events
from api.delivery.states import EventType, MessageStatus
from api.outbox.models import Job
from api.suppressions.models import Suppression
from api.suppressions.services import lift_suppression
from tests.conftest import NOW
from tests.delivery.conftest import event

S = MessageStatus


def receive(*entries: dict[str, Any]) -> None:
    reports, rubbish = parse_feed(json.dumps(entries).encode())
    assert rubbish == 0
    record_events(reports, now=NOW)


@pytest.mark.parametrize(
    ("kinds", "status"),
    [
        (["processed"], S.ACCEPTED),
        (["deferred"], S.ACCEPTED),
        (["open"], S.ACCEPTED),
        (["something_new"], S.ACCEPTED),
        (["processed", "delivered"], S.DELIVERED),
        (["delivered", "processed", "deferred"], S.DELIVERED),
        (["processed", "bounce"], S.BOUNCED),
        (["dropped"], S.BOUNCED),
        (["delivered", "bounce"], S.BOUNCED),
        (["bounce", "delivered", "processed", "click"], S.BOUNCED),
    ],
)
@pytest.mark.parametrize("in_one_go", [True, False])
def test_message_follows_its_events_in_any_order_and_never_back(
    message: Message, kinds: list[str], status: MessageStatus, in_one_go: bool
) -> None:
    for position, kind in enumerate(kinds):
        receive(event(message, kind, at=NOW + timedelta(seconds=len(kinds) - position)))
        if not in_one_go:
            apply_events(message.id, now=NOW + timedelta(minutes=position))

    applied = apply_events(message.id, now=NOW + timedelta(hours=1))

    first = NOW + timedelta(hours=1) if in_one_go else NOW
    assert (applied.status, applied.reported_at, applied.accepted_at) == (status, first, first)


@pytest.mark.parametrize("status", [S.QUEUED, S.SENDING, S.UNKNOWN, S.REFUSED, S.WITHDRAWN])
def test_event_proves_that_a_mail_was_accepted(message: Message, status: MessageStatus) -> None:
    Message.objects.filter(pk=message.pk).update(status=status, failure={"code": "x", "detail": "x"})
    receive(event(message, "processed"))

    applied = apply_events(message.id, now=NOW)

    assert (applied.status, applied.failure, applied.accepted_at) == (S.ACCEPTED, None, NOW)


def test_message_without_events_stays_as_it_is(message: Message) -> None:
    applied = apply_events(message.id, now=NOW)

    assert (applied.status, applied.reported_at) == (S.SENDING, None)


def test_applying_twice_changes_nothing(message: Message) -> None:
    receive(event(message, "bounce", bounce_classification="Invalid Address"))
    first = apply_events(message.id, now=NOW)

    second = apply_events(message.id, now=NOW + timedelta(days=1))

    fields = ("status", "failure", "accepted_at", "reported_at")
    assert [getattr(first, name) for name in fields] == [getattr(second, name) for name in fields]


@pytest.mark.parametrize("kind", ["spamreport", "unsubscribe"])
def test_a_lifted_suppression_stays_lifted_whatever_is_reported_later(message: Message, kind: str) -> None:
    receive(event(message, kind))
    apply_events(message.id, now=NOW)
    lift_suppression(Suppression.objects.get().pk, actor="tests", now=NOW)

    receive(event(message, "open"))
    apply_events(message.id, now=NOW + timedelta(days=1))
    assert not Suppression.objects.exists()

    receive(event(message, kind))  # she says so again
    apply_events(message.id, now=NOW + timedelta(days=2))
    assert Suppression.objects.exists()
    assert set(MailEvent.objects.values_list("applied_at", flat=True)) == {
        NOW + timedelta(days=day) for day in range(3)
    }


def test_what_was_applied_before_there_was_a_note_of_it_has_counted(message: Message) -> None:
    for kind in ("spamreport", "unsubscribe", "delivered"):
        receive(event(message, kind))
    Job.objects.exclude(dedupe_key__endswith=MailEvent.objects.get(type="unsubscribed").sg_event_id).update(
        state="done"
    )

    import_module("api.migrations.0017_mail_event_applied").count_what_was_applied(apps, None)

    assert dict(MailEvent.objects.values_list("type", "applied_at")) == {
        "complained": NOW, "unsubscribed": None, "delivered": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "more", "failure"),
    [
        ("bounce", {"bounce_classification": "Invalid Address", "reason": "550 5.1.1 <ben@example.com>: unknown"},
         ("address_unknown", "There is no such address. It was told: 550 5.1.1 <(address)>: unknown")),
        ("bounce", {"bounce_classification": "Mailbox Unavailable", "type": "blocked"},
         ("mailbox_unavailable", "The mailbox is full, closed or takes no mail at the moment.")),
        ("bounce", {"status": "5.1.1"}, ("address_unknown", "There is no such address.")),
        ("bounce", {"status": "5.2.2"},
         ("mailbox_unavailable", "The mailbox is full, closed or takes no mail at the moment.")),
        ("bounce", {"bounce_classification": "Unclassified"},
         ("not_deliverable", "The recipient's mail server did not take the mail.")),
        ("dropped", {"reason": "Bounced Address"},
         ("address_bounced_before", "The address bounced before, so SendGrid no longer tries it.")),
        ("dropped", {"reason": "Who knows"},
         ("not_deliverable", "The recipient's mail server did not take the mail. It was told: Who knows")),
        ("dropped", {"reason": None},
         ("not_deliverable", "The recipient's mail server did not take the mail.")),
    ],
)  # fmt: skip
def test_bounce_says_why_in_plain_words(
    message: Message, kind: str, more: dict[str, Any], failure: tuple[str, str]
) -> None:
    receive(event(message, kind, **more))

    assert apply_events(message.id, now=NOW).failure == {"code": failure[0], "detail": failure[1]}


def test_event_is_stored_once_and_leads_to_one_job(message: Message) -> None:
    delivered = event(message, "delivered")

    receive(delivered, delivered)
    receive(delivered)

    assert list(MailEvent.objects.values_list("sg_event_id", "message", "type", "at", "received_at")) == [
        (delivered["sg_event_id"], message.id, EventType.DELIVERED, NOW, NOW)
    ]
    assert list(Job.objects.values_list("kind", "ref_id", "dedupe_key")) == [
        ("mail.events", message.id, f"mail.events:{delivered['sg_event_id']}")
    ]


def test_longest_event_id_fits(message: Message) -> None:
    receive(event(message, "delivered", sg_event_id="x" * 100))

    assert Job.objects.get().dedupe_key == "mail.events:" + "x" * 100


def test_nothing_personal_is_kept_of_an_event(message: Message) -> None:
    receive(event(message, "deferred", response="451 4.3.0 try ben@example.com later\x00\ud800", attempt="5", tls=1))

    assert MailEvent.objects.get().raw == {
        "event": "deferred",
        "sg_message_id": "abc.recvd-5f54b5d587-1",
        "response": "451 4.3.0 try (address) later",
        "attempt": "5",
        "tls": "1",
    }


@pytest.mark.parametrize(
    "message_id", [None, "0193f000-0000-7000-8000-000000000000", "rubbish", "", 7, ["x"], {"a": 1}]
)
def test_event_about_no_message_of_ours_is_recorded_and_ignored(db: None, message_id: Any) -> None:
    receive(event(None, "bounce", message_id=message_id))

    assert MailEvent.objects.get().message is None
    assert Job.objects.count() == 0


@pytest.mark.parametrize(
    "entry",
    [
        None, 7, "processed", [], {},
        event(None, "processed") | {"event": None},
        event(None, "processed") | {"event": ""},
        event(None, "processed") | {"sg_event_id": None},
        event(None, "processed") | {"sg_event_id": ""},
        event(None, "processed") | {"sg_event_id": "a b"},
        event(None, "processed") | {"sg_event_id": "x" * 101},
        event(None, "processed") | {"sg_event_id": "\x00"},
        event(None, "processed") | {"timestamp": None},
        event(None, "processed") | {"timestamp": "1795435200"},
        event(None, "processed") | {"timestamp": True},
        event(None, "processed") | {"timestamp": -1},
        event(None, "processed") | {"timestamp": 1.5},
        event(None, "processed") | {"timestamp": 10**30},
    ],
)  # fmt: skip
def test_rubbish_among_events_is_counted_and_left_out(entry: Any) -> None:
    reports, rubbish = parse_feed(json.dumps([event(None, "processed"), entry]).encode())

    assert (len(reports), rubbish) == (1, 1)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"null",
        b"7",
        b"[",
        b"\xff",
        b"[" * 100_000,
        b"[" + b"9" * 10_000 + b"]",
        b"[" + b"1," * 10_000 + b"1]",
    ],
    ids=["empty", "object", "null", "number", "open", "bytes", "deep", "long-number", "too-many"],
)
def test_feed_that_is_no_list_of_events_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedFeedError):
        parse_feed(body)
