"""Waiting for other processes: for a condition with a deadline, never for a number of seconds."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LOOK_EVERY_S = 0.02


def eventually(condition: Callable[[], T], within_s: float, otherwise: Callable[[], object] = lambda: None) -> T:
    """Return what `condition` says once that is true; fail with what `otherwise` says when the time is up."""
    deadline = time.monotonic() + within_s
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s: {otherwise()}"
        time.sleep(LOOK_EVERY_S)
    return found
