"""SendGrid's event feed: is a post genuine, and what does it say in our own words."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from api.delivery.redaction import redact
from api.delivery.states import EventType
from giftflick.secrets import kept_until_secrets_change

# SendGrid tries a post again for a day; a replay within that changes nothing, events being stored once.
OLDEST = timedelta(hours=25)
FARTHEST_AHEAD = timedelta(minutes=5)

MAX_EVENTS = 10_000
MAX_EVENT_ID = 100

TYPES = {
    "processed": EventType.PROCESSED,
    "deferred": EventType.DEFERRED,
    "delivered": EventType.DELIVERED,
    "bounce": EventType.BOUNCED,
    "dropped": EventType.DROPPED,
    "open": EventType.OPENED,
    "click": EventType.CLICKED,
    "spamreport": EventType.COMPLAINED,
    "unsubscribe": EventType.UNSUBSCRIBED,
    "group_unsubscribe": EventType.UNSUBSCRIBED,
}

# What is kept of an event as it came. Address, IP, browser and links are personal and are not.
KEPT = ("event", "sg_message_id", "type", "bounce_classification", "status", "reason", "response", "attempt", "tls")


class MalformedFeedError(ValueError):
    """A genuine post that is no list of events."""


@dataclass(frozen=True)
class Report:
    """One event. `message_id` is what the mail carried; it need not be one of ours."""

    sg_event_id: str
    message_id: UUID | None
    type: EventType
    at: datetime
    raw: dict[str, str]


class FeedVerifier:
    """Raises ImproperlyConfigured if the key is not the one that SendGrid's settings show (base64 of a public key)."""

    def __init__(self, public_key: str) -> None:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
        from sendgrid import EventWebhook

        try:
            self._webhook = EventWebhook(public_key)
        except (ValueError, UnsupportedAlgorithm):
            raise ImproperlyConfigured("SENDGRID_WEBHOOK_PUBLIC_KEY is not a public key in base64.") from None
        if not isinstance(self._webhook.public_key, EllipticCurvePublicKey):
            raise ImproperlyConfigured("SENDGRID_WEBHOOK_PUBLIC_KEY is not an ECDSA key.")

    def is_genuine(self, body: bytes, *, signature: str, timestamp: str, now: datetime) -> bool:
        if not re.fullmatch(r"[0-9]{1,11}", timestamp):
            return False
        posted_at = datetime.fromtimestamp(int(timestamp), UTC)
        if not now - OLDEST <= posted_at <= now + FARTHEST_AHEAD:
            return False
        try:
            return bool(self._webhook.verify_signature(body.decode(), signature, timestamp))
        except ValueError:  # neither base64 nor UTF-8: no signature of SendGrid's
            return False


@kept_until_secrets_change
def get_verifier() -> FeedVerifier:
    return FeedVerifier(settings.SENDGRID_WEBHOOK_PUBLIC_KEY)


def parse_feed(body: bytes) -> tuple[list[Report], int]:
    """The events, and how many entries were none. Raises MalformedFeedError if it is no list at all."""
    try:
        entries = json.loads(body)
    except (ValueError, RecursionError):
        raise MalformedFeedError("The body is not valid JSON.") from None
    if not isinstance(entries, list) or len(entries) > MAX_EVENTS:
        raise MalformedFeedError(f"The body must be a list of at most {MAX_EVENTS} events.")
    parsed = [_report(entry) for entry in entries]
    reports = [report for report in parsed if report is not None]
    return reports, len(parsed) - len(reports)


def _report(entry: Any) -> Report | None:
    if not isinstance(entry, dict):
        return None
    event_id, event, at = entry.get("sg_event_id"), entry.get("event"), _time(entry.get("timestamp"))
    if not (isinstance(event_id, str) and isinstance(event, str) and event and at):
        return None
    if not re.fullmatch(r"[\x21-\x7e]+", event_id) or len(event_id) > MAX_EVENT_ID:
        return None
    return Report(
        sg_event_id=event_id,
        message_id=_uuid(entry.get("message_id")),
        type=TYPES.get(event, EventType.OTHER),
        at=at,
        raw=_without_personal_data(entry),
    )


def _time(value: Any) -> datetime | None:
    """Seconds since 1970, until the year 9999."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 253_402_300_800:
        return None
    return datetime.fromtimestamp(value, UTC)


def _uuid(value: Any) -> UUID | None:
    if not isinstance(value, str):
        return None
    try:
        return UUID(value)
    except ValueError:
        return None


def _without_personal_data(entry: Mapping[str, Any]) -> dict[str, str]:
    return {name: redact(str(entry[name])) for name in KEPT if isinstance(entry.get(name), str | int)}
