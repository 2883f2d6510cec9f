"""`python -m bench.pages`: answers, line by line, how long a page of the gift list takes through the whole site.

In comes `{"query": [[name, value], …], "depth": 0.9}` as JSON: the page that begins after that share of the gifts that
the query finds. Out goes `{"ms", "sql_ms", "rows"}`: the processor's time plus the database's, which is `sql_ms`. What
other processes of the machine took in between is not counted.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import django
from django.db import connection
from django.test import Client, RequestFactory

from bench.filling import ACCOUNT, API_KEY
from local.terminal import say

CALLER = {
    "account_id": ACCOUNT,
    "account_name": "Shop",
    "livemode": True,
    "key_id": API_KEY,
    "key_name": "bench",
    "scopes": "gifts:read",
    "requests_per_minute": 1_000_000_000,
    "mails_per_day": 0,
    "origins": "",
}


def main() -> None:
    django.setup()
    client = Client(headers={"Host": "127.0.0.1"})
    for line in sys.stdin:
        say(json.dumps(measure(client, query_of(line))))


def measure(client: Client, query: str) -> dict[str, float]:
    with timed_sql() as times:
        started = time.thread_time()
        answer = client.get("/v1/gifts?" + query, **{"giftflick.authorizer": CALLER})  # type: ignore[arg-type]
        ms = (time.thread_time() - started) * 1000
    if answer.status_code != 200:
        raise ValueError(answer.content)
    return {"ms": ms + sum(times), "sql_ms": sum(times), "rows": len(answer.json()["results"])}


@contextmanager
def timed_sql() -> Iterator[list[float]]:
    times: list[float] = []

    def watch(execute: Callable[..., Any], *arguments: Any) -> Any:
        started = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            times.append((time.perf_counter() - started) * 1000)

    with connection.execute_wrapper(watch):
        yield times


@cache
def query_of(line: str) -> str:
    """The query string, with the cursor of the page that is asked for."""
    from rest_framework.request import Request

    from api.gifts.filters import GiftPagination, filter_gifts
    from api.gifts.selectors import gifts_for
    from api.pagination import cursor_at

    asked = json.loads(line)
    query = urlencode([(name, value) for name, value in asked["query"]])
    if not asked["depth"]:
        return query
    request = Request(RequestFactory().get("/?" + query))
    gifts = filter_gifts(gifts_for(UUID(ACCOUNT), livemode=True), request)
    if statuses := request.query_params.getlist("status"):
        gifts = gifts.filter(status__in=statuses)
    ordering = GiftPagination().get_ordering(request, gifts, None)
    row = gifts.order_by(*ordering)[int(gifts.count() * asked["depth"])]
    return f"{query}&cursor={cursor_at(row, ordering)}"


if __name__ == "__main__":
    main()
