"""A gift a row: as the API would have it, once each, paced, and called off where nobody has it yet."""

import threading
from datetime import datetime, timedelta

import pytest
from django.db import OperationalError, connection, transaction

from accounts.models import Account, OrderGate
from api.audit.models import AuditEntry
from api.batches.models import Batch
from api.batches.selectors import waiting_items
from api.batches.services import run_slice
from api.batches.states import ItemState
from api.campaigns import services
from api.campaigns.columns import instant
from api.campaigns.estimate import estimate
from api.campaigns.models import CampaignGift
from api.campaigns.selectors import gifts_by_status
from api.campaigns.tasks import make_gift
from api.exceptions import ApplicationError, InvalidFieldError, InvalidStateError
from api.gifts.models import Gift, GiftEvent
from api.gifts.services import cancel_gift, create_gift
from api.gifts.states import GiftStatus
from api.sheets.models import SheetRow
from api.sheets.selectors import rows_that_failed
from api.templates.models import Template
from tests import build
from tests.campaigns.conftest import HEADER, Open, approve, gifts_file, recipients, work_off
from tests.sheets.conftest import ADA, Receive, waiting
from tests.sheets.files import csv_file

SENDERS = ["sender_name", "sender_email"]


def test_good_rows_become_gifts_that_are_rendered(
    open_campaign: Open, receive: Receive, account: Account, now: datetime
) -> None:
    campaign = open_campaign()
    sheet = receive("gifts", gifts_file(*recipients(3, wrong=(2,))), scope=campaign.pk)

    assert sheet.counts == {"new": 2, "changed": 0, "unchanged": 0, "wrong": 1}
    assert [told for _, told in rows_that_failed(sheet)] == ["recipient_email: Enter a valid e-mail address."]
    assert Gift.objects.count() == 0

    batch = approve(campaign, sheet, now)
    outcomes = work_off(batch, now)

    made = list(Gift.objects.order_by("id"))
    assert outcomes == [("done", f"gift {gift.pk}") for gift in made]
    assert [(gift.status, gift.recipient_email, gift.message, gift.fields) for gift in made] == [
        ("rendering", "ben1@example.com", "Hooray!", {"headline": "BEN 1"}),
        ("rendering", "ben3@example.com", "Hooray!", {"headline": "BEN 3"}),
    ]
    assert (made[0].sender_name, made[0].account, made[0].livemode) == ("Confetti Shop", account, True)
    assert made[0].metadata == {"campaign": "Mother's Day", "row_key": "r1"}
    assert waiting("render.submit") == 2
    assert set(GiftEvent.objects.values_list("actor", flat=True)) == {f"import:{batch.pk}"}
    assert gifts_by_status(campaign.pk)["rendering"] == 2
    assert not [
        values for values in SheetRow.objects.exclude(outcome="wrong").values_list("values", flat=True) if values
    ]


def test_a_mended_file_makes_only_the_gifts_that_are_missing(
    open_campaign: Open, receive: Receive, now: datetime
) -> None:
    campaign = open_campaign()
    first = receive("gifts", gifts_file(*recipients(3, wrong=(2,))), scope=campaign.pk)
    work_off(approve(campaign, first, now), now)

    again = receive("gifts", gifts_file(*recipients(3)), scope=campaign.pk)

    assert again.counts == {"new": 1, "changed": 0, "unchanged": 2, "wrong": 0}
    work_off(approve(campaign, again, now), now)
    assert sorted(Gift.objects.values_list("recipient_name", flat=True)) == ["Ben 1", "Ben 2", "Ben 3"]


def test_a_row_that_says_otherwise_than_its_gift_is_told(open_campaign: Open, receive: Receive, now: datetime) -> None:
    campaign = open_campaign()
    work_off(approve(campaign, receive("gifts", gifts_file(*recipients(1)), scope=campaign.pk), now), now)
    [row] = recipients(1)

    sheet = receive("gifts", gifts_file([*row[:3], "Other words", row[4]]), scope=campaign.pk)

    assert [told for _, told in rows_that_failed(sheet)] == [
        "There is a gift of this row already, and it says otherwise. Change the gift on its own page."
    ]


def test_two_uploads_that_are_approved_in_two_tabs_make_no_doubles(
    open_campaign: Open, receive: Receive, now: datetime
) -> None:
    campaign = open_campaign()
    sheets = [receive("gifts", gifts_file(*recipients(2)), scope=campaign.pk) for _ in range(2)]

    batches = [approve(campaign, sheet, now) for sheet in sheets]
    outcomes = [work_off(batch, now) for batch in batches]

    assert Gift.objects.count() == 2
    assert outcomes[1] == [("done", "is there already, just so")] * 2
    assert approve(campaign, sheets[0], now) == batches[0]


