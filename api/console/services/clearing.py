"""What the tick does for the console: nothing that was left behind goes on, and nothing is kept for ever."""

from datetime import datetime, timedelta

from api.console import driver
from api.console.login import console_login, is_set_up
from api.console.models import QueryRun
from api.console.selectors import overdue
from api.console.states import RunState
from api.exceptions import UnavailableError

KEPT = timedelta(days=400)
OLDER_THAN_S = 20
WAIT_S = 3.0
BATCH = 1_000


def end_overdue(*, now: datetime) -> int:
    """Terminate what a killed process has left running in the database, and say that nobody heard the answer."""
    runs = list(overdue(now=now)[:BATCH])
    if not runs:
        return 0
    if is_set_up():
        for with_pii in {run.with_pii for run in runs}:
            try:
                driver.sweep(console_login(with_pii=with_pii), older_than_s=OLDER_THAN_S, wait_s=WAIT_S)
            except (UnavailableError, driver.AwayError, driver.TimeUpError, driver.StatementError):
                return 0  # the next tick tries again
    return QueryRun.objects.filter(pk__in=[run.pk for run in runs], state=RunState.RUNNING).update(
        state=RunState.LOST, finished_at=now
    )


def purge_runs(*, now: datetime) -> int:
    old = QueryRun.objects.filter(started_at__lt=now - KEPT).order_by("started_at").values("pk")[:BATCH]
    return QueryRun.objects.filter(pk__in=old).delete()[0]
