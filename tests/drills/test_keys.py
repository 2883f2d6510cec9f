"""Processes killed over keys, at every point of what is done to them: none is revived, and what should work works."""

import signal
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import uuid4

import boto3
import pytest

from accounts import services
from accounts.authorizer import Refused, verify
from accounts.key_sync import sync
from accounts.models import Account, ApiKey
from accounts.selectors import state_of
from accounts.states import WORKING
from local.aws.identities import REGION, ROOT_KEY
from local.aws.seed import set_up_table
from tests.system import System

COMMIT = "django.db.backends.base.base.BaseDatabaseWrapper.commit:call"
COMMITTED = "django.db.backends.base.base.BaseDatabaseWrapper.commit:return"
UPDATE = "django.db.models.query.QuerySet.update"
SEND = "botocore.httpsession.URLLib3Session.send"
STORE, SERVICES = "accounts.key_store", "accounts.services.keys"

ISSUE = {
    "before the record is committed": [f"{SERVICES}.issue_api_key:call", COMMIT],
    "after the record": [f"{STORE}.create:call"],
    "during the projection": [f"{STORE}.create:call", f"{SEND}:return"],
    "after the projection": [f"{STORE}.create:return"],
    "before it is shown": [f"{SERVICES}.issue_api_key:return"],
}
ROTATE = {
    "before the record is committed": [f"{SERVICES}.rotate_api_key:call", COMMIT],
    "after the record": [f"{STORE}.create:call"],
    "after the new key's projection": [f"{STORE}.create:return"],
    "during the old key's": [f"{STORE}.expire:call", f"{SEND}:return"],
    "after the old key's": [f"{STORE}.expire:return"],
    "after the old record": [f"{STORE}.expire:return", COMMITTED],
    "before it is shown": [f"{SERVICES}.rotate_api_key:return"],
}
REVOKE = {
    "before anything": [f"{STORE}.revoke:call"],
    "before the call": [f"{STORE}.revoke:call", f"{SEND}:call"],
    "during the call": [f"{STORE}.revoke:call", f"{SEND}:return"],
    "after the projection": [f"{STORE}.revoke:return"],
    "before the record": [f"{STORE}.revoke:return", f"{UPDATE}:call"],
    "after the record": [f"{STORE}.revoke:return", COMMITTED],
    "after all": [f"{SERVICES}.revoke_api_key:return"],
}
SUSPEND = {
    "before anything": ([f"{STORE}.suspend:call"], 1),
    "after the first key": ([f"{STORE}.suspend:return"], 1),
    "before the last key": ([f"{STORE}.suspend:call"], 3),
    "after all keys": ([f"{STORE}.suspend:return"], 3),
    "before the record": ([f"{STORE}.suspend:return", f"{UPDATE}:call"], 1),
    "after the record": ([f"{STORE}.suspend:return", COMMITTED], 1),
    "after all": (["accounts.services.accounts.suspend_account:return"], 1),
}
RESUME = {
    "before the record": (["accounts.services.accounts.resume_account:call", f"{UPDATE}:call"], 1),
    "after the record": (["accounts.services.accounts.resume_account:call", COMMITTED], 1),
    "after the first key": ([f"{STORE}.resume:return"], 1),
    "during the second key": ([f"{STORE}.resume:return", f"{SEND}:return"], 1),
    "after all keys": ([f"{STORE}.resume:return"], 3),
    "after all": (["accounts.services.accounts.resume_account:return"], 1),
}
CHANGE_ACCOUNT = """
from django.utils import timezone
from accounts import services
from accounts.models import Account
services.{change}_account(Account.objects.get(), now=timezone.now())
"""


class Keys:
    """Three keys of one account in a table of their own, and processes that are killed over them."""

    def __init__(self, system: System, account: Account, now: datetime) -> None:
        self._system = system
        self.account = account
        self.issued = [
            services.issue_api_key(account, name="x", livemode=True, created_by="drill", now=now) for _ in range(3)
        ]
        self.now = now

    def kill(self, points: list[str], *command: str, nth: int = 1) -> None:
        traps = [word for point in points for word in ("--at", point)]
        killer = ["-m", "tests.drills.killer", *traps, "--nth", str(nth)]
        done = self._system.run(*killer, "--", "manage.py", *command)
        assert done.returncode == -signal.SIGKILL, f"{points[-1]} was not passed: {done.stderr}"
        assert "gf_live_" not in done.stdout

    def kill_change(self, change: str, points: list[str], nth: int) -> None:
        self.kill(points, "shell", "-c", CHANGE_ACCOUNT.format(change=change), nth=nth)

    def verdicts(self, now: datetime) -> list[str]:
        found = [verify(text, now=now) for _, text in self.issued]
        return [verdict.reason if isinstance(verdict, Refused) else "works" for verdict in found]

    def assert_agreement(self, now: datetime) -> None:
        """The sync leaves nothing to the next one; it is the record then that says which keys work."""
        sync(now=now)
        report = sync(now=now)
        assert dict(report.drift) == {}
        for (key, _), verdict in zip(self.issued, self.verdicts(now), strict=True):
            record = ApiKey.objects.select_related("account").get(pk=key.pk)
            may_work = state_of(record, now=now) in WORKING and record.account.suspended_at is None
            assert (verdict == "works") == may_work


