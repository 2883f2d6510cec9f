"""What our management commands share: one line of JSON last, refusals in plain words, and the values they take."""

import json
from argparse import ArgumentTypeError
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from api import actors
from api.audit.doors import acting
from api.audit.states import Door
from api.exceptions import ApplicationError, BackendError

Json = dict[str, Any]


class JsonCommand(BaseCommand):
    """A command is its `answer`, which is printed as the last line. It bears being run twice, and names no secret.

    What it changes stands in the audit log under its name.
    """

    def answer(self, options: Json, *, now: datetime) -> Json:
        """Do the work. Raises CommandError, or what services raise, with words that quote no option's value."""
        raise NotImplementedError

    def handle(self, *_args: Any, **options: Any) -> None:
        name = type(self).__module__.rpartition(".")[2]
        try:
            with acting(door=Door.COMMAND, actor=actors.command(name)):
                answer = self.answer(options, now=timezone.now())
        except (ApplicationError, BackendError) as refusal:
            raise CommandError(refusal.detail) from refusal
        self.stdout.write(json.dumps(answer))


# Django's and argparse's own types quote what they refuse, which could be an address or a key: these do not.


def whole_number(low: int, high: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not (value.removeprefix("-").isdecimal() and value.isascii() and low <= int(value) <= high):
            raise ArgumentTypeError(f"must be between {low} and {high}")
        return int(value)

    return read


def words(longest: int) -> Callable[[str], str]:
    def read(value: str) -> str:
        if not value.strip() or len(value) > longest or not value.isprintable():
            raise ArgumentTypeError(f"must be 1 to {longest} printable characters")
        return value

    return read


def one_of(values: Sequence[str]) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in values:
            raise ArgumentTypeError(f"must be one of {', '.join(values)}")
        return value

    return read


def moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")
