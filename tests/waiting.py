"""Others: acting as one, and waiting for them, for a condition with a deadline and never for a number of seconds."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection, connections

T = TypeVar("T")

LOOK_EVERY_S = 0.02

# Other tests' databases are in the same server. A wait for a row names no database, and its backend's other locks do;
# pg_stat_activity would be read once a transaction.
WAITING = """
SELECT DISTINCT pid FROM pg_locks WHERE NOT granted AND pid IN (
    SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database WHERE datname = current_database())
"""


def eventually(condition: Callable[[], T], within_s: float, otherwise: Callable[[], object] = lambda: None) -> T:
    """Return what `condition` says once that is true; fail with what `otherwise` says when the time is up."""
    deadline = time.monotonic() + within_s
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s: {otherwise()}"
        time.sleep(LOOK_EVERY_S)
    return found


def waiting_backends() -> list[int]:
    """The pids of those in this database that wait for somebody else's lock."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return [pid for (pid,) in cursor.fetchall()]


def in_another_connection(act: Callable[[], object]) -> None:
    with ThreadPoolExecutor(1) as other:
        other.submit(act).result()
        other.submit(connections.close_all).result()
