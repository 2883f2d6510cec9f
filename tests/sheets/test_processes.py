"""Each step in another process, as on Lambda; and processes that are killed in the middle of one."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from api.batches.models import Batch
from api.campaigns.models import CampaignGift
from api.gifts.models import Gift
from api.outbox.models import Job
from api.sheets import services
from api.sheets.kinds import kind_called
from api.sheets.models import SheetRow
from api.suppressions.models import Suppression
from local.stack import Stack
from tests.campaigns.conftest import Open, gifts_file, open_campaign, recipients
from tests.sheets.conftest import ADA
from tests.sheets.files import csv_file
from tests.system import url_of_test_database

__all__ = ["open_campaign"]

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[2]
COMMIT = "django.db.backends.base.base.BaseDatabaseWrapper.commit:call"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(stack: Stack) -> Run:
    env = {**os.environ, "DATABASE_URL": url_of_test_database(stack)}

    def in_another_process(*command: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=60
        )

    return in_another_process


@pytest.fixture
def step(run: Run) -> Callable[..., str]:
    def do(step: str, argument: object, *, kill_at: tuple[str, ...] = (), nth: int = 1) -> str:
        traps = [word for point in kill_at for word in ("--at", point)]
        killer = ["-m", "tests.drills.killer", *traps, "--nth", str(nth), "--"] if kill_at else []
        done = run(*killer, "-m", "tests.sheets.worker", step, str(argument))
        assert done.returncode == (-signal.SIGKILL if kill_at else 0), done.stderr
        return done.stdout.strip()

    return do


def test_upload_check_confirm_and_work_in_four_processes(step: Callable[..., str], now: datetime) -> None:
    file = csv_file(["address"], ["ben@example.com"], ["cleo@example.com"])
    sheet = services.receive_file(
        kind_called("suppressions"), file, size=len(file.getvalue()), scope_id=None, actor=ADA, now=now
    )

    step("check", sheet.pk)
    batch_id = step("confirm", sheet.pk)
    step("slice", batch_id)

    assert Suppression.objects.count() == 2
    assert Batch.objects.get(pk=batch_id).state == "done"


@pytest.mark.parametrize(
    ("at", "nth"),
    [
        (("api.sheets.services.checking._write:return", COMMIT), 1),
        (("api.sheets.services.checking.read_sheet:return",), 1),
        (("api.sheets.services.checking._examine:return", COMMIT), 1),
        (("api.sheets.services.checking.check_slice:return",), 1),
    ],
    ids=["rows written", "rows committed", "rows examined", "slice committed"],
)
def test_a_check_that_is_killed_begins_where_it_was(
    at: tuple[str, ...], nth: int, step: Callable[..., str], now: datetime
) -> None:
    file = csv_file(["address"], *([f"ben{number}@example.com"] for number in range(700)))
    sheet = services.receive_file(
        kind_called("suppressions"), file, size=len(file.getvalue()), scope_id=None, actor=ADA, now=now
    )

    step("check", sheet.pk, kill_at=at, nth=nth)
    step("check", sheet.pk)

    sheet.refresh_from_db()
    assert (sheet.state, sheet.problems, sheet.rows, sheet.checked_rows) == ("checked", [], 700, 700)
    assert (sheet.counts["new"], SheetRow.objects.count()) == (700, 700)


@pytest.mark.parametrize(
    "at",
    [
        ("api.gifts.services.editing.create_gift:return",),
        ("api.gifts.services.rendering.submit_gift:return",),
        ("api.sheets.services.applying.take_row:return",),
        ("api.batches.services.running._end:return", COMMIT),
        ("api.batches.services.running._do_next:return",),
    ],
    ids=["draft", "submitted", "row", "item written", "item committed"],
)
def test_a_campaign_that_is_killed_makes_each_gift_once(
    at: tuple[str, ...], step: Callable[..., str], open_campaign: Open, now: datetime
) -> None:
    campaign = open_campaign()
    file = gifts_file(*recipients(4))
    sheet = services.receive_file(
        kind_called("gifts"), file, size=len(file.getvalue()), scope_id=campaign.pk, actor=ADA, now=now
    )
    services.check_small(sheet, now=now)
    batch_id = step("confirm", sheet.pk)

    step("slice", batch_id, kill_at=at, nth=2 if len(at) == 1 else 1)
    step("slice", batch_id)

    assert sorted(Gift.objects.values_list("recipient_name", flat=True)) == ["Ben 1", "Ben 2", "Ben 3", "Ben 4"]
    assert (CampaignGift.objects.count(), Job.objects.filter(kind="render.submit").count()) == (4, 4)
    batch = Batch.objects.get(pk=batch_id)
    assert (batch.state, batch.done_count, batch.failed_count) == ("done", 4, 0)