def test_rows_are_held_to_the_apis_own_rules(open_campaign: Open, receive: Receive, now: datetime) -> None:
    campaign = open_campaign()
    header = [*HEADER, *SENDERS, "deliver_at", "timezone", "order_reference"]
    good = ["a", "Ben", "ben@example.com", "", ""]
    far = f"{now + timedelta(days=90):%Y-%m-%d %H:%M}"

    sheet = receive(
        "gifts",
        csv_file(
            header,
            ["", *good[1:], "", "", "", "", ""],
            ["b", "", "ben@example.com", "x" * 1001, "y" * 41, "", "", "", "", ""],
            ["c", *good[1:], "A", "no address", far, "", ""],
            ["d", *good[1:], "", "", "tomorrow", "Mars/Olympus", "z" * 101],
            ["d", *good[1:], "", "", "", "", ""],
        ),
        scope=campaign.pk,
    )

    assert dict(SheetRow.objects.filter(sheet=sheet).values_list("number", "errors")) == {
        2: {"row_key": "Each row needs a key of its own, of at most 100 characters."},
        3: {
            "recipient_name": "This field may not be blank.",
            "message": "Ensure this field has no more than 1000 characters.",
        },
        4: {"sender_email": "Enter a valid e-mail address."},
        5: {"order_reference": "Ensure this field has no more than 100 characters."},
        6: {"": "This row is about the same gift as row 5."},
    }


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"deliver_at": "tomorrow"}, {"deliver_at": "Use RFC 3339, such as 2026-12-24T21:00:00Z."}),
        ({"deliver_at": "2026-12-24 21:00"}, {"timezone": "A time without an offset needs a timezone."}),
        ({"timezone": "Mars/Olympus"}, {"timezone": "Use an IANA name such as Australia/Sydney."}),
        ({"fields.headline": "y" * 41}, {"fields.headline": "At most 40 characters."}),
    ],
)
def test_what_depends_on_the_template_and_the_hour_is_told_by_column(
    changes: dict[str, str], errors: dict[str, str], open_campaign: Open, receive: Receive
) -> None:
    row = {**dict(zip(HEADER, recipients(1)[0], strict=True)), **changes}

    sheet = receive("gifts", csv_file(list(row), list(row.values())), scope=open_campaign().pk)

    assert SheetRow.objects.get(sheet=sheet).errors == errors


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-12-24 21:00", "2026-12-24T21:00:00"),
        ("2026-12-24 9:05", "2026-12-24T09:05:00"),
        ("2026-12-24T21:00:30Z", "2026-12-24T21:00:30Z"),
        ("2026-12-24 21:00 +11:00", "2026-12-24T21:00:00+11:00"),
        ("24.12.2026", "24.12.2026"),
    ],
)
def test_times_are_read_as_people_write_them(written: str, read: str) -> None:
    assert instant(written) == read


def test_the_templates_fields_are_columns(open_campaign: Open, receive: Receive, template: Template) -> None:
    Template.objects.update(fields=[{**template.fields[0], "required": True}])

    sheet = receive("gifts", csv_file(["row_key", "recipient_name"], ["a", "b"]), scope=open_campaign().pk)

    assert sheet.problems == [
        "2 columns are missing: recipient_email, fields.headline.",
        (
            "Row 1 must have the columns' names. Known are: row_key, recipient_name, recipient_email, sender_name, "
            "sender_email, message, order_reference, deliver_at, timezone, fields.headline."
        ),
    ]


def test_a_paid_campaign_releases_the_gifts_of_a_shop_that_waits_for_payment(
    open_campaign: Open, receive: Receive, account: Account, now: datetime
) -> None:
    account.order_gate = OrderGate.ALWAYS
    account.save()
    for is_paid in (True, False):
        campaign = open_campaign(is_paid=is_paid, name=str(is_paid))
        work_off(approve(campaign, receive("gifts", gifts_file(*recipients(1)), scope=campaign.pk), now), now)

    assert list(Gift.objects.order_by("id").values_list("order_required", "order_status")) == [
        (True, "paid"),
        (True, "pending"),
    ]


def test_a_campaign_leaves_the_renderer_to_others_while_it_is_busy(
    open_campaign: Open, receive: Receive, account: Account, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "AT_ONCE", 2)
    campaign = open_campaign()
    batch = approve(campaign, receive("gifts", gifts_file(*recipients(3)), scope=campaign.pk), now)

    go_on = run_slice(batch.pk, now=now)

    assert go_on is not None
    assert timedelta(seconds=19) < go_on - now < timedelta(seconds=25)
    assert (Gift.objects.count(), batch.items.filter(state=ItemState.WAITING).count()) == (2, 1)
    cancel_gift(Gift.objects.earliest("id").pk, actor="tests", now=now)
    assert run_slice(batch.pk, now=now) is None
    assert Gift.objects.count() == 3


