"""Keys made from afar: handed over and not printed, no second one for a repeated line, none that works for nobody."""

import json
import signal
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts import keys
from accounts.authorizer import Refused, Verified, verify
from accounts.management.commands.smoke_key import ACCOUNT
from accounts.models import Account, ApiKey, Scope
from accounts.services import issue_api_key
from giftflick import handover
from giftflick.remote import CommandFailedError, run
from tests.remote.conftest import Console
from tests.system import System

SECRETS_MANAGER = "giftflick.handover"
ISSUE = {
    "before it is handed over": [f"{SECRETS_MANAGER}.hand_over:call"],
    "after it is handed over": [f"{SECRETS_MANAGER}.hand_over:return"],
    "before the record is committed": [
        "accounts.services.keys.issue_api_key:call",
        "django.db.backends.base.base.BaseDatabaseWrapper.commit:call",
    ],
    "before it works": ["accounts.key_store.create:call"],
    "once it works": ["accounts.key_store.create:return"],
    "before the name is printed": ["accounts.key_handover.make:return"],
}


def works(text: str) -> bool:
    return isinstance(verify(text, now=timezone.now()), Verified)


def issue(account: Account, more: str = "") -> dict[str, Any]:
    return run(f"api_key issue --account={account.pk} --name=Web%20page {more}")


