"""`python -m tests.gateway.cold_start HIDDEN EVENTS`: a fresh process answers events and tells what it had to import.

HIDDEN are the modules that a laptop has and the package for Lambda has not: some of our packages import them merely
because they are there.
"""

import json
import sys
import time
from pathlib import Path


class Context:
    aws_request_id = "cold-start"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def main(hidden: str, events: str) -> None:
    sys.modules.update(dict.fromkeys(json.loads(hidden)))  # neither found nor imported any more
    started = time.perf_counter()
    from giftflick.lambda_entry import handler

    init_ms = 1000 * (time.perf_counter() - started)
    answers, times = [], []
    for event in json.loads(Path(events).read_text()):
        started = time.perf_counter()
        answers.append(handler(event, Context()))
        times.append(1000 * (time.perf_counter() - started))
    modules = sorted(set(sys.modules) - set(json.loads(hidden)))
    print(json.dumps({"init_ms": init_ms, "ms": times, "answers": answers, "modules": modules}))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
