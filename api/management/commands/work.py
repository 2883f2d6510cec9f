"""`manage.py work`: tick for ever, woken by commits."""

import logging
import select
import signal
import threading
import time
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone

from api.outbox.drain import drain
from api.outbox.registry import MARGIN
from api.outbox.wakers import CHANNEL
from api.tick import sweep

log = logging.getLogger("giftflick.jobs")

LOOK_EVERY = 1.0  # seconds between looks at the job table when no commit wakes us
SWEEP_EVERY = 5.0
DRAIN_FOR = MARGIN + timedelta(seconds=45)
RECONNECT_AFTER = 2.0


class Command(BaseCommand):
    help = "Run jobs as they come, until stopped."

    def handle(self, *_args: Any, **_options: Any) -> None:
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        self.stdout.write("working")
        self.stdout.flush()
        while not stopping.is_set():
            try:
                self._work(stopping)
            except DatabaseError:
                log.warning("the database is away; trying again")
                connection.close()
                stopping.wait(RECONNECT_AFTER)

    def _work(self, stopping: threading.Event) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")
        swept_at = float("-inf")
        while not stopping.is_set():
            if time.monotonic() - swept_at >= SWEEP_EVERY:
                sweep(timezone.now())
                swept_at = time.monotonic()
            drain(clock=timezone.now, until=timezone.now() + DRAIN_FOR)
            self._wait()

    @staticmethod
    def _wait() -> None:
        raw = connection.connection
        if select.select([raw], [], [], LOOK_EVERY)[0]:
            raw.poll()
            raw.notifies.clear()
