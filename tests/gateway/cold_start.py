"""`python -m tests.gateway.cold_start HIDDEN EVENTS`: a fresh process answers events and tells what it had to import.

HIDDEN are the modules that a laptop has and the package for Lambda has not: some of our packages import them merely
because they are there.
"""

import json
import sys
import time
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any


class Hiding(MetaPathFinder):
    def __init__(self, hidden: set[str]) -> None:
        self._hidden = hidden

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> None:
        if name.partition(".")[0] in self._hidden:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


class Context:
    aws_request_id = "cold-start"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def main(hidden: str, events: str) -> None:
    sys.meta_path.insert(0, Hiding(set(json.loads(hidden))))
    started = time.perf_counter()
    from giftflick.lambda_entry import handler

    init_ms = 1000 * (time.perf_counter() - started)
    answers, times = [], []
    for event in json.loads(Path(events).read_text()):
        started = time.perf_counter()
        answers.append(handler(event, Context()))
        times.append(1000 * (time.perf_counter() - started))
    print(json.dumps({"init_ms": init_ms, "ms": times, "answers": answers, "modules": sorted(sys.modules)}))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
