"""50,000 rows within the limits of a function; what they took is printed (`pytest -s`)."""

import io
import time
from datetime import datetime

import pytest

from api.batches.models import Batch
from api.sheets import services
from api.sheets.kinds import kind_called
from api.sheets.limits import MAX_ROWS
from api.sheets.models import Sheet
from tests.campaigns.conftest import HEADER, Open, open_campaign, recipients
from tests.sheets.conftest import ADA, check_all
from tests.sheets.files import csv_file

__all__ = ["open_campaign"]


@pytest.mark.timeout(600)  # by the clock, on a machine that has other things to do
def test_fifty_thousand_rows_of_a_campaign(open_campaign: Open, now: datetime) -> None:
    """The file is read in one job, which a function has 45 s for, and checked in slices of half a thousand.

    Seconds are those of this process, whatever else the machine does.
    """
    campaign = open_campaign()
    file = csv_file(HEADER, *recipients(MAX_ROWS, wrong=(1, 25_000, 50_000)))
    sheet = uploaded(file, campaign.pk, now)
    took: dict[str, float] = {}

    def timed(what: str, do: object) -> None:
        started = time.process_time()
        do()  # type: ignore[operator]
        took[what] = time.process_time() - started

    timed("read", lambda: services.read_sheet(sheet.pk, now=now))
    timed("one slice", lambda: services.check_slice(sheet.pk, now=now))
    timed("check", lambda: check_all(sheet, now))
    timed("confirm", lambda: services.confirm_sheet(sheet.pk, title="x", actor=ADA, why="w", now=now))

    print(", ".join(f"{what} {value:.1f}" for what, value in took.items()))  # noqa: T201
    sheet.refresh_from_db()
    assert sheet.counts == {"new": 49_997, "changed": 0, "unchanged": 0, "wrong": 3}
    assert Batch.objects.get().total == 49_997
    assert took["read"] < 30
    assert sum(took.values()) < 60


def uploaded(file: io.BytesIO, scope: object, now: datetime) -> Sheet:
    return services.receive_file(
        kind_called("gifts"),
        file,
        size=len(file.getvalue()),
        scope_id=scope,  # type: ignore[arg-type]
        actor=ADA,
        now=now,
    )
