"""`manage.py api_key` and `sync_api_keys`: one JSON line, a whole key shown once, what is wrong told plainly."""

import json
import logging
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import keys, services
from accounts.authorizer import Refused, Verified, verify
from accounts.models import Account, ApiKey, Scope
from local.stack import Stack
from tests.accounts.conftest import Table
from tests.accounts.proxy import Proxy

pytestmark = pytest.mark.usefixtures("table")


def run(*arguments: str) -> Any:
    out = StringIO()
    call_command(*arguments, stdout=out)
    assert out.getvalue().count("\n") == 1
    return json.loads(out.getvalue())


def issue(account: Account, *more: str) -> Any:
    return run("api_key", "issue", "--account", str(account.pk), "--name", "shop", *more)


def works(text: str) -> bool:
    return isinstance(verify(text, now=timezone.now()), Verified)


def test_issue_shows_the_key_and_what_it_may(account: Account) -> None:
    answer = issue(account, "--test", "--scopes", "gifts:read,gifts:write", "--expires-in-days", "7", "--by", "ada")

    key, text = ApiKey.objects.get(), answer.pop("key")
    assert (keys.digest(text), works(text)) == (key.digest, True)
    assert key.expires_at is not None
    assert key.expires_at - key.created_at == timedelta(days=7)
    assert answer == {
        "id": key.pk,
        "account": str(account.pk),
        "name": "shop",
        "livemode": False,
        "state": "expiring",
        "scopes": ["gifts:read", "gifts:write"],
        "created_at": key.created_at.isoformat().replace("+00:00", "Z"),
        "replaces": None,
        "expires_at": key.expires_at.isoformat().replace("+00:00", "Z"),
        "revoked_at": None,
        "last_used_on": None,
    }


def test_an_account_goes_by_its_name_too_and_a_key_is_live_and_may_do_all_by_default(account: Account) -> None:
    answer = run("api_key", "issue", "--account", "Confetti Shop", "--name", "shop")

    by = ApiKey.objects.get().created_by
    assert (answer["livemode"], answer["scopes"], by) == (True, Scope.values, "command")


def test_rotate_shows_the_new_key_and_when_the_old_one_ends(account: Account) -> None:
    old = issue(account)

    answer = run("api_key", "rotate", "--key", old["id"], "--overlap-hours", "2", "--by", "ben")

    new = ApiKey.objects.exclude(pk=old["id"]).get()
    assert new.replaces is not None
    assert (answer["id"], new.replaces.pk, new.created_by) == (new.pk, old["id"], "ben")
    assert new.replaces.expires_at == new.created_at + timedelta(hours=2)
    assert (answer["replaces"]["id"], answer["replaces"]["state"]) == (old["id"], "expiring")
    assert [works(old["key"]), works(answer["key"])] == [True, True]


def test_revoke_ends_a_key_and_says_who_did_it(account: Account) -> None:
    issued = issue(account)

    answer = run("api_key", "revoke", "--key", issued["id"], "--by", "ada")

    by = ApiKey.objects.get().revoked_by
    assert (answer["state"], by, "key" in answer) == ("revoked", "ada", False)
    assert verify(issued["key"], now=timezone.now()) == Refused("revoked")