@pytest.fixture
def drill(
    transactional_db: None, system: System, account: Account, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Keys]:
    console = boto3.Session(ROOT_KEY.id, ROOT_KEY.secret, region_name=REGION).client(
        "dynamodb", endpoint_url=system.env["AWS_ENDPOINT_URL"]
    )
    table = f"drill-{uuid4().hex}"
    set_up_table(console, table)
    monkeypatch.setenv("KEY_TABLE", table)
    monkeypatch.setitem(system.env, "KEY_TABLE", table)
    yield Keys(system, account, now)
    console.delete_table(TableName=table)


@pytest.mark.parametrize("points", ISSUE.values(), ids=ISSUE)
def test_a_key_whose_issue_is_killed_was_shown_to_nobody_and_harms_no_other(points: list[str], drill: Keys) -> None:
    drill.kill(points, "api_key", "issue", "--account", str(drill.account.pk), "--name", "new")

    assert drill.verdicts(drill.now) == ["works"] * 3
    drill.assert_agreement(drill.now)
    assert drill.verdicts(drill.now) == ["works"] * 3


@pytest.mark.parametrize("points", ROTATE.values(), ids=ROTATE)
def test_a_rotation_that_is_killed_revives_nothing_and_can_be_done_again(points: list[str], drill: Keys) -> None:
    old = drill.issued[0][0]
    later = drill.now + timedelta(hours=2)

    drill.kill(points, "api_key", "rotate", "--key", old.pk, "--overlap-hours", "1")

    assert drill.verdicts(drill.now) == ["works"] * 3
    before = drill.verdicts(later)
    drill.assert_agreement(drill.now)
    assert drill.verdicts(later) == before
    new, text = services.rotate_api_key(old, overlap=timedelta(hours=1), created_by="drill", now=drill.now)
    drill.issued.append((new, text))
    assert drill.verdicts(later) == ["expired", "works", "works", "works"]
    drill.assert_agreement(later)


@pytest.mark.parametrize("points", REVOKE.values(), ids=REVOKE)
def test_a_revocation_that_is_killed_has_happened_or_not_and_is_never_undone(points: list[str], drill: Keys) -> None:
    drill.kill(points, "api_key", "revoke", "--key", drill.issued[0][0].pk)

    before = drill.verdicts(drill.now)
    assert before[1:] == ["works", "works"]
    drill.assert_agreement(drill.now)
    assert drill.verdicts(drill.now) == before
    is_before_the_call = points[-1].endswith(":call") and f"{UPDATE}:call" not in points
    assert before[0] == ("works" if is_before_the_call else "revoked")


@pytest.mark.parametrize(("points", "nth"), SUSPEND.values(), ids=SUSPEND)
def test_a_suspension_that_is_killed_is_completed_once_begun(points: list[str], nth: int, drill: Keys) -> None:
    drill.kill_change("suspend", points, nth)

    has_begun = "suspended" in drill.verdicts(drill.now)
    assert has_begun == ((points, nth) != SUSPEND["before anything"])
    drill.assert_agreement(drill.now)
    assert drill.verdicts(drill.now) == ["suspended" if has_begun else "works"] * 3


@pytest.mark.parametrize(("points", "nth"), RESUME.values(), ids=RESUME)
def test_a_resumption_that_is_killed_revives_no_revoked_key(points: list[str], nth: int, drill: Keys) -> None:
    revoked, text = services.issue_api_key(drill.account, name="x", livemode=True, created_by="drill", now=drill.now)
    services.suspend_account(drill.account, now=drill.now)
    services.revoke_api_key(revoked, revoked_by="drill", now=drill.now)

    drill.kill_change("resume", points, nth)

    drill.assert_agreement(drill.now)
    drill.account.refresh_from_db()
    is_resumed = drill.account.suspended_at is None
    assert is_resumed == ((points, nth) != RESUME["before the record"])
    assert drill.verdicts(drill.now) == ["works" if is_resumed else "suspended"] * 3
    assert verify(text, now=drill.now) == Refused("revoked")


def test_a_key_issued_while_its_accounts_suspension_is_killed_does_not_slip_through(drill: Keys) -> None:
    points, nth = SUSPEND["after all keys"]
    drill.kill_change("suspend", points, nth)

    late = services.issue_api_key(drill.account, name="late", livemode=True, created_by="drill", now=drill.now)
    drill.issued.append(late)
    drill.assert_agreement(drill.now)

    assert drill.verdicts(drill.now) == ["suspended"] * 4
