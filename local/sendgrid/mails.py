"""What arrives in somebody's mailbox: the mails that one Mail Send request becomes, and what happens to each."""

import itertools
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import Any

from uuid6 import uuid7

LINK = re.compile(
    r"""<(?:a|area)\s[^<>]*?(?<![\w-])href\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)'|([^\s"'<>]+))""", re.IGNORECASE
)
# What SendGrid's log calls a mail after its last event.
STATES = {"processed": "processed", "delivered": "delivered", "bounce": "bounced", "dropped": "dropped"}


@dataclass(frozen=True)
class Mail:
    """One mail to one recipient, with all that SendGrid will say of it; `is_posted` once it has been said."""

    id: str  # UUIDv7: sorts by time of acceptance
    message_id: str  # X-Message-Id, shared by all recipients of a request
    at: float
    due: float
    to: str
    sender: dict[str, str | None]
    reply_to: dict[str, str | None] | None
    subject: str
    text: str | None
    html: str | None
    links: list[str]
    attachments: list[str]
    headers: dict[str, str]
    custom_args: dict[str, str]
    events: list[dict[str, Any]]
    is_posted: bool = False

    @property
    def state(self) -> str:
        """`scheduled` until it is due, then what its last event says."""
        return "scheduled" if time.time() < self.due else STATES[self.events[-1]["event"]]

    @property
    def sent_at(self) -> str:
        return datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def as_json(self) -> dict[str, Any]:
        """The mail as the mailbox shows it to programs."""
        return {
            "id": self.id,
            "at": self.sent_at,
            "to": self.to,
            "from": self.sender,
            "reply_to": self.reply_to,
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
            "links": self.links,
            "headers": self.headers,
            "custom_args": self.custom_args,
            "state": self.state,
        }


def mailbox_name(email: str) -> str:
    """The part before the `@`, lower case, without a `+tag`: decides what happens to a mail."""
    return email.partition("@")[0].partition("+")[0].lower()


def new_message_id() -> str:
    return secrets.token_urlsafe(16)


def address_mails(request: Mapping[str, Any], message_id: str, *, now: float) -> Iterator[Mail]:
    """Yield one mail for each recipient of a valid request: to, then cc, then bcc of each personalization."""
    contents = {block["type"].lower(): block["value"] for block in request["content"]}
    replies = [request["reply_to"]] if "reply_to" in request else request.get("reply_to_list", [])
    sg_message_ids = (f"{message_id}.recvd-local-{number}" for number in itertools.count())
    for personalization in request["personalizations"]:
        substitutions = personalization.get("substitutions", {})
        html = _substitute(contents.get("text/html"), substitutions)
        due = max(now, personalization.get("send_at", request.get("send_at", now)))
        custom_args = {**request.get("custom_args", {}), **personalization.get("custom_args", {})}
        common = {
            **custom_args,
            **({"category": request["categories"]} if request.get("categories") else {}),
            "timestamp": int(due),
            "smtp-id": f"<{message_id}@ismtpd.localhost>",
        }
        for recipient in (each for kind in ("to", "cc", "bcc") for each in personalization.get(kind, [])):
            yield Mail(
                id=str(uuid7()),
                message_id=message_id,
                at=now,
                due=due,
                to=recipient["email"],
                sender=_address(personalization.get("from", request["from"])),
                reply_to=_address(replies[0]) if replies else None,
                subject=_substitute(personalization.get("subject", request.get("subject")), substitutions) or "",
                text=_substitute(contents.get("text/plain"), substitutions),
                html=html,
                links=find_links(html or ""),
                attachments=[attachment["filename"] for attachment in request.get("attachments", [])],
                headers={**request.get("headers", {}), **personalization.get("headers", {})},
                custom_args=custom_args,
                events=_tell_events(recipient["email"], {**common, "sg_message_id": next(sg_message_ids)}),
            )


def _tell_events(email: str, common: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What SendGrid will say of a mail to `email`: it bounces, is dropped, or is delivered."""
    delivery = {"ip": "127.0.0.1", "tls": 1}
    outcomes: list[dict[str, Any]]
    match mailbox_name(email):
        case "drop":
            outcomes = [{"event": "dropped", "reason": "Bounced Address"}]
        case "bounce":
            reason = "550 5.1.1 The email account that you tried to reach does not exist."
            bounce = {"type": "bounce", "status": "5.1.1", "reason": reason, "bounce_classification": "Invalid Address"}
            outcomes = [{"event": "processed"}, {"event": "bounce", **bounce, **delivery}]
        case _:
            outcomes = [{"event": "processed"}, {"event": "delivered", "response": "250 OK", **delivery}]
    return [{**common, "email": email, "sg_event_id": secrets.token_urlsafe(24), **outcome} for outcome in outcomes]


def _address(address: Mapping[str, str]) -> dict[str, str | None]:
    return {"email": address["email"], "name": address.get("name")}


def _substitute(text: str | None, substitutions: Mapping[str, str]) -> str | None:
    for tag, value in substitutions.items():
        text = text and text.replace(tag, value)
    return text


def find_links(html: str) -> list[str]:
    """Return where the http(s) links of `html` lead, in their order, each once, without those in comments.

    Linear in the length, whatever the HTML: html.parser takes minutes for half a megabyte of `<a <a <a`.
    """
    hrefs = (unescape("".join(values)).strip() for values in LINK.findall(_without_comments(html)))
    return list(dict.fromkeys(href for href in hrefs if href.lower().startswith(("http://", "https://"))))


def _without_comments(html: str) -> str:
    kept, position = [], 0
    while (start := html.find("<!--", position)) >= 0:
        kept.append(html[position:start])
        end = html.find("-->", start + 2)  # `<!-->` is whole: mail for Outlook is full of it
        position = len(html) if end < 0 else end + 3
    return "".join([*kept, html[position:]])
