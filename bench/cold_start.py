"""`python -S -P bench/cold_start.py KIND EVENT`: one cold start and its first answer, measured from within.

Standard library only, until the handler is loaded: what this file imports would count as the handler's.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Event = dict[str, Any]
Handler = Callable[[Event], Event]


class Context:
    """What AWS tells about an invocation."""

    aws_request_id = "cold-start"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def package() -> Handler:
    """What ships, by its own entry point."""
    from giftflick.lambda_entry import handler

    return lambda event: handler(event, Context())


def plain() -> Handler:
    """The same code as Django starts by itself, with nothing done in advance."""
    from giftflick.lambda_http import call
    from giftflick.wsgi import application

    return lambda event: call(application, event)


def bare() -> Handler:
    """A function with no framework: the same rows as JSON."""
    import psycopg2

    connection = psycopg2.connect(os.environ["DATABASE_URL"])

    def handle(event: Event) -> Event:
        account = event["requestContext"]["authorizer"]["lambda"]["account_id"]
        with connection.cursor() as cursor:
            cursor.execute("SELECT row_to_json(api_gift) FROM api_gift WHERE account_id = %s LIMIT 1", [account])
            return {"statusCode": 200, "body": json.dumps({"results": [row for (row,) in cursor.fetchall()]})}

    return handle


KINDS = {"package": package, "plain": plain, "bare": bare}


def main(kind: str, event: str) -> None:
    asked = json.loads(event)
    began = time.perf_counter()
    handler = KINDS[kind]()
    loaded = time.perf_counter()
    answer = handler(asked)
    answered = time.perf_counter()
    cpu = time.process_time()
    if answer["statusCode"] != 200 or len(json.loads(answer["body"])["results"]) != 1:
        raise ValueError(answer)
    highest = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    told = {
        "init_ms": 1000 * (loaded - began),
        "get_ms": 1000 * (answered - loaded),
        "cpu_ms": 1000 * cpu,
        "memory_mb": int(highest.split()[1]) / 1000,
    }
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
