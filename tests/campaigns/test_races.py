"""A campaign that is called off, or approved, in the very instant in which something else ends."""

from datetime import datetime, timedelta

import pytest
from django.db import transaction

from api.batches.models import Batch
from api.batches.services import run_slice
from api.campaigns import services
from api.sheets import services as sheets
from api.sheets.models import SheetRow
from tests.admin.test_stale_edits import in_background
from tests.campaigns.conftest import Open, approve, gifts_file, recipients
from tests.sheets.conftest import ADA, Receive
from tests.waiting import eventually, waiting_backends

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_campaign_whose_last_row_is_done_in_this_instant_is_called_off(
    open_campaign: Open, receive: Receive, now: datetime
) -> None:
    campaign = open_campaign()
    batch = approve(campaign, receive("gifts", gifts_file(*recipients(2)), scope=campaign.pk), now)
    batch.items.update(state="done")
    came: list[list[Batch]] = []

    with transaction.atomic():
        assert run_slice(batch.pk, now=now) is None
        thread = in_background(lambda: came.append(services.cancel_campaign(campaign.pk, actor=ADA, why="no", now=now)))
        eventually(waiting_backends, 20)
    thread.join()

    campaign.refresh_from_db()
    assert (campaign.canceled_at, came) == (now, [[]])


def test_a_sheet_that_is_approved_as_its_week_ends_keeps_its_rows(
    open_campaign: Open, receive: Receive, now: datetime
) -> None:
    campaign = open_campaign()
    sheet = receive("gifts", gifts_file(*recipients(2)), scope=campaign.pk)

    with transaction.atomic():
        approve(campaign, sheet, sheet.expires_at - timedelta(seconds=1))
        thread = in_background(lambda: sheets.throw_old_away(now=sheet.expires_at))
        eventually(waiting_backends, 20)
    thread.join()

    sheet.refresh_from_db()
    assert (sheet.state, SheetRow.objects.filter(sheet=sheet).count()) == ("confirmed", 2)
