"""An entry in words, for whoever reads the log."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from api.audit.models import AuditEntry
from api.audit.states import Door

NOTHING = "-"
UNTOLD = "(not told)"
SHORT = 60
FIRST = ("status", "state", "enabled", "suspended_at", "revoked_at")  # what matters most stands first
_PEOPLE = {"staff": "{}", "api_key": "API key {}", "command": "the command {}", "import": "the import {}"}
_MACHINES = {
    "system": "the system",
    "renderer": "the renderer",
    "sendgrid": "SendGrid",
    "recipient": "the recipient",
}
THROUGH = {
    Door.ADMIN: "admin",
    Door.API: "API key",
    Door.COMMAND: "command",
    Door.IMPORT: "import",
    Door.VENDOR: "vendor",
    Door.RECIPIENT: "recipient",
    Door.SYSTEM: "system",
}


@dataclass(frozen=True)
class Line:
    """One field of a change."""

    name: str
    before: str
    after: str

    @property
    def label(self) -> str:
        """A place in a document stays a path."""
        return self.name if "." in self.name else self.name.replace("_", " ")


def who(actor: str) -> str:
    kind, _, name = actor.partition(":")
    return _PEOPLE[kind].format(name) if name and kind in _PEOPLE else _MACHINES.get(actor, actor)


def what(action: str) -> str:
    """`api_key.revoked` is "API key revoked"."""
    words = action.replace("_", " ").replace(".", " ").removeprefix("api key")
    return f"API key{words}" if action.startswith("api_key") else words


def lines_of(entry: AuditEntry) -> list[Line]:
    return sorted(_lines(entry), key=_rank)


def _rank(line: Line) -> tuple[int, str]:
    return (FIRST.index(line.name) if line.name in FIRST else len(FIRST), line.name)


def in_short(entry: AuditEntry) -> str:
    """The first change, and how many more there are."""
    lines = lines_of(entry)
    if not lines:
        return NOTHING
    first, *more = lines
    told = f"{first.label}: {_cut(first.before)} → {_cut(first.after)}"
    return f"{told}, and {len(more)} more" if more else told


def _lines(entry: AuditEntry) -> Iterator[Line]:
    for name, values in entry.changes.items():
        before, after = values if len(values) == 2 else (UNTOLD, UNTOLD)
        yield Line(name, value_in_words(before), value_in_words(after))


def value_in_words(value: Any) -> str:
    match value:
        case None | "" | []:
            return NOTHING
        case dict() if not value:
            return NOTHING
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case str():
            at = parse_datetime(value) if "T" in value[:11] and value[:4].isdecimal() else None
            return f"{at:%Y-%m-%d %H:%M:%S}" if at else value
        case list() if all(isinstance(one, str | int | float) for one in value):
            return ", ".join(str(one) for one in value)
        case list() | dict():
            return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _cut(words: str) -> str:
    return words if len(words) <= SHORT else f"{words[: SHORT - 1]}…"
