"""What stands in a mail: subject, HTML and plain text of each kind."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.text import Truncator

from api.delivery.backends.base import Address, Mail
from api.delivery.models import Message
from api.delivery.states import MessageKind
from giftflick.plain_templates import PLAIN

BRAND = "Giftflick"
MAX_NAME = 50  # characters of a name in a subject, which so stays below 150
TEASER = 220  # characters of the sender's message; the film has all of it
TEASER_LINES = 4

SUBJECTS = {
    MessageKind.GIFT: "{recipient}, {sender} made you a video",
    MessageKind.LINK: "Your video for {recipient} is ready to share",
    MessageKind.RECEIPT: "Your gift for {recipient} is in the making",
    MessageKind.VIDEO_READY: "Your video for {recipient} is finished",
    MessageKind.ADDRESS_BOUNCED: "Your gift could not reach {recipient}",
    MessageKind.THANKS: "{recipient} says thank you",
    MessageKind.WEBHOOK_DISABLED: "Your webhook endpoint is switched off",
}

# Line breaks and controls break headers; marks that turn the direction of writing make a name look like another.
BREAKING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class MailContent:
    subject: str
    html: str
    text: str


def compose_mail(message: Message, *, now: datetime) -> Mail:
    """The whole mail. A gift's answers go to its sender; the sender's name stands before ours, never instead of it."""
    gift, content = message.gift, compose(message, now=now)
    from_name, reply_to = BRAND, None
    if gift is not None and message.kind == MessageKind.GIFT:
        from_name = f"{one_line(gift.sender_name)} via {BRAND}"
        reply_to = Address(email=gift.sender_email, name=one_line(gift.sender_name))
    return Mail(
        message_id=message.id,
        kind=message.kind,
        from_name=from_name,
        to=Address(email=message.to_email, name=one_line(message.to_name)),
        reply_to=reply_to,
        subject=content.subject,
        html=content.html,
        text=content.text,
    )


def compose(message: Message, *, now: datetime) -> MailContent:
    """The message comes with what it is about. `now` decides whether a chosen hour is still ahead."""
    gift, kind = message.gift, MessageKind(message.kind)
    names = {"sender": gift.sender_name, "recipient": gift.recipient_name} if gift is not None else {}
    subject = SUBJECTS[kind].format(**{who: one_line(name, limit=MAX_NAME) for who, name in names.items()})
    context = _context(message, now=now) | {"subject": subject, "brand": BRAND, "shop": message.account.name}
    text = render_to_string(f"mail_{kind}.txt", context, using=PLAIN)
    return MailContent(
        subject=subject,
        html=render_to_string(f"mail_{kind}.html", context, using=PLAIN),
        text=re.sub(r"\n{3,}", "\n\n", text).strip() + "\n",
    )


def one_line(text: str, *, limit: int = 120) -> str:
    """Fit for a header: no line break, no control, no mark that reverses what follows; emoji and any script stay."""
    line = " ".join(TURNING.sub("", BREAKING.sub(" ", text)).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _context(message: Message, *, now: datetime) -> dict[str, Any]:
    gift = message.gift
    if gift is None:
        return _endpoint_context(message)
    product = gift.product or {}
    return {
        "sender": one_line(gift.sender_name),
        "recipient": one_line(gift.recipient_name),
        "teaser": _teaser(gift.message),
        "watch_url": f"{settings.BASE_URL}/g/{gift.token}",
        "until": _moment(gift.expires_at, gift.timezone) if gift.expires_at else "",
        "product": product.get("name", ""),
        "price": price_words(product.get("price")),
        "shop_url": web_address(product.get("url")),
        "order_reference": gift.order_reference,
        "waits_for_order": gift.order_required and gift.order_status != "paid",
        "waits_for_approval": gift.approval_required and gift.approved_at is None,
        "is_shared_by_link": gift.delivery == "link",
        "due": _moment(gift.deliver_at, gift.timezone) if gift.deliver_at and gift.deliver_at > now else "",
        "address": gift.bounced_email or gift.recipient_email,
        "thanks": message.thanks.message.strip() if message.thanks else "",
    }


def _endpoint_context(message: Message) -> dict[str, Any]:
    endpoint = message.endpoint
    assert endpoint is not None  # noqa: S101 - the database has seen to it
    return {
        "address": endpoint.url,
        "endpoint": endpoint.pk,
        "reason": endpoint.disabled_reason,
        "at": _moment(message.created_at, ""),
    }


def _teaser(message: str) -> str:
    """The beginning, cut between words, and no more than a few lines of it."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    shown = "\n".join(lines[:TEASER_LINES])
    if len(lines) > TEASER_LINES and len(shown) < TEASER:
        return f"{shown} …"
    words = Truncator(shown).chars(TEASER, truncate="…")
    cut = words.rfind(" ")
    return f"{words[:cut]} …" if words != shown and cut > TEASER // 2 else words


def _moment(at: datetime, timezone: str) -> str:
    """`Thursday 24 December 2026, 21:00 (Australia/Sydney)`: in the gift's zone if it names one, else UTC."""
    try:
        zone: ZoneInfo | None = ZoneInfo(timezone) if timezone else None
    except (ZoneInfoNotFoundError, ValueError):
        zone = None
    local = at.astimezone(zone or UTC)
    return f"{local:%A} {local.day} {local:%B %Y}, {local:%H:%M} ({zone.key.replace('_', ' ') if zone else 'UTC'})"


def price_words(price: Any) -> str:
    """`AUD 49.00`; empty without an amount."""
    if not isinstance(price, dict) or not price.get("amount"):
        return ""
    return f"{price.get('currency', '')} {price['amount']}".strip()


def web_address(url: Any) -> str:
    """A link for a button; empty for anything that a browser would run instead of open."""
    return url if isinstance(url, str) and url.startswith(("https://", "http://")) else ""
