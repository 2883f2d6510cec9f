"""Telling a worker, right after a commit, that the job table has work. Best effort: the tick finds it anyway."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from urllib.parse import quote

from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string

from giftflick import aws

log = logging.getLogger("giftflick.jobs")

CHANNEL = "giftflick_outbox"


def wake_after_commit() -> None:
    """Once a transaction, however many jobs it wrote."""
    waker = _waker()
    if not any(entry[1] is waker for entry in connection.run_on_commit):
        transaction.on_commit(waker, robust=True)


def wake() -> None:
    """At once: what is due has been there before."""
    _waker()()


def notify_listeners() -> None:
    """Wake the processes that run `manage.py work`."""
    with connection.cursor() as cursor:
        cursor.execute(f"NOTIFY {CHANNEL}")


class FunctionWaker:
    """Starts a tick in another copy of the Lambda function and does not wait for it.

    At most one call at a time, BURST of them at once and then one a second from a process: under a load without pause
    the process's next request wakes for this one (`settle`), or the next minute's tick. None while the process is at
    the job table itself: it finds what its own jobs write. AWS away costs a request the timeout, and the jobs up to a
    minute.
    """

    TIMEOUT_S = 1.0
    EVERY_S = 1.0
    BURST = 10
    BODY = b'{"tick": true}'
    HEADERS = {"content-type": "application/json", "x-amz-invocation-type": "Event"}
    ACCEPTED = 202

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._calling = threading.Lock()
        self._spent_until = float("-inf")  # when all of the burst may be spent again
        self._is_at_work = False
        self._is_owed = False  # a wake-up that the pace did not allow

    def __call__(self) -> None:
        if self._is_at_work or not self._calling.acquire(blocking=False):
            return
        try:
            spent_until = max(self._spent_until, self._clock()) + self.EVERY_S
            self._is_owed = spent_until - self._clock() > self.BURST * self.EVERY_S
            if not self._is_owed:
                self._spent_until = spent_until
                self._invoke()
        finally:
            self._calling.release()

    def settle(self) -> None:
        """Wake for what came too fast, if the pace allows it by now. Each request calls it: in dev there is no tick."""
        if self._is_owed:
            self()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wake nobody within this block, from whichever thread."""
        self._is_at_work = True
        try:
            yield
        finally:
            self._is_at_work = False

    def _invoke(self) -> None:
        path = f"/2015-03-31/functions/{quote(settings.WAKE_FUNCTION)}/invocations"
        try:
            answer = aws.post("lambda", path, self.BODY, headers=self.HEADERS, timeout=self.TIMEOUT_S)
            outcome = f"HTTP {answer.status}"
        except aws.AwsAwayError as error:
            answer, outcome = None, str(error)
        if answer is None or answer.status != self.ACCEPTED:
            log.warning("no worker woken", extra={"reason": outcome})


invoke_function = FunctionWaker()


@cache
def _waker() -> Callable[[], None]:
    return import_string(settings.OUTBOX_WAKER)  # type: ignore[no-any-return]