def test_calling_off_the_rest_leaves_what_was_sent(
    open_campaign: Open, receive: Receive, account: Account, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "AT_ONCE", 3)
    campaign = open_campaign()
    making = approve(campaign, receive("gifts", gifts_file(*recipients(5)), scope=campaign.pk), now)
    run_slice(making.pk, now=now)
    sent, late, _ = Gift.objects.order_by("id")
    build.filmed(sent, now)
    build.mailed(sent, now)

    [ending] = services.cancel_campaign(campaign.pk, actor=ADA, why="the shop changed its mind", now=now)
    build.filmed(late, now)
    build.mailed(late, now)  # between being listed and its turn
    outcomes = work_off(ending, now)

    assert outcomes == [("done", "stays: it is sent by now"), ("done", "canceled")]
    assert list(Gift.objects.order_by("id").values_list("status", flat=True)) == ["sent", "sent", "canceled"]
    making.refresh_from_db()
    assert (making.state, making.items.filter(state=ItemState.SKIPPED).count()) == ("canceled", 2)
    assert services.cancel_campaign(campaign.pk, actor=ADA, why="again", now=now) == []
    entries = AuditEntry.objects.filter(action="campaign.canceled")
    assert [(entry.actor, entry.object_id) for entry in entries] == [(ADA, str(campaign.pk))]


def test_more_gifts_than_a_batch_may_have_are_called_off_by_several(
    open_campaign: Open, receive: Receive, now: datetime
) -> None:
    campaign = open_campaign()
    work_off(approve(campaign, receive("gifts", gifts_file(*recipients(5)), scope=campaign.pk), now), now)

    endings = services.cancel_campaign(campaign.pk, actor=ADA, why="no", now=now, at_most=2)

    assert [batch.total for batch in endings] == [2, 2, 1]
    for batch in endings:
        work_off(batch, now)
    assert gifts_by_status(campaign.pk)["canceled"] == 5


def test_nothing_is_made_once_a_campaign_is_called_off(open_campaign: Open, receive: Receive, now: datetime) -> None:
    campaign = open_campaign()
    sheet = receive("gifts", gifts_file(*recipients(2)), scope=campaign.pk)
    batch = approve(campaign, sheet, now)
    services.cancel_campaign(campaign.pk, actor=ADA, why="no", now=now)
    Batch.objects.filter(pk=batch.pk).update(state="running")  # as if an item's turn had begun before
    batch.items.update(state=ItemState.WAITING)

    outcomes = work_off(batch, now)

    assert outcomes == [("failed", "The campaign was called off.")] * 2
    with pytest.raises(InvalidStateError, match="This campaign was called off"):
        approve(campaign, sheet, now)


@pytest.mark.django_db(transaction=True)
def test_calling_off_does_not_wait_for_a_row_in_a_workers_hands(
    open_campaign: Open, receive: Receive, now: datetime
) -> None:
    """The worker holds the row and then wants the campaign: who calls off holds that, and must not want the row."""
    campaign = open_campaign()
    making = approve(campaign, receive("gifts", gifts_file(*recipients(2)), scope=campaign.pk), now)
    refused: list[Exception] = []

    def call_off() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '3s'")
            services.cancel_campaign(campaign.pk, actor=ADA, why="no", now=now)
        except OperationalError as error:
            refused.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        in_hand = waiting_items(making.pk).select_for_update(of=["self"]).select_related("batch").get(position=1)
        other = threading.Thread(target=call_off)
        other.start()
        other.join()
        assert refused == []
        with pytest.raises(ApplicationError, match="called off"):
            make_gift(in_hand, actor=ADA, now=now)

    assert list(making.items.order_by("position").values_list("state", flat=True)) == ["waiting", "skipped"]
    assert work_off(making, now) == [("skipped", "called off")] * 2  # had the worker been killed with it


def test_a_kill_between_two_rows_loses_and_doubles_nothing(
    open_campaign: Open, receive: Receive, now: datetime
) -> None:
    campaign = open_campaign()
    batch = approve(campaign, receive("gifts", gifts_file(*recipients(3)), scope=campaign.pk), now)
    run_slice(batch.pk, now=now, budget=timedelta(0))

    assert Gift.objects.count() == 1
    work_off(batch, now)
    assert sorted(CampaignGift.objects.values_list("row_key", flat=True)) == ["r1", "r2", "r3"]


def test_what_a_campaign_would_cost(open_campaign: Open, account: Account, template: Template, now: datetime) -> None:
    account.mails_per_day = 1000
    account.save()
    create_gift(account, build.CONTENT, livemode=True, actor="tests", now=now)

    live = estimate(open_campaign(), 500, now=now)
    test = estimate(open_campaign(livemode=False), 500, now=now)

    assert (live.renders, str(live.dollars), live.mails, live.days, live.minutes) == (600, "60.00", 1500, 2, 3)
    assert (str(test.dollars), test.mails, test.days) == ("0.00", 0, 1)


def test_a_campaign_needs_a_published_template_and_an_hour_that_a_gift_could_have(
    open_campaign: Open, template: Template
) -> None:
    with pytest.raises(InvalidFieldError):
        open_campaign(defaults={"deliver_at": "2026-01-01T09:00:00"})
    template.status = "draft"
    with pytest.raises(InvalidFieldError):
        open_campaign(template=template)


def test_gifts_by_status_names_every_status(open_campaign: Open) -> None:
    assert list(gifts_by_status(open_campaign().pk)) == GiftStatus.values
