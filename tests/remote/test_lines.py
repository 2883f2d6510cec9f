"""Which lines are run, which are refused, and that no refusal repeats what it was given."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import get_commands

from accounts.models import Account, ApiKey
from giftflick.remote import COMMANDS, LONGEST_LINE, CommandFailedError, run

CANARY = "gf_live_000000000000_canary"
DOCS = Path(__file__).resolve().parents[2] / "docs" / "commands.md"

pytestmark = pytest.mark.django_db


def refusal(line: object) -> str:
    with pytest.raises(CommandFailedError) as refused:
        run(line)
    words = str(refused.value)
    assert "\n" not in words
    assert CANARY not in words
    return words


def every_option() -> Iterator[str]:
    """Each option that takes a value, with one that is a secret and fits nowhere."""
    for name, listed in COMMANDS.items():
        for option in sorted(listed.options):
            if option.endswith("="):
                yield f"{name} {option}{CANARY}@%20x"


@pytest.mark.parametrize("line", [None, 7, [], {}, "", "   ", b"stats", ["stats"]])
def test_what_is_no_line_is_refused_with_the_list(line: object) -> None:
    assert all(name in refusal(line) for name in COMMANDS)


@pytest.mark.parametrize(
    "line",
    [
        "shell",
        "dbshell",
        "flush --no-input",
        "loaddata",
        "runserver",
        "createsuperuser --no-input",
        "changepassword ada",
        "work",
        "api_key",
        "api_key issues",
        "api.tick.tick",
        "__import__('os')",
        "stats;ls",
        "Stats",
        "--version",
        f"{CANARY}",
        f"{CANARY} stats",
    ],
)
def test_what_is_not_on_the_list_is_refused(line: str) -> None:
    refusal(line)


@pytest.mark.parametrize(
    "line",
    [
        f"stats {CANARY}",
        f"stats --by={CANARY}",
        f"stats --{CANARY}",
        "stats --help",
        "stats --settings=x",
        "stats --pythonpath=/tmp",
        "stats --traceback",
        "migrate accounts zero",
        "migrate --fake",
        "migrate --run-syncdb",
        "migrate --database=x",
        "check --fail-level=DEBUG",
        "check --deploy=1",
        "tick --now=2099-01-01T00:00:00Z",
        "api_key issue --acc=x",
        f"api_key issue --account {CANARY}",
        f"api_key issue --test={CANARY}",
        f"api_key revoke --key={CANARY} --key={CANARY}",
        f"api_key revoke --account={CANARY}",
        f"api_key --key={CANARY} revoke",
        "api_key issue --name",
    ],
)
def test_options_that_are_not_on_the_list_are_refused(line: str) -> None:
    assert "--" in refusal(line) or "none" in refusal(line) or "from afar" in refusal(line)


@pytest.mark.parametrize("quote", ["'", '"', "`"])
def test_quotes_are_refused_with_what_to_write_instead(quote: str) -> None:
    assert "%20" in refusal(f"api_key issue --name={quote}Web page{quote}")


@pytest.mark.parametrize("odd", ["\x00", "\n", "\r", "\t", "\x1b[2J", "\x7f", "\u2028", "\xa0", "\ud800", "\u202e"])
def test_control_characters_are_refused_plain_and_encoded(odd: str) -> None:
    refusal(f"api_key issue --name=a{odd}b")
    encoded = "".join(f"%{byte:02x}" for byte in odd.encode("utf-8", "surrogatepass"))
    refusal(f"api_key issue --account=x --name=a{encoded}b")


def test_a_value_that_is_no_utf_8_is_refused() -> None:
    assert "percent-encoded" in refusal("api_key issue --account=x --name=%ff")


def test_a_line_is_bounded() -> None:
    assert "too long" in refusal("stats " + "x" * LONGEST_LINE)
    assert "too long" in refusal("x" * 6_000_000)


@pytest.mark.parametrize("line", list(every_option()))
def test_a_wrong_value_is_told_without_repeating_it(line: str, capfd: pytest.CaptureFixture[str]) -> None:
    refusal(line)

    assert CANARY not in "".join(capfd.readouterr())


def test_a_value_is_percent_encoded_and_a_plus_is_a_plus(account: Account) -> None:
    account.name = "J\xf6rg's 100% + caf\xe9"
    account.save()

    run("api_key issue --account=J%C3%B6rg%27s%20100%25%20+%20caf%C3%A9 --name=%20a+b%20")

    assert ApiKey.objects.get().name == " a+b "


def test_blanks_between_words_do_not_matter(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("  stats   ")["gifts"] == {"is_estimate": False}


def test_what_a_command_prints_is_printed_and_its_last_line_returned(capsys: pytest.CaptureFixture[str]) -> None:
    answer = run("showmigrations")

    lines = capsys.readouterr().out.splitlines()
    assert answer == json.loads(lines[-1]) == {"command": "showmigrations", "ok": True}
    assert " [X] 0001_initial" in lines


def test_a_crash_is_told_by_its_kind_and_place_only(
    account: Account, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def crash(**_options: Any) -> None:
        raise ValueError(f"{account.email} {CANARY}")

    monkeypatch.setattr("api.management.commands.stats.figures", crash)

    assert refusal("stats").startswith("stats broke off (ValueError)")
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == ["command crashed"]


def test_a_command_that_leaves_the_process_is_kept_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(**_options: Any) -> None:
        raise SystemExit(3)

    monkeypatch.setattr("api.management.commands.stats.figures", leave)

    assert refusal("stats") == "stats ended with exit code 3."


def test_every_command_on_the_list_is_there_and_has_a_purpose() -> None:
    assert {name.split()[0] for name in COMMANDS} - set(get_commands()) == set()
    assert all(listed.purpose for listed in COMMANDS.values())


def test_the_page_has_a_row_for_each_command_with_an_example_that_is_taken() -> None:
    rows = re.findall(r"^\| `([a-z_ ]+)` \| (.+?) \| `(.+?)` \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE)

    assert [name for name, _, _ in rows] == list(COMMANDS)
    for name, _, example in rows:
        listed = COMMANDS[name]
        assert example.startswith(name)
        for word in example.removeprefix(name).split():
            assert word in listed.options or word.partition("=")[0] + "=" in listed.options, example
