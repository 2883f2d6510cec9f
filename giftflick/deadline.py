"""Notices an invocation that is about to run out of time, while there is still time to tell where it hangs.

AWS ends a process without a word to it. A thread of ours sleeps until shortly before that, and wakes up also where the
main thread waits for the database or a socket.
"""

import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass

log = logging.getLogger("giftflick.deadline")

MARGIN_S = 2.0  # before the end: for one log line and, where Sentry is used, one call

Stacks = dict[str, list[traceback.FrameSummary]]  # by thread, its outermost call first


@dataclass(frozen=True)
class _Armed:
    at: float
    act: Callable[[], object]


class Deadline:
    """One at a time in a process. Arming it costs microseconds: the thread sleeps on, and looks again when it wakes."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._armed: _Armed | None = None
        self._sleeps_until = float("-inf")  # before the thread is there, it needs no waking

    @contextmanager
    def watch(self, left_s: float, act: Callable[[Stacks], object]) -> Iterator[None]:
        """Call `act` from the other thread, in this one's context, if the block is not over in `left_s` seconds."""
        context = copy_context()
        self._arm(_Armed(time.monotonic() + left_s, lambda: context.run(act, _stacks())))
        try:
            yield
        finally:
            with self._changed:
                self._armed = None

    def _arm(self, armed: _Armed) -> None:
        with self._changed:
            self._armed = armed
            if self._sleeps_until == float("-inf"):
                self._sleeps_until = armed.at
                threading.Thread(target=self._run, name="deadline", daemon=True).start()
            elif armed.at < self._sleeps_until:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            armed = self._await_one()
            try:
                armed.act()
            except Exception:
                log.exception("telling of the timeout failed")  # without this thread no later one would be told of

    def _await_one(self) -> _Armed:
        with self._changed:
            while True:
                armed, now = self._armed, time.monotonic()
                if armed is not None and now >= armed.at:
                    self._armed = None
                    return armed
                self._sleeps_until = armed.at if armed else float("inf")
                self._changed.wait(armed.at - now if armed else None)


deadline = Deadline()


def _stacks() -> Stacks:
    """Where every thread is, but for the one that asks."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    return {
        names.get(ident, str(ident)): traceback.extract_stack(frame)
        for ident, frame in sys._current_frames().items()  # noqa: SLF001 - what there is for it
        if ident != threading.get_ident()
    }
