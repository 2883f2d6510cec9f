"""A gift to mail about, its messages, and a key pair that signs events as SendGrid would."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import Settings

from accounts.models import Account
from api.delivery.backends import get_backend
from api.delivery.events import get_verifier
from api.delivery.models import Message
from api.delivery.outcomes import NotAccepted, Refused, Unknown
from api.delivery.services import begin_sending, queue_message
from api.delivery.states import MessageKind
from api.exceptions import BackendError
from api.gifts.models import Gift
from api.outbox.models import Job
from api.templates.models import Template
from local.sendgrid.keys import generate
from tests.conftest import NOW

QueueMail = Callable[..., Message]

NOT_ACCEPTED = NotAccepted(BackendError("mail_service_unreachable", "SendGrid cannot be reached.", retryable=True))
REFUSED = Refused({"code": "mail_refused", "detail": "No such thing as this address."})
UNKNOWN = Unknown(BackendError("mail_outcome_unknown", "No answer.", retryable=True, outcome_unknown=True))


@pytest.fixture
def make_gift(account: Account, template: Template, now: datetime) -> Callable[..., Gift]:
    def make(**changes: Any) -> Gift:
        values: dict[str, Any] = {
            "account": account,
            "livemode": True,
            "template": template,
            "sender_name": "Ana",
            "sender_email": "ana@example.com",
            "recipient_name": "Ben",
            "recipient_email": "ben@example.com",
            "message": "Happy 30th!",
            "created_at": now,
            "updated_at": now,
        }
        return Gift.objects.create(**values | changes)

    return make


@pytest.fixture
def gift(make_gift: Callable[..., Gift]) -> Gift:
    return make_gift()


@pytest.fixture
def queue_mail(gift: Gift, now: datetime) -> QueueMail:
    """The gift's mail to its recipient, unless told otherwise."""

    def queue(about: Gift = gift, kind: MessageKind = MessageKind.GIFT, **changes: Any) -> Message:
        values: dict[str, Any] = {"to_email": about.recipient_email, "to_name": about.recipient_name, "now": now}
        return queue_message(about, kind, **values | changes)

    return queue


@pytest.fixture
def webhook_private_key(settings: Settings) -> Iterator[str]:
    private_key, settings.SENDGRID_WEBHOOK_PUBLIC_KEY = generate()
    get_verifier.cache_clear()
    yield private_key
    get_verifier.cache_clear()


@pytest.fixture
def mail_settings(settings: Settings) -> Iterator[Settings]:
    """Settings of the mail service, which a process otherwise reads once."""
    get_backend.cache_clear()
    yield settings
    get_backend.cache_clear()


def put_in_doubt(message: Message, *, now: datetime) -> None:
    """Leave it as a process does that is killed during the call."""
    assert begin_sending(message.id, now=now) is not None


def event(message: Message | None, kind: str, *, at: datetime = NOW, **more: Any) -> dict[str, Any]:
    """One event as SendGrid posts it, with all that is personal in it."""
    carried = {} if message is None else {"message_id": str(message.id)}
    return {
        "email": "ben@example.com",
        "timestamp": int(at.timestamp()),
        "smtp-id": "<abc@ismtpd-555>",
        "event": kind,
        "category": ["gift"],
        "sg_event_id": uuid4().hex,
        "sg_message_id": "abc.recvd-5f54b5d587-1",
        "ip": "203.0.113.7",
        "useragent": "Mozilla/5.0 (X11)",
        "url": "https://giftflick.example/g/secret-token",
        **carried,
        **more,
    }


@pytest.fixture
def message(queue_mail: QueueMail) -> Message:
    """A mail whose call is under way."""
    message = begin_sending(queue_mail().id, now=NOW)
    assert message is not None
    Job.objects.all().delete()
    return message
