"""Management commands by one line of text, as `zappa manage` and `zappa invoke` send it: those on the list, no others.

Zappa hands the line over as it is and shows the last 4 KB of the log. A line is split at blanks and has no quotes;
values are percent-encoded (`--name=Web%20page`). CloudWatch keeps what is printed and raised: no error repeats a value
that was given.
"""

import io
import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

log = logging.getLogger("giftflick.commands")

LONGEST_LINE = 2000
LONGEST_MESSAGE = 2000
QUOTES = frozenset("\"'`")


class CommandFailedError(Exception):
    """The line is refused, or its command failed. One line that says why, without any value that was given."""


@dataclass(frozen=True)
class Listed:
    """What a command is for, and the options it may be given; one that takes a value ends with `=`."""

    purpose: str
    options: frozenset[str] = frozenset()
    always: tuple[str, ...] = ()


def _options(line: str) -> frozenset[str]:
    return frozenset(line.split())


COMMANDS = {
    "create_founder": Listed("mail a founder a link to choose a password", _options("--email= --name=")),
    "reset_second_factor": Listed("let a founder in who lost the phone and the codes", _options("--email=")),
    "api_key issue": Listed(
        "make a key and hand it over", _options("--account= --name= --test --scopes= --expires-in-days= --by=")
    ),
    "api_key rotate": Listed("make a key in place of another", _options("--key= --overlap-hours= --by=")),
    "api_key revoke": Listed("end a key now", _options("--key= --by=")),
    "api_key list": Listed("what keys there are", _options("--account= --limit= --after=")),
    "sync_api_keys": Listed("bring records and key table together, as after a restore", _options("--dry-run")),
    "smoke_key": Listed("hand over a test key for an hour, for the smoke test"),
    "requeue_jobs": Listed("give dead jobs all their attempts again", _options("--kind= --limit=")),
    "erase_recipient": Listed("withdraw and blank somebody's gifts", _options("--gift= --email-sha256= --by=")),
    "seed_templates": Listed("bring in the templates that Giftflick comes with"),
    "renderer_key": Listed("exchange the renderer's access key", _options("--action= --force")),
    "stats": Listed("how much there is, and what is stuck"),
    "tick": Listed("do what is due, now", _options("--seconds=")),
    "check": Listed("what is wrong with the settings", _options("--deploy --fail-level=WARNING")),
    "migrate": Listed("bring the database to this version", _options("--plan"), always=("--no-input",)),
    "showmigrations": Listed("which migrations the database has had"),
    "prepare_database": Listed("make the database's roles; in the release function"),
    "rotate_database": Listed("change the database's password; in the release function"),
}


def run(line: object) -> dict[str, Any]:
    """Run the line's command and return the JSON object that it printed last; `{"command", "ok"}` if it printed none.

    What the command prints goes to the log at once, too. The caller sees to it that the database's connection is alive.
    Raises CommandFailedError.
    """
    name, options = _read(line)
    log.info("command", extra={"command": name})
    output = _Kept()
    _call(name, options, output)
    answer = _last_object(output.text)
    if answer is None:
        answer = {"command": name, "ok": True}
        output.write(json.dumps(answer) + "\n")
    return answer


def _call(name: str, options: list[str], output: "_Kept") -> None:
    from django.core.management import CommandError, call_command

    try:
        call_command(*name.split(), *COMMANDS[name].always, *options, stdout=output)
    except CommandError as refusal:
        raise CommandFailedError(_one_line(f"{name}: {refusal}")) from None
    except SystemExit as left:  # in Lambda it would end the process
        raise CommandFailedError(f"{name} ended with exit code {left.code}.") from None
    except Exception as error:
        log.exception("command crashed", extra={"command": name})
        raise CommandFailedError(
            f"{name} broke off ({type(error).__name__}); the log says where. It may be run again."
        ) from None


def _read(line: object) -> tuple[str, list[str]]:
    """The command's name on the list, and its options as Django takes them."""
    if not isinstance(line, str) or not line.strip():
        raise CommandFailedError(f"Give one line of text with a command. There are: {', '.join(COMMANDS)}.")
    if len(line) > LONGEST_LINE:
        raise CommandFailedError(f"This line is too long: at most {LONGEST_LINE} characters.")
    if not line.isprintable():
        raise CommandFailedError("There is a line break, a NUL or another control character in this line.")
    if QUOTES & set(line):
        raise CommandFailedError("Leave out quotes: write a blank within a value as %20, as in --name=Web%20page.")
    words = line.split()
    for length in (2, 1):
        name = " ".join(words[:length])
        if name in COMMANDS:
            return name, list(_options_of(name, words[length:]))
    raise CommandFailedError(f"This command is not run from afar. There are: {', '.join(COMMANDS)}.")


def _options_of(name: str, words: list[str]) -> Iterator[str]:
    allowed, seen = COMMANDS[name].options, set[str]()
    for word in words:
        option, equals, value = word.partition("=")
        if word not in allowed and option + equals not in allowed:
            told = ", ".join(sorted(allowed)) or "none"
            raise CommandFailedError(f"{name} does not take this. Its options, each as --option=value: {told}.")
        if option in seen:
            raise CommandFailedError(f"{name}: {option} is given twice.")
        seen.add(option)
        yield option + equals + _decoded(value, f"{name}: the value of {option}")


def _decoded(value: str, what: str) -> str:
    try:
        text = unquote(value, errors="strict")
    except UnicodeDecodeError:
        raise CommandFailedError(f"{what} is not percent-encoded UTF-8.") from None
    if not text.isprintable():
        raise CommandFailedError(f"{what} holds a line break, a NUL or another control character.")
    return text


def _last_object(text: str) -> dict[str, Any] | None:
    lines = text.strip().splitlines()
    try:
        found = json.loads(lines[-1]) if lines else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_MESSAGE else line[: LONGEST_MESSAGE - 1] + "…"


class _Kept(io.TextIOBase):
    """Standard output that remembers."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()
