"""What happened to a gift, in a sentence: the timeline for people. A type that is not listed is shown as it is."""

from collections.abc import Mapping
from typing import Any

from api.delivery.states import MessageKind

EVENTS = {
    "gift.created": "The gift was created.",
    "gift.updated": "The gift was changed: {fields}.",
    "gift.rendering": "Its video is to be made.",
    "gift.ready": "Its video is there{seconds}.",
    "gift.scheduled": "Nothing stands in its way: it waits for its hour.",
    "gift.sent": "The gift was sent.",
    "gift.delivered": "The recipient's mail server took the mail.",
    "gift.watched": "The recipient watched the video.",
    "gift.bounced": "The recipient's address does not work.",
    "gift.failed": "Its video could not be made.",
    "gift.expired": "The gift is over: its 90 days are up, the video is removed.",
    "gift.canceled": "The gift was called off; its video is removed.",
    "gift.approved": "The video was approved.",
    "gift.resent": "The gift was to be sent once more.",
    "gift.thanked": "The recipient said thanks.",
    "gift.forgotten": "Names, addresses and words were erased.",
    "order.paid": "The shop's order was paid.",
    "order.canceled": "The shop's order was canceled.",
    "mail.accepted": "SendGrid took a mail: {mail}.",
    "mail.refused": "SendGrid will not take a mail: {mail}.",
    "mail.bounced": "A mail came back: {mail}.",
    "mail.given_up": "A mail was given up after all tries: {mail}.",
    "upload.completed": "A file was added: {file}.",
    "render.retried": "The video is made anew, because the first try failed ({because}).",
    "video.progress": "The video was played to {percent} %.",
    "delivery.deferred": "The shop has sent its mails for today; this one follows at midnight UTC.",
}
TURNS = {"gift.failed", "gift.bounced", "mail.refused", "mail.bounced", "mail.given_up"}
GOOD_NEWS = {"gift.sent", "gift.delivered", "gift.watched", "gift.thanked", "gift.ready"}

ACTORS = {
    "system": "Giftflick",
    "renderer": "the renderer",
    "sendgrid": "SendGrid",
    "recipient": "the recipient",
}


def event_words(kind: str, data: Mapping[str, Any]) -> str:
    return EVENTS[kind].format_map(_Facts(data)) if kind in EVENTS else kind


def event_tone(kind: str) -> str:
    return "bad" if kind in TURNS else "good" if kind in GOOD_NEWS else ""


def actor_words(actor: str, *, keys: Mapping[str, str], people: Mapping[str, str]) -> str:
    """`keys`: an API key's id to its name; `people`: a user name to the person's own."""
    kind, _, name = actor.partition(":")
    match kind:
        case "api_key":
            return f"the shop, by its key “{keys[name]}”" if name in keys else f"the shop, by its key {name}"
        case "staff":
            return people.get(name) or name
        case "command":
            return f"a command ({name})" if name else "a command"
        case "import":
            return f"a spreadsheet ({name})" if name else "a spreadsheet"
    return ACTORS.get(actor, actor)


class _Facts(dict[str, Any]):
    """What a sentence asks for, from an event's data; a fact that is not there is left out."""

    def __missing__(self, name: str) -> str:
        match name:
            case "mail":
                kind = self.get("kind")
                return str(MessageKind(kind).label) if kind in MessageKind.values else "of some kind"
            case "file":
                return str(self.get("content_type") or "of some kind")
            case "seconds":
                seconds = self.get("duration_s")
                return f", {seconds:.0f} s long" if isinstance(seconds, int | float) else ""
        return "…"

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name) if name in self else self.__missing__(name)
        return ", ".join(map(str, value)) if isinstance(value, list) else value
