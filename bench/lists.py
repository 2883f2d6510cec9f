"""`make bench-lists`: a page of the gift list among 1,000,000 gifts, against the same page among 1,000.

Two databases are filled, and each page is asked for in turns. What counts is the fastest tenth of the answers, because
what else a busy machine does comes on top. Ends with one line of JSON, and with exit code 1 if a page among many takes
more than 1.2 times what it takes among few.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import psycopg2

from bench.filling import FIRST, SPAN, fill
from local.environment import inherited_environment, throwaway_environment
from local.migrations import PROJECT, migrate
from local.postgres import Postgres
from local.terminal import fail, say, step

FEW, MANY = 1_000, 1_000_000
MOST_RATIO = 1.2
WARM_UP = 5
DEEP = 0.7  # of the gifts that a filter finds
HALFWAY = (FIRST + SPAN / 2).isoformat()
QUARTER = (FIRST + SPAN / 4).isoformat()

Query = list[tuple[str, str]]
FILTERS: dict[str, Query] = {
    "no filter": [],
    "common status": [("status", "canceled")],
    "rare status": [("status", "failed")],
    "two common statuses": [("status", "draft"), ("status", "canceled")],
    "rare and common status": [("status", "failed"), ("status", "canceled")],
    "recipient_email": [("recipient_email", "rare@example.com")],
    "order_reference": [("order_reference", "SO-RARE")],
    "created_after": [("created_after", HALFWAY)],
    "created_before": [("created_before", HALFWAY)],
    "created between": [("created_after", QUARTER), ("created_before", HALFWAY)],
    "deliver_after": [("deliver_after", QUARTER)],
    "deliver_before": [("deliver_before", HALFWAY)],
    "deliver between": [("deliver_after", QUARTER), ("deliver_before", HALFWAY)],
    "rare status, created_after": [("status", "failed"), ("created_after", FIRST.isoformat())],
    "rare status, deliver_after": [("status", "failed"), ("deliver_after", FIRST.isoformat())],
}


class Pages:
    """A process of the site on a database of its own with so many gifts."""

    def __init__(self, server_url: str, count: int, folder: Path) -> None:
        url = _create_database(server_url, f"gifts_{count}")
        self._env = {
            **inherited_environment(),
            **throwaway_environment(),
            "BASE_URL": "http://127.0.0.1:1",
            "ALLOWED_HOSTS": "127.0.0.1",
            "LOG_LEVEL": "WARNING",
            "DATABASE_URL": url,
        }
        migrate(url, self._env, folder / "migrate.log")
        fill(url, count)

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.pages"],
            env=self._env,
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *raised: object) -> None:
        self._process.communicate()

    def ask(self, query: Query, depth: float) -> dict[str, float]:
        assert self._process.stdin is not None  # noqa: S101
        assert self._process.stdout is not None  # noqa: S101
        self._process.stdin.write(json.dumps({"query": query, "depth": depth}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, float] = json.loads(self._process.stdout.readline())
        return answer


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.lists", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100, help="how often each page is asked for (100)")
    parser.add_argument("--many", type=int, default=MANY, help="how many gifts are many (1,000,000)")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-lists-")))
        folder.chmod(0o755)  # PostgreSQL, which does not run as root, must get in
        postgres = Postgres(folder / "postgres", durable=False)
        stack.callback(postgres.stop)
        server_url = postgres.start()
        sites = []
        for count in (FEW, options.many):
            with step(f"{count:,} gifts"):
                sites.append(stack.enter_context(Pages(server_url, count, folder)))
        measured = [compare(name, depth, sites, options.rounds) for name in FILTERS for depth in (0, DEEP)]
    say(json.dumps({"few": FEW, "many": options.many, "most_ratio": MOST_RATIO, "pages": measured}))
    slow = [page["page"] for page in measured if page["ratio"] > MOST_RATIO]
    if slow:
        fail(f"slower than {MOST_RATIO} times: {', '.join(slow)}")


def compare(name: str, depth: float, sites: Sequence[Pages], rounds: int) -> dict[str, Any]:
    taken: list[list[dict[str, float]]] = [[], []]
    for number in range(WARM_UP + rounds):
        for site, times in zip(sites, taken, strict=True):
            answer = site.ask(FILTERS[name], depth)
            if number >= WARM_UP:
                times.append(answer)
    few, many = ({kind: _fastest_tenth([time[kind] for time in times]) for kind in times[0]} for times in taken)
    if few["rows"] != many["rows"]:
        fail(f"{name} found {few['rows']} and {many['rows']} gifts: these are not the same page")
    page = f"{name}, {'deep' if depth else 'first'}"
    ratio = many["ms"] / few["ms"]
    say(
        f"  {page:36} {few['ms']:7.2f} → {many['ms']:7.2f} ms {ratio:6.2f} times   "
        f"of it SQL {few['sql_ms']:5.2f} → {many['sql_ms']:6.2f} ms"
    )
    return {"page": page, "few_ms": round(few["ms"], 2), "many_ms": round(many["ms"], 2), "ratio": round(ratio, 3)}


def _fastest_tenth(values: list[float]) -> float:
    return statistics.quantiles(values, n=10)[0]


def _create_database(server_url: str, name: str) -> str:
    with closing(psycopg2.connect(server_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
    return urlsplit(server_url)._replace(path=f"/{name}").geturl()


if __name__ == "__main__":
    main()