def test_an_issued_key_is_in_the_secret_that_is_named_and_nowhere_in_the_output(
    stage: Console, account: Account, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = issue(account, "--test --scopes=gifts:read,gifts:write --expires-in-days=7")

    key = ApiKey.objects.get()
    text = stage.secret(answer["secret"])
    assert (answer["secret"], keys.digest(text), works(text)) == (f"{stage.prefix}api-key/{key.pk}", key.digest, True)
    assert (answer["name"], answer["livemode"], answer["scopes"]) == (
        "Web page",
        False,
        ["gifts:read", "gifts:write"],
    )
    printed = "".join(capfd.readouterr())
    assert json.loads(printed.splitlines()[-1]) == answer
    assert "key" not in answer
    assert text[-38:-6] not in printed


def test_the_same_line_again_makes_no_second_key(stage: Console, account: Account) -> None:
    first = issue(account)

    again, other_mode, other_name = (
        issue(account),
        issue(account, "--test"),
        run(f"api_key issue --account={account.pk} --name=App"),
    )

    assert again == first | {"is_known": True}
    assert len({first["id"], other_mode["id"], other_name["id"]}) == 3
    assert len(stage.handed_over()) == 3


def test_a_key_of_the_same_name_that_may_do_something_else_is_not_handed_out_for_it(
    stage: Console, account: Account
) -> None:
    issue(account)

    with pytest.raises(CommandFailedError, match="something else"):
        issue(account, "--scopes=account:read")


def test_once_the_secret_is_taken_away_another_key_is_made(stage: Console, account: Account) -> None:
    first = issue(account)
    stage.secrets.delete_secret(SecretId=first["secret"], RecoveryWindowInDays=7)

    assert issue(account)["id"] != first["id"]


def test_a_rotated_key_is_handed_over_once(stage: Console, account: Account) -> None:
    old = issue(account)
    line = f"api_key rotate --key={old['id']} --overlap-hours=2"

    answer, again = run(line), run(line)

    assert (again["id"], again["is_known"], again["replaces"]) == (answer["id"], True, old["id"])
    assert answer["replaces"]["state"] == "expiring"
    assert set(stage.handed_over()) == {old["secret"], answer["secret"]}
    assert all(works(text) for text in stage.handed_over().values())


def test_a_revoked_key_takes_its_secret_along_and_may_be_revoked_again(stage: Console, account: Account) -> None:
    issued = issue(account)
    text = stage.secret(issued["secret"])

    answers = [run(f"api_key revoke --key={issued['id']} --by=ada") for _ in range(2)]

    assert answers[0] == answers[1]
    assert (answers[0]["state"], ApiKey.objects.get().revoked_by) == ("revoked", "ada")
    assert verify(text, now=timezone.now()) == Refused("revoked")
    assert stage.handed_over() == {}


def test_a_list_comes_in_parts_that_the_log_has_room_for(
    stage: Console, account: Account, capfd: pytest.CaptureFixture[str]
) -> None:
    now = timezone.now()
    for age in range(23):
        issue_api_key(account, name="n" * 100, livemode=True, created_by="x", now=now - timedelta(hours=age // 2))

    parts, after = [], ""
    while True:
        part = run(f"api_key list --account={account.pk}{after}")
        parts.append([key["id"] for key in part["keys"]])
        if part["is_complete"]:
            break
        after = f" --after={parts[-1][-1]}"

    assert [len(part) for part in parts] == [10, 10, 3]
    assert len({key for part in parts for key in part}) == 23
    assert max(len(line) for line in capfd.readouterr().out.splitlines()) < 3500


def test_a_smoke_key_may_look_at_its_account_for_an_hour_and_ends_the_one_before(stage: Console, db: None) -> None:
    first = run("smoke_key")
    earlier = stage.secret(first["secret"])

    second = run("smoke_key")

    now, text = timezone.now(), stage.secret(f"{stage.prefix}smoke-key")
    assert [first["secret"], second["secret"]] == [f"{stage.prefix}smoke-key"] * 2
    assert [first["revoked"], second["revoked"]] == [0, 1]
    assert verify(earlier, now=now) == Refused("revoked")
    verdict = verify(text, now=now)
    assert isinstance(verdict, Verified)
    assert (verdict.context["scopes"], verdict.context["livemode"], verdict.context["account_name"]) == (
        Scope.ACCOUNT_READ,
        False,
        ACCOUNT,
    )
    assert verify(text, now=now + timedelta(minutes=59)) == verdict
    assert verify(text, now=now + timedelta(minutes=61)) == Refused("expired")
    assert len(stage.handed_over()) == 1


def test_what_was_taken_back_can_be_handed_over_again(stage: Console) -> None:
    handover.hand_over("smoke-key", "one", what="a key")
    handover.take_back("smoke-key")
    handover.take_back("smoke-key")
    assert not handover.is_there("smoke-key")

    name = handover.hand_over("smoke-key", "two", what="a key")

    assert (handover.is_there("smoke-key"), stage.secret(name)) == (True, "two")
    assert not handover.is_there("never")


def test_without_secrets_manager_no_key_is_made(stage: Console, account: Account, aws_away: None) -> None:
    for line in (f"api_key issue --account={account.pk} --name=x", "smoke_key"):
        with pytest.raises(CommandFailedError, match=r"Secrets Manager did not do as asked \(.+\)\. Run it again\."):
            run(line)

    assert ApiKey.objects.count() == 0


def test_a_key_that_does_not_come_to_work_leaves_no_secret(
    stage: Console, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accounts import authorizer

    authorizer.client.cache_clear()
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9")
    try:
        with pytest.raises(CommandFailedError, match="key table is away"):
            issue(account)
    finally:
        authorizer.client.cache_clear()

    assert stage.handed_over() == {}


@pytest.mark.parametrize("points", ISSUE.values(), ids=ISSUE)
def test_killed_anywhere_no_key_works_that_nobody_has(
    points: list[str], transactional_db: None, system: System, console: Console, account: Account
) -> None:
    traps = [word for point in points for word in ("--at", point)]
    command = ["manage.py", "api_key", "issue", "--account", str(account.pk), "--name", uuid4().hex]

    done = system.run("-m", "tests.drills.killer", *traps, "--nth", "1", "--", *command, **console.environment)

    assert done.returncode == -signal.SIGKILL, done.stderr
    held = {keys.digest(text) for text in console.handed_over().values()}
    working = {key.digest for key in ApiKey.objects.all() if key.revoked_at is None}
    assert working <= held
