"""What a page of gifts costs among very many: rows that the database looks at, whichever filter and however deep."""

import json
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench.filling import insert_gifts
from bench.lists import DEEP, FILTERS
from bench.pages import CALLER, query_of

GIFTS = 50_000
A_PAGE = 26  # and one more, which says whether there is another
# A page's rows from each status that is asked for, their merger, and those rows again with all their columns.
MOST_LOOKED_AT = 4 * A_PAGE
EXPLAIN = "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) "


def test_no_page_looks_at_more_rows_than_it_shows(db: None, client: Any) -> None:
    with connection.cursor() as cursor:
        insert_gifts(cursor, GIFTS)
        cursor.execute("ANALYZE")

    looked_at = {
        f"{name}, {depth}": rows_for(client, query_of(json.dumps({"query": query, "depth": depth})))
        for name, query in FILTERS.items()
        for depth in (0, DEEP)
    }

    assert {page: rows for page, rows in looked_at.items() if rows > MOST_LOOKED_AT} == {}


def rows_for(client: Any, query: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        answer = client.get("/v1/gifts?" + query, **{"giftflick.authorizer": CALLER})
    assert (answer.status_code, len(answer.json()["results"])) == (200, 25)
    statements = [query["sql"] for query in captured if 'FROM "api_gift"' in query["sql"]]
    return max(rows_touched(statement) for statement in statements)


def rows_touched(statement: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(EXPLAIN + statement)
        (plan,) = cursor.fetchone()[0]
    return sum(rows_of(node) for node in nodes(plan["Plan"]) if node.get("Relation Name") == "api_gift")


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for inner in plan.get("Plans", []) for node in nodes(inner))]


def rows_of(node: dict[str, Any]) -> int:
    """Read by a scan, whether they were of use or not."""
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return int((node["Actual Rows"] + removed) * node["Actual Loops"])
