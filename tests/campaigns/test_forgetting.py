"""Somebody of a campaign's file asks to be forgotten."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core import serializers

from accounts.models import Account
from api.batches.models import BatchItem
from api.campaigns.models import CampaignGift
from api.campaigns.services import blank_defaults
from api.campaigns.tasks import forget_row
from api.gifts import services
from api.gifts.models import Gift
from api.outbox.models import Job
from api.sheets.models import SheetRow
from api.sheets.services import discard_sheet, throw_old_away
from tests import build
from tests.campaigns.conftest import Open, approve, gifts_file, recipients, work_off
from tests.sheets.conftest import Receive

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("template")]

CLEO = "cleo@example.com"
HERS = [CLEO, "Cleo", CLEO, "Happy 40th!", "CLEO IS 40"]


def erase(gift_id: UUID, now: datetime) -> None:
    services.erase_gift(gift_id, actor="staff:ada", now=now)
    for job in Job.objects.filter(kind="campaign.forget_row"):
        forget_row(job.ref_id, now=now)
        forget_row(job.ref_id, now=now)


def held() -> str:
    kept: list[Any] = [*SheetRow.objects.all(), *BatchItem.objects.all(), *CampaignGift.objects.all()]
    return str(serializers.serialize("json", kept))


def test_no_file_and_no_batch_says_any_more_what_it_said_of_her(
    open_campaign: Open, receive: Receive, now: datetime
) -> None:
    campaign = open_campaign()
    receive("gifts", gifts_file([*HERS[:2], "nowhere", *HERS[3:]]), scope=campaign.pk)  # wrong, and mended after it
    batch = approve(campaign, receive("gifts", gifts_file(HERS, *recipients(2)), scope=campaign.pk), now)
    work_off(batch, now)
    receive("gifts", gifts_file(HERS, *recipients(1)), scope=campaign.pk)  # all of it once more
    assert {"cleo", "Cleo", "Happy 40th!", "CLEO IS 40"} == {
        word for word in ("cleo", "Cleo", "Happy 40th!", "CLEO IS 40") if word in held()
    }

    erase(Gift.objects.get(recipient_email=CLEO).pk, now)

    assert [word for word in ("cleo", "Cleo", "Happy 40th!", "CLEO IS 40") if word in held()] == []
    assert sorted(SheetRow.objects.values_list("row_key", flat=True)) == ["r1", "r1", "r2"]
    assert set(batch.items.values_list("label", flat=True)) == {"", "row 3: r1", "row 4: r2"}


def test_a_key_that_is_an_address_goes_with_the_rows(open_campaign: Open, receive: Receive, now: datetime) -> None:
    campaign = open_campaign()
    batch = approve(campaign, receive("gifts", gifts_file(HERS), scope=campaign.pk), now)
    work_off(batch, now)
    assert batch.items.get().label == f"row 2: {CLEO}"

    throw_old_away(now=now + timedelta(days=8))

    assert (SheetRow.objects.count(), batch.items.get().label) == (0, "")


def test_her_row_makes_no_second_gift_when_the_file_comes_again(
    open_campaign: Open, receive: Receive, now: datetime
) -> None:
    campaign = open_campaign()
    work_off(approve(campaign, receive("gifts", gifts_file(HERS), scope=campaign.pk), now), now)
    erase(Gift.objects.get().pk, now)

    again = receive("gifts", gifts_file(HERS, *recipients(1)), scope=campaign.pk)

    assert again.counts == {"new": 1, "changed": 0, "unchanged": 1, "wrong": 0}
    work_off(approve(campaign, again, now), now)
    assert Gift.objects.count() == 2


def test_a_campaign_forgets_whom_it_is_from_with_its_last_gift(
    open_campaign: Open, receive: Receive, now: datetime
) -> None:
    campaign = open_campaign(defaults={"sender_name": "Ana", "sender_email": "ana@example.com", "timezone": "UTC"})
    unused = open_campaign()
    batch = approve(campaign, receive("gifts", gifts_file(HERS, *recipients(1)), scope=campaign.pk), now)
    mended = receive("gifts", gifts_file(*recipients(1, first=2)), scope=campaign.pk)
    gone = []

    work_off(batch, now)
    for gift in Gift.objects.order_by("id"):
        erase(gift.pk, now)
        gone.append(blank_defaults(now=now))
    discard_sheet(mended.pk, actor="tests", now=now)
    gone.append(blank_defaults(now=now))
    gone.append(blank_defaults(now=now))

    assert gone == [0, 0, 1, 0]
    campaign.refresh_from_db()
    assert campaign.defaults == {"timezone": "UTC"}
    assert blank_defaults(now=now + timedelta(days=401)) == 1
    unused.refresh_from_db()
    assert unused.defaults == {}


def test_a_gift_of_no_campaign_has_nothing_to_forget_there(account: Account, now: datetime) -> None:
    erase(build.draft(account, now).pk, now)

    assert Gift.objects.get().forgotten_at == now
