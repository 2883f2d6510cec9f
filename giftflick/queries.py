"""How many queries a request makes, and how long they take: two numbers, nothing of what is asked."""

import time
from collections.abc import Callable
from typing import Any


class QueryCount:
    """Counts while it is a connection's `execute_wrapper`."""

    __slots__ = ("number", "seconds")

    def __init__(self) -> None:
        self.number = 0
        self.seconds = 0.0

    def __call__(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        started = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            self.number += 1
            self.seconds += time.perf_counter() - started
