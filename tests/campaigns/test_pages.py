"""A campaign's pages, and who may what on them."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

import giftflick.admin_urls  # noqa: F401 - finds the pages, as the first request to the admin does
from accounts.models import Account
from api.audit.models import AuditEntry
from api.batches.models import Batch
from api.campaigns.models import Campaign
from api.gifts.models import Gift
from api.gifts.services import cancel_gift
from api.sheets.models import Sheet
from api.sheets.services import discard_sheet, throw_old_away
from api.templates.models import Template
from tests.admin.signing import signed_in
from tests.campaigns.conftest import Open, approve, gifts_file, recipients, work_off
from tests.sheets.conftest import Receive, somebody

FORM = {"name": "Xmas", "mode": "live", "sender_name": "Shop", "sender_email": "shop@confetti.example", "message": "Ho"}


def opened(client: Client, account: Account, template: Template, **changes: Any) -> Any:
    form = {**FORM, "account": account.pk, "template": template.pk, **changes}
    return client.post("/admin/campaigns/new/", form)


def test_from_a_form_to_gifts(founder: Client, account: Account, template: Template, now: datetime) -> None:
    answer = opened(founder, account, template)
    campaign = Campaign.objects.get()
    page = answer["Location"]
    file = SimpleUploadedFile("gifts.csv", gifts_file(*recipients(5, wrong=(3,))).getvalue())

    report = founder.post(page, {"file": file}, follow=True).content.decode()
    sheet = Sheet.objects.get()
    founder.post(f"{page}approve/{sheet.pk}/", {"reason": "the shop ordered it"})
    batch = Batch.objects.get()
    work_off(batch, now)
    after = founder.get(page).content.decode()

    assert campaign.defaults == {"sender_name": "Shop", "sender_email": "shop@confetti.example", "message": "Ho"}
    assert "Go on with the 4 good ones" in report
    assert "Enter a valid e-mail address." in report
    assert "US$ 0.50" in report
    assert (batch.why, batch.total) == ("the shop ordered it", 4)
    assert f'href="/admin/campaigns/{campaign.pk}/gifts/rendering/"' in after
    assert "4 of 4 rows made into gifts" in after
    listed = founder.get(f"/admin/campaigns/{campaign.pk}/gifts/rendering/").content.decode()
    assert [f"/admin/api/gift/{gift.pk}/change/" in listed for gift in Gift.objects.all()] == [True] * 4
    assert "Xmas" in founder.get("/admin/campaigns/").content.decode()


def test_a_form_that_is_sent_twice_opens_one_campaign(founder: Client, account: Account, template: Template) -> None:
    token = str(founder.get("/admin/campaigns/new/").context["token"])

    first, again, other = (opened(founder, account, template, token=token, name=name) for name in ("a", "a", "b"))

    assert first["Location"] == again["Location"]
    assert "This form was used for another campaign: open it again." in other.content.decode()
    assert Campaign.objects.count() == 1
    assert AuditEntry.objects.filter(action="campaign.opened").count() == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"deliver_at": "2020-01-01T09:00", "timezone": "Australia/Sydney"}, "This time is more than a day past."),
        ({"timezone": "Mars"}, "Use an IANA name such as Australia/Sydney."),
        ({"sender_email": "no"}, "Enter a valid email address."),
        ({"name": ""}, "This field is required."),
    ],
)
def test_what_no_gift_could_have_is_told_on_the_form(
    changes: dict[str, str], words: str, founder: Client, account: Account, template: Template
) -> None:
    answer = opened(founder, account, template, **changes)

    assert words in answer.content.decode()
    assert Campaign.objects.count() == 0


def test_calling_off_says_how_many(founder: Client, open_campaign: Open, receive: Receive, now: datetime) -> None:
    campaign = open_campaign()
    work_off(approve(campaign, receive("gifts", gifts_file(*recipients(2)), scope=campaign.pk), now), now)
    page = f"/admin/campaigns/{campaign.pk}/"

    asked = founder.get(f"{page}cancel/").content.decode()
    unreasoned = founder.post(f"{page}cancel/", {"reason": "\0\0\0"})
    answer = founder.post(f"{page}cancel/", {"reason": "the shop changed its mind"}, follow=True)
    founder.post(page, {"rows": "row_key"})

    assert unreasoned.status_code == 400
    assert "Gifts not sent yet, 2: they are canceled, their films deleted." in asked
    assert [str(message) for message in get_messages(answer.wsgi_request)] == [
        "Called off. 2 gifts that are not sent are being canceled; 0 that were sent stay."
    ]
    assert Batch.objects.filter(kind="campaign.cancel").count() == 1
    assert Sheet.objects.count() == 1


def test_a_sheet_of_a_campaign_leads_to_the_campaign(founder: Client, open_campaign: Open, receive: Receive) -> None:
    campaign = open_campaign()
    sheet = receive("gifts", gifts_file(*recipients(2)), scope=campaign.pk)

    for path in (f"/admin/imports/sheets/{sheet.pk}/", f"/admin/imports/sheets/{sheet.pk}/confirm/"):
        assert founder.get(path, follow=True).redirect_chain[-1] == (f"/admin/campaigns/{campaign.pk}/", 302)
    founder.post(f"/admin/imports/sheets/{sheet.pk}/confirm/", {"reason": "by another way"})
    assert Batch.objects.count() == 0
    answer = founder.post(f"/admin/imports/sheets/{sheet.pk}/discard/")
    assert answer["Location"] == f"/admin/campaigns/{campaign.pk}/"


def test_who_may_only_look_sees_how_far_it_is_and_no_row(open_campaign: Open, receive: Receive, now: datetime) -> None:
    campaign = open_campaign()
    sheet = receive("gifts", gifts_file(*recipients(2, wrong=(2,))), scope=campaign.pk)
    work_off(approve(campaign, sheet, now), now)
    client = signed_in(somebody("api.view_campaign"))
    page = f"/admin/campaigns/{campaign.pk}/"

    shown = client.get(page).content.decode()

    assert "1 of 1 rows made into gifts" in shown
    assert [word in shown for word in ("ben1@example.com", "Ben 1", "upload-form", "Cancel the rest")] == [False] * 4
    assert client.get("/admin/campaigns/").status_code == 200
    assert client.post(page, {"rows": "x"}).status_code == 403
    for path in (f"{page}approve/{sheet.pk}/", f"{page}cancel/", "/admin/campaigns/new/"):
        assert client.post(path, {"why": "x"}).status_code == 403
    assert client.get(f"{page}gifts/rendering/").status_code == 403
    assert client.get(f"/admin/imports/sheets/{sheet.pk}/errors/").status_code == 403


def test_approving_asks_for_the_second_factor_again_and_a_reason(
    founder: Client, open_campaign: Open, receive: Receive
) -> None:
    campaign = open_campaign()
    sheet = receive("gifts", gifts_file(*recipients(1)), scope=campaign.pk)
    path = f"/admin/campaigns/{campaign.pk}/approve/{sheet.pk}/"

    said = {
        reason: [str(message) for message in get_messages(founder.post(path, {"reason": reason}).wsgi_request)][-1]
        for reason in (" ", "ok", "because\0")
    }
    session = founder.session
    del session["confirmed_at"]
    session.save()
    stale = founder.post(path, {"reason": "because"})

    assert said == {
        " ": "Say why: This field is required.",
        "ok": "Say why: Ensure this value has at least 3 characters (it has 2).",
        "because\0": "Say why: Null characters are not allowed.",
    }
    assert stale["Location"].startswith("/admin/reauthenticate/")
    assert Batch.objects.count() == 0


def test_what_is_not_there_is_not_found(founder: Client, open_campaign: Open, receive: Receive) -> None:
    campaign, other = open_campaign(), open_campaign(name="Other")
    sheet = receive("gifts", gifts_file(*recipients(1)), scope=other.pk)
    nothing = "01234567-89ab-7def-8123-456789abcdef"

    assert founder.get(f"/admin/campaigns/{nothing}/").status_code == 404
    assert founder.get(f"/admin/campaigns/{campaign.pk}/gifts/lost/").status_code == 404
    assert founder.post(f"/admin/campaigns/{campaign.pk}/approve/{sheet.pk}/", {"reason": "because"}).status_code == 404
    assert founder.get(f"/admin/imports/sheets/{nothing}/").status_code == 404
    assert founder.get("/admin/imports/gifts/").status_code == 404
    assert founder.get("/admin/imports/nothing/").status_code == 404


@pytest.mark.parametrize(("is_approved", "queries"), [(False, 10), (True, 9)])
def test_the_page_costs_the_same_however_many_rows(
    is_approved: bool,
    queries: int,
    founder: Client,
    open_campaign: Open,
    receive: Receive,
    now: datetime,
    django_assert_num_queries: Any,
) -> None:
    for count in (1, 3):
        campaign = open_campaign(name=str(count))
        sheet = receive("gifts", gifts_file(*recipients(count)), scope=campaign.pk)
        if is_approved:
            work_off(approve(campaign, sheet, now), now)
        founder.get(f"/admin/campaigns/{campaign.pk}/")
        with django_assert_num_queries(queries):
            founder.get(f"/admin/campaigns/{campaign.pk}/")
        with django_assert_num_queries(6):
            founder.get(f"/admin/campaigns/{campaign.pk}/?part=progress")


def test_the_list_costs_the_same_however_many_campaigns(
    founder: Client, open_campaign: Open, receive: Receive, now: datetime, django_assert_num_queries: Any
) -> None:
    founder.get("/admin/campaigns/")
    for count in (1, 2):
        for _ in range(count):
            campaign = open_campaign()
            sheet = receive("gifts", gifts_file(*recipients(2)), scope=campaign.pk)
            work_off(approve(campaign, sheet, now), now)
        with django_assert_num_queries(4):
            founder.get("/admin/campaigns/")


def test_campaigns_are_listed_newest_first_fifty_a_page(founder: Client, open_campaign: Open) -> None:
    campaigns = [open_campaign() for _ in range(52)][::-1]

    first = founder.get("/admin/campaigns/")
    older = founder.get(f"/admin/campaigns/?before={first.context['older']}")

    assert [row[0] for row in first.context["rows"]] == campaigns[:50]
    assert [row[0] for row in older.context["rows"]] == campaigns[50:]
    assert older.context["older"] is None
    for nonsense in ["x", "\0", ""]:
        assert founder.get("/admin/campaigns/", {"before": nonsense}).status_code == 200


def test_approving_in_a_second_tab_says_that_it_was_approved(
    founder: Client, open_campaign: Open, receive: Receive, now: datetime
) -> None:
    day = f"{now + timedelta(days=9):%Y-%m-%d}"
    said_once = {"deliver_at": f"{day}T09:00:00", "timezone": "Australia/Sydney"}
    campaign = open_campaign(defaults={"sender_name": "Ana", "sender_email": "a@shop.example", **said_once})
    sheet = receive("gifts", gifts_file(*recipients(1)), scope=campaign.pk)
    path = f"/admin/campaigns/{campaign.pk}/approve/{sheet.pk}/"
    assert f'<dt>If blank, deliver at</dt><dd dir="auto">{day}, 09:00:00</dd>' in page_of(founder, campaign)

    said = [
        [str(message) for message in get_messages(founder.post(path, {"reason": reason}).wsgi_request)][-1]
        for reason in ("the shop ordered it", "a reason of the second tab")
    ]

    assert said[0].startswith("Approved.")
    assert said[1] == "It was approved already, by ada: nothing more was done."


def page_of(client: Client, campaign: Campaign) -> str:
    return client.get(f"/admin/campaigns/{campaign.pk}/").content.decode()


def test_a_campaign_stands_where_its_approved_file_is(
    founder: Client, open_campaign: Open, receive: Receive, now: datetime
) -> None:
    """Whatever is uploaded after that, and when the file is thrown away after a week."""
    campaign = open_campaign()

    def stage() -> str:
        listed = founder.get("/admin/campaigns/").context["rows"][0][1]
        assert founder.get(f"/admin/campaigns/{campaign.pk}/").context["stage"] == listed
        return str(listed)

    seen = [stage()]
    sheet = receive("gifts", gifts_file(*recipients(2)), scope=campaign.pk)
    Sheet.objects.update(state="checking")
    seen.append(stage())
    Sheet.objects.update(state="checked")
    seen.append(stage())
    discard_sheet(receive("gifts", gifts_file(*recipients(1)), scope=campaign.pk).pk, actor="tests", now=now)
    seen.append(stage())
    batch = approve(campaign, sheet, now)
    seen.append(stage())
    work_off(batch, now)
    seen.append(stage())
    for gift in Gift.objects.all():
        cancel_gift(gift.pk, actor="tests", now=now)
    seen.append(stage())
    receive("gifts", gifts_file(*recipients(2)), scope=campaign.pk)
    seen.append(stage())
    throw_old_away(now=now + timedelta(days=8))
    seen.append(stage())
    Batch.objects.all().delete()  # after 400 days
    seen.append(stage())
    Sheet.objects.all().delete()
    seen.append(stage())

    assert seen == ["empty", "checking", "to_approve", "to_approve", *["running"] * 2, *["done"] * 5]


def test_a_file_without_a_good_row_leaves_the_campaign_waiting_for_one(
    founder: Client, open_campaign: Open, receive: Receive
) -> None:
    campaign = open_campaign()
    receive("gifts", gifts_file(*recipients(2, wrong=(1, 2))), scope=campaign.pk)

    listed = founder.get("/admin/campaigns/").context["rows"][0][1]
    shown = founder.get(f"/admin/campaigns/{campaign.pk}/").context["stage"]

    assert listed == shown == "empty"


def test_a_second_file_with_something_to_approve_is_not_done(
    founder: Client, open_campaign: Open, receive: Receive, now: datetime
) -> None:
    campaign = open_campaign()
    work_off(approve(campaign, receive("gifts", gifts_file(*recipients(1)), scope=campaign.pk), now), now)
    for gift in Gift.objects.all():
        cancel_gift(gift.pk, actor="tests", now=now)
    second = receive("gifts", gifts_file(*recipients(2)), scope=campaign.pk)

    listed = founder.get("/admin/campaigns/").context["rows"][0][1]
    shown = founder.get(f"/admin/campaigns/{campaign.pk}/").context["stage"]
    discard_sheet(second.pk, actor="tests", now=now)

    assert listed == shown == "to_approve"
    assert founder.get(f"/admin/campaigns/{campaign.pk}/").context["stage"] == "done"


def test_what_is_fetched_anew_is_all_that_changes_by_itself_and_nothing_else(
    founder: Client, open_campaign: Open, receive: Receive, now: datetime
) -> None:
    """A part that the page watches and that does not come makes the page's script load the whole page."""
    campaign = open_campaign()
    work_off(approve(campaign, receive("gifts", gifts_file(*recipients(2)), scope=campaign.pk), now), now)
    receive("gifts", gifts_file(*recipients(2)), scope=campaign.pk)
    Sheet.objects.filter(state="checked").update(state="checking")
    page = f"/admin/campaigns/{campaign.pk}/"

    whole, part = (founder.get(page, asked).content.decode() for asked in ({}, {"part": "progress"}))
    Sheet.objects.filter(state="checking").update(state="checked")
    after = founder.get(page, {"part": "progress"})

    watched = re.findall(r'id="([a-z-]+)"[^>]* data-refresh', whole)
    assert watched == re.findall(r'id="([a-z-]+)"[^>]* data-refresh', part) == ["campaign-progress", "sheet-report"]
    assert [name in after.context for name in ("new", "form", "estimate")] == [False] * 3
