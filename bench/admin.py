"""`make bench-admin`: what a founder waits for among 1,000,000 gifts: Today, searches, lists, a bulk action.

A database is filled as 13 months of business leave it, and each page is asked for by a signed-in founder, the whole
way through Django, for another row each time. Told are the median and what 95 of 100 answers took at most, in the
processor's and the database's milliseconds, so that a machine that does other things as well tells the same.
Today must answer within 300 ms, a search within 200 ms: exit code 1 if 95 of 100 do not. Ends with one line of JSON.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2

from bench.admin_filling import fill
from local.environment import inherited_environment, throwaway_environment
from local.errors import LocalError
from local.migrations import migrate
from local.postgres import Postgres
from local.terminal import fail, say, step

MANY = 1_000_000
TODAY_MS, SEARCH_MS = 300, 200

Ask = Callable[[], Any]  # asks for one page, and answers what came


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.admin", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="how often each page is asked for (20)")
    parser.add_argument("--many", type=int, default=MANY, help="how many gifts there are (1,000,000)")
    options = parser.parse_args()
    try:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-admin-")))
            folder.chmod(0o755)  # PostgreSQL, which does not run as root, must get in
            _start(stack, folder, options.many)
            told = measure(options.rounds)
    except LocalError as error:
        fail(str(error))
    say(json.dumps({"gifts": options.many, "rounds": options.rounds, **told}))
    if told["too_slow"]:
        fail(f"too slow: {', '.join(told['too_slow'])}")


def _start(stack: ExitStack, folder: Path, many: int) -> None:
    """Django over a filled database, in this process."""
    postgres = Postgres(folder / "postgres", durable=False)
    stack.callback(postgres.stop)
    url = postgres.start()
    os.environ.clear()
    os.environ.update(inherited_environment() | throwaway_environment())
    os.environ |= {"DATABASE_URL": url, "ALLOWED_HOSTS": "127.0.0.1", "BASE_URL": "http://127.0.0.1:1"}
    os.environ |= {"LOG_LEVEL": "WARNING", "SECURE_COOKIES": "false"}
    with step(f"{many:,} gifts with what belongs to them"):
        migrate(url, os.environ, folder / "migrate.log")
        with closing(psycopg2.connect(url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                fill(cursor, many, now=datetime.now(UTC))
                cursor.execute("VACUUM ANALYZE")
    import django

    django.setup()


def measure(rounds: int) -> dict[str, Any]:
    from bench.admin_bulk import bulk
    from bench.admin_pages import founder, lists, searches, today

    client = founder()
    told: dict[str, Any] = {"pages": {}, "too_slow": []}

    def tell(name: str, ask: Ask, limit: int | None, times: int) -> None:
        taken = _times(ask, times)
        median, p95 = round(statistics.median(taken), 1), round(_p95(taken), 1)
        told["pages"][name] = {"median_ms": median, "p95_ms": p95, "limit_ms": limit}
        verdict = "" if limit is None else "ok" if p95 <= limit else "TOO SLOW"
        if verdict == "TOO SLOW":
            told["too_slow"].append(name)
        within = "" if limit is None else f"within {limit} ms"
        say(f"  {name:44} {median:8.1f} {p95:8.1f}   {within:14} {verdict}")

    say(f"\n  {'':44} {'median':>8} {'95 %':>8}  ms, of {rounds}")
    tell("Today, the first page of a process", today(client), None, 1)
    tell("Today, before anything was counted", today(client), TODAY_MS, 3)
    told["counting_s"] = _count()
    say(f"  {'counting in the background':44} {told['counting_s'][0]:8.1f} s the first time, "
        f"{told['counting_s'][1]:.1f} s a minute later")  # fmt: skip
    for name, ask in {
        "Today": today(client),
        "Today, 90 days of test gifts": today(client, mode="test", days="90"),
    }.items():
        tell(name, ask, TODAY_MS, rounds)
    _tell_all(searches(client), tell, SEARCH_MS, rounds)
    _tell_all(lists(client), tell, None, max(rounds // 2, 5))
    told["bulk"] = {name: round(value, 1) for name, value in bulk(client).items()}
    say("  Bulk: {items:,.0f} drafts chosen in {asked_s} s, a batch of them begun in {begun_s} s, "
        "{items_a_second:.0f} called off a second".format(**told["bulk"]))  # fmt: skip
    return told


def _tell_all(pages: Mapping[str, Ask], tell: Callable[..., None], limit: int | None, rounds: int) -> None:
    for name, ask in pages.items():
        ask()  # the first of its kind also finds its plan, and its template
        tell(name, ask, limit, rounds)


def _count() -> list[float]:
    from django.utils import timezone

    from api.today.services import make_figures

    taken = []
    for _ in range(2):
        started = time.perf_counter()
        make_figures(now=timezone.now(), seconds=600)
        taken.append(round(time.perf_counter() - started, 2))
    return taken


def _times(ask: Ask, times: int) -> list[float]:
    """Of each answer the processor's milliseconds and the database's: what else a busy machine does does not count."""
    from bench.pages import timed_sql

    taken = []
    for _ in range(times):
        with timed_sql() as sql:
            started = time.thread_time()
            answer = ask()
            taken.append(1000 * (time.thread_time() - started) + sum(sql))
        if answer.status_code not in (200, 302):
            raise LocalError(f"a page answered {answer.status_code}")
    return taken


def _p95(taken: list[float]) -> float:
    return statistics.quantiles(taken, n=20, method="inclusive")[-1] if len(taken) > 1 else taken[0]


if __name__ == "__main__":
    main()
