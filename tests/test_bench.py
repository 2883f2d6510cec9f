"""What `bench.admin` asks for, among few gifts: it still runs when a page has moved. How fast is no matter here."""

import pytest
from django.db import connection
from django.utils import timezone

from api.today.services import make_figures
from bench.admin_bulk import bulk
from bench.admin_filling import fill
from bench.admin_pages import founder, lists, searches, today


@pytest.mark.django_db
def test_the_admins_benchmark_asks_for_pages_that_are_there() -> None:
    with connection.cursor() as cursor:
        fill(cursor, 200, now=timezone.now(), days=30)
    make_figures(now=timezone.now())
    client = founder()
    pages = {"Today": today(client, mode="test", days="90"), **searches(client), **lists(client)}

    statuses = {name: ask().status_code for name, ask in pages.items()}

    assert bulk(client)["items"] > 0
    assert {name: status for name, status in statuses.items() if status not in (200, 302)} == {}