def test_list_shows_every_key_and_no_secret(account: Account, other_account: Account) -> None:
    issued = [issue(account), issue(account), issue(other_account)]

    everything, mine = run("api_key", "list"), run("api_key", "list", "--account", str(account.pk))

    assert [key["id"] for key in everything["keys"]] == [key["id"] for key in reversed(issued)]
    assert [key["id"] for key in mine["keys"]] == [issued[1]["id"], issued[0]["id"]]
    for key in issued:
        assert key["key"][-38:-6] not in str(everything)
        assert keys.digest(key["key"]) not in str(everything)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["issue", "--account", "Nobody", "--name", "x"], "There is no account with this id or name."),
        (["issue", "--account", "01a20aec-c439-7c41-9a6b-dece5dc53ac7", "--name", "x"], "There is no account"),
        (
            ["issue", "--account", "Confetti Shop", "--name", "x", "--scopes", "gifts:read,everything"],
            "--scopes: must be a list of",
        ),
        (["issue", "--account", "Confetti Shop", "--name", "x", "--scopes", ""], "--scopes: must be a list of"),
        (["issue", "--account", "Confetti Shop", "--name", "x", "--expires-in-days", "0"], "between 1 and 3650"),
        (["issue", "--account", "Confetti Shop", "--name", "x", "--expires-in-days", "3651"], "between 1 and 3650"),
        (["issue", "--account", "Confetti Shop", "--name", " "], "--name: must be"),
        (["issue", "--account", "Confetti Shop", "--name", "x" * 101], "--name: must be"),
        (["issue", "--account", "Confetti Shop", "--name", "a\nb"], "--name: must be"),
        (["issue", "--account", "Confetti Shop", "--name", "x", "--by", "\x00"], "--by: must be"),
        (["issue", "--account", "Confetti Shop"], "--name"),
        (["rotate", "--key", "000000000000"], "There is no key with this id."),
        (["rotate", "--key", "000000000000", "--overlap-hours", "-1"], "--overlap-hours: must be between 0 and 2160"),
        (["rotate", "--key", "000000000000", "--overlap-hours", "2161"], "--overlap-hours: must be between 0 and 2160"),
        (["revoke", "--key", "x" * 500], "There is no key with this id."),
        (["list", "--account", ""], "There is no account"),
        (["show"], "invalid choice"),
        ([], "action"),
    ],
)
def test_what_makes_no_sense_is_told_and_nothing_is_done(arguments: list[str], told: str, account: Account) -> None:
    with pytest.raises(CommandError, match=told):
        call_command("api_key", *arguments)

    assert ApiKey.objects.count() == 0


def test_a_whole_key_given_instead_of_an_id_is_not_repeated(account: Account) -> None:
    text = issue(account)["key"]

    with pytest.raises(CommandError) as raised:
        call_command("api_key", "revoke", "--key", text)

    assert text not in str(raised.value)


def test_a_key_that_has_ended_is_not_rotated(account: Account) -> None:
    key = issue(account)["id"]
    call_command("api_key", "revoke", "--key", key, stdout=StringIO())

    with pytest.raises(CommandError, match="This key is revoked"):
        call_command("api_key", "rotate", "--key", key)


def test_commands_say_that_the_table_is_away(account: Account, away: Proxy) -> None:
    for arguments in (["api_key", "issue", "--account", "Confetti Shop", "--name", "x"], ["sync_api_keys"]):
        with pytest.raises(CommandError, match="key table is away"):
            call_command(*arguments)


def test_the_sync_says_what_it_found_and_repaired(account: Account, table: Table) -> None:
    table.delete(ApiKey.objects.get(pk=issue(account)["id"]))
    table.set(ApiKey.objects.get(pk=issue(account)["id"]), mails_per_day={"N": "1"})

    drift = {"not_in_table": 1, "outdated": 1}
    assert run("sync_api_keys", "--dry-run") == {"checked": 1, "drift": drift, "is_repaired": False}
    assert run("sync_api_keys") == {"checked": 1, "drift": drift, "is_repaired": True}
    assert run("sync_api_keys") == {"checked": 2, "drift": {}, "is_repaired": True}


def test_no_log_holds_a_key(account: Account, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("", "botocore", "django.db.backends", "giftflick"):
        caplog.set_level(logging.DEBUG, logger=name)
    with CaptureQueriesContext(connection):  # without it Django logs no SQL
        texts = [issue(account)["key"]]
        texts.append(run("api_key", "rotate", "--key", texts[0].split("_")[2])["key"])
        services.revoke_api_key(ApiKey.objects.first() or ApiKey(), revoked_by="ada", now=timezone.now())
        for text in texts:
            verify(text, now=timezone.now())

    logged = "\n".join(str(vars(record)) + record.getMessage() for record in caplog.records)
    assert len(caplog.records) > 10
    assert [text for text in texts if text in logged or text[-38:-6] in logged] == []


def test_a_failure_is_a_bad_exit_code(stack: Stack, account: Account) -> None:
    import subprocess
    import sys

    from local.environment import inherited_environment
    from local.migrations import PROJECT

    env = {**inherited_environment(), **stack.env}

    done = subprocess.run(
        [sys.executable, "manage.py", "api_key", "issue", "--account", "Nobody", "--name", "x"],
        cwd=PROJECT, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (1, "")
