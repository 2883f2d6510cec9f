"""No term, however common, rare or odd, makes PostgreSQL read a big table."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DataError, connection, transaction
from django.db.models import Func, Model, UUIDField, Value
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from api.delivery.models import Message
from api.gifts.models import Gift
from api.outbox.models import Job
from api.rendering.models import Render
from api.search.finding import KINDS, search
from api.search.terms import MANY, begins_with, read_term
from bench.admin_filling import fill
from giftflick.admin import ReadOnlyAdmin
from tests.gifts.test_page_cost import nodes

GIFTS = 20_000
BIG = ("api_gift", "api_render", "api_message", "api_upload", "api_giftevent", "api_mailevent", "outbox")
# In each look-up as many as are looked at, and as many lines as are shown.
MOST_ROWS = 2 * MANY
# What few rows of a table are.
RARE: dict[type[Model], dict[str, Any]] = {
    Gift: {"status": "bounced"}, Message: {"status": "refused"}, Render: {"status": "failed"}, Job: {"state": "dead"},
}  # fmt: skip


@pytest.fixture
def filled(db: None) -> None:
    with connection.cursor() as cursor:
        fill(cursor, GIFTS, now=datetime.now(UTC))
        for table in BIG:
            cursor.execute(f"ANALYZE {table}")


def terms() -> list[str]:
    gift = Gift.objects.order_by("pk")[GIFTS // 2]
    return [
        str(gift.pk), gift.token, gift.recipient_email, gift.recipient_email[:4], gift.recipient_name,
        gift.recipient_name.split()[-1], "ana", "an", "O'", "SO-", gift.order_reference or "SO-7", "sg", "sg0000",
        "sgffff", "zz", "123", "a" * 320, "%%%", "__", "ü" * 300, "a@", "@@",
        "01a20aec-c439-7c41-9a6b-dece5dc53ac7", "abcdef012345",
    ]  # fmt: skip


def scans(statements: list[str]) -> list[tuple[str, str, int]]:
    """The table, the kind of scan and the rows of each look into a big table, under the settings it was made with."""
    found = []
    with connection.cursor() as cursor:
        for statement in statements:
            if statement.startswith("SET LOCAL"):
                cursor.execute(statement)
                continue
            cursor.execute("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + statement)
            [plan] = cursor.fetchone()[0]
            for node in nodes(plan["Plan"]):
                if node.get("Relation Name") in BIG:
                    rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
                    found.append((node["Relation Name"], node["Node Type"], int(rows * node["Actual Loops"])))
    return found


def selects(captured: Any) -> list[str]:
    return [query["sql"] for query in captured if query["sql"].lstrip(" \n(").startswith(("SELECT", "SET LOCAL"))]


def test_no_term_reads_a_table(filled: None) -> None:
    models = [kind.model for kind in KINDS]
    for text in terms():
        term = read_term(text)
        assert term is not None
        with CaptureQueriesContext(connection) as captured:
            search(term, models)
        for table, node, rows in scans(selects(captured)):
            assert node != "Seq Scan", (text, table)
            assert rows <= MOST_ROWS, (text, table, node, rows, [q["sql"] for q in captured])


def test_no_lists_own_search_reads_a_table(filled: None) -> None:
    from django.contrib import admin
    from django.test import RequestFactory

    import giftflick.admin_urls  # noqa: F401

    request = RequestFactory().get("/")
    request.user = User.objects.create_superuser("ada")
    for model, page in admin.site._registry.items():
        if model._meta.db_table not in BIG or not isinstance(page, ReadOnlyAdmin):
            continue
        for text in terms():
            with CaptureQueriesContext(connection) as captured:
                for filtered in (page.get_queryset(request), page.get_queryset(request).filter(**RARE.get(model, {}))):
                    rows, _ = page.get_search_results(request, filtered, text)
                    list(rows.order_by("-pk")[:50])
            for table, node, _rows in scans(selects(captured)):
                assert node != "Seq Scan", (page, text, table)


def test_what_fails_in_a_look_up_is_told_as_it_is(db: None) -> None:
    broken = Gift.objects.filter(
        pk=Func(Value(0), template="(SELECT 1 / %(expressions)s)::text::uuid", output_field=UUIDField())
    )

    with pytest.raises(DataError), transaction.atomic():
        begins_with("an", {"name": (broken, "sender_name")})

    with connection.cursor() as cursor:
        cursor.execute("SHOW enable_sort")
        assert cursor.fetchone() == ("on",)
