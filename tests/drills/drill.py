"""What all drills share: processes that are killed at a point, and turns of the clock at times passed in."""

import json
import signal
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
import urllib3
from django.core.management import call_command

from accounts.models import Account
from api.outbox.models import Job
from local.migrations import PROJECT
from local.ports import HOST
from local.processes import Process, ProcessError
from tests.system import Json, System

MINUTE = timedelta(minutes=1)
KILLED = 128 + signal.SIGKILL

COMMIT = "django.db.backends.base.base.BaseDatabaseWrapper.commit:call"
CLAIM, FINISH = "api.outbox.services.claim", "api.outbox.services.finish"


class Drill:
    """Times are passed in: a lease of 90 seconds ends when a later tick says so, not when the test has waited."""

    def __init__(self, system: System, account: Account, now: datetime) -> None:
        self._system = system
        self.account = account
        self.now = now

    def kill(self, *points: str, at: datetime, nth: int = 1, command: str = "tick") -> None:
        """One turn of the clock in a process of its own, killed when it passes the last of `points` the nth time."""
        now = ["--now", at.isoformat()] if command == "tick" else []
        done = self._system.run(*_killer(points, nth), "manage.py", command, "--skip-checks", *now)
        assert done.returncode == -signal.SIGKILL, f"{points[-1]} was not passed: {done.stderr}"

    def kill_site(self, *points: str, call: Callable[[str], object], log: Path) -> None:
        """A site of its own, killed when it passes the last of `points` while it answers `call`, which gets its URL."""
        command = [sys.executable, *_killer(points, 1), "-m", "local.site", "--port", "0"]
        site = Process("killed site", command, log=log, env=self._system.env, cwd=PROJECT)
        site.start()
        try:
            url = f"http://{HOST}:{site.wait_for_port()}"
            with pytest.raises(urllib3.exceptions.ProtocolError):
                call(url)
            with pytest.raises(ProcessError, match=f"exit code {KILLED}"):
                site.wait_for_line("^it never says this$")
        finally:
            site.stop()

    def tick(self, at: datetime) -> Json:
        """One turn of the clock in this process; what it found to do."""
        output = StringIO()
        call_command("tick", "--now", at.isoformat(), stdout=output)
        found: Json = json.loads(output.getvalue())
        return found


def assert_nothing_left(*, but: frozenset[str] = frozenset()) -> None:
    """No job was lost on the way or given up; `but` are kinds that have time."""
    unfinished = Job.objects.exclude(state="done").exclude(kind__in=but)
    assert list(unfinished.values_list("kind", "state", "attempts", "run_at", "last_error")) == []


def _killer(points: tuple[str, ...], nth: int) -> list[str]:
    traps = [word for point in points for word in ("--at", point)]
    return ["-m", "tests.drills.killer", *traps, "--nth", str(nth), "--"]
