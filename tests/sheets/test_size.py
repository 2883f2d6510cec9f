"""50,000 rows within the limits of a function: what they ask of the database, whatever else the machine does."""

import io
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from api.batches.models import Batch
from api.outbox.registry import time_for
from api.sheets import services
from api.sheets.kinds import kind_called
from api.sheets.limits import MAX_ROWS
from api.sheets.models import Sheet
from tests.campaigns.conftest import HEADER, Open, open_campaign, recipients
from tests.sheets.conftest import ADA, check_all
from tests.sheets.files import csv_file, xlsx_file

__all__ = ["open_campaign"]

MakeFile = Callable[..., io.BytesIO]


def statements(do: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as asked:
        do()
    return len(asked)


@pytest.mark.parametrize("make", [csv_file, xlsx_file])
def test_each_further_thousand_rows_is_one_statement_more_to_read(
    make: MakeFile, open_campaign: Open, now: datetime
) -> None:
    campaign = open_campaign()

    def asked_for(rows: int) -> int:
        sheet = uploaded(make(HEADER, *recipients(rows)), campaign.pk, now)
        return statements(lambda: services.read_sheet(sheet.pk, now=now))

    assert [asked_for(rows) - asked_for(1_000) for rows in (2_000, 4_000)] == [1, 3]


def test_a_slice_asks_the_same_of_the_database_however_many_rows_there_are(open_campaign: Open, now: datetime) -> None:
    campaign = open_campaign()

    def asked_for(rows: int) -> int:
        sheet = uploaded(csv_file(HEADER, *recipients(rows)), campaign.pk, now)
        services.read_sheet(sheet.pk, now=now)
        return statements(lambda: services.check_slice(sheet.pk, now=now))

    assert asked_for(1_000) == asked_for(4_000)


def test_what_takes_a_whole_file_is_begun_with_time_for_it() -> None:
    assert [time_for(kind).seconds for kind in ("sheet.read", "sheet.check", "export.write")] == [40, 15, 40]


@pytest.mark.timeout(600)  # by the clock, on a machine that has other things to do
def test_fifty_thousand_rows_of_a_campaign(open_campaign: Open, now: datetime) -> None:
    campaign = open_campaign()
    sheet = uploaded(csv_file(HEADER, *recipients(MAX_ROWS, wrong=(1, 25_000, 50_000))), campaign.pk, now)

    check_all(sheet, now)
    services.confirm_sheet(sheet.pk, title="x", actor=ADA, why="w", now=now)

    sheet.refresh_from_db()
    assert sheet.counts == {"new": 49_997, "changed": 0, "unchanged": 0, "wrong": 3}
    assert Batch.objects.get().total == 49_997


def uploaded(file: io.BytesIO, scope: UUID, now: datetime) -> Sheet:
    return services.receive_file(
        kind_called("gifts"),
        file,
        size=len(file.getvalue()),
        scope_id=scope,
        actor=ADA,
        now=now,
    )
