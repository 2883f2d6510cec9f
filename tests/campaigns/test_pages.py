"""A campaign's pages, and who may what on them."""

from datetime import datetime
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

import giftflick.admin_urls  # noqa: F401 - finds the pages, as the first request to the admin does
from accounts.models import Account
from api.batches.models import Batch
from api.campaigns.models import Campaign
from api.gifts.models import Gift
from api.sheets.models import Sheet
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
    founder.post(f"{page}approve/{sheet.pk}/", {"why": "the shop ordered it"})
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
    answer = founder.post(f"{page}cancel/", {"why": "the shop changed its mind"}, follow=True)
    founder.post(page, {"rows": "row_key"})

    assert "<dd>2: they are canceled, their films deleted</dd>" in asked
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
    client = signed_in(somebody("api.view_batch"))
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

    unreasoned = founder.post(path, {"why": " "}, follow=True)
    session = founder.session
    del session["confirmed_at"]
    session.save()
    stale = founder.post(path, {"why": "x"})

    assert [str(message) for message in get_messages(unreasoned.wsgi_request)] == [
        "Say why, in a few words: it stands in the audit log."
    ]
    assert stale["Location"].startswith("/admin/reauthenticate/")
    assert Batch.objects.count() == 0


def test_what_is_not_there_is_not_found(founder: Client, open_campaign: Open, receive: Receive) -> None:
    campaign, other = open_campaign(), open_campaign(name="Other")
    sheet = receive("gifts", gifts_file(*recipients(1)), scope=other.pk)
    nothing = "01234567-89ab-7def-8123-456789abcdef"

    assert founder.get(f"/admin/campaigns/{nothing}/").status_code == 404
    assert founder.get(f"/admin/campaigns/{campaign.pk}/gifts/lost/").status_code == 404
    assert founder.post(f"/admin/campaigns/{campaign.pk}/approve/{sheet.pk}/", {"why": "x"}).status_code == 404
    assert founder.get(f"/admin/imports/sheets/{nothing}/").status_code == 404
    assert founder.get("/admin/imports/gifts/").status_code == 404
    assert founder.get("/admin/imports/nothing/").status_code == 404


def test_the_page_costs_the_same_however_many_rows(
    founder: Client, open_campaign: Open, receive: Receive, now: datetime, django_assert_num_queries: Any
) -> None:
    for count in (1, 3):
        campaign = open_campaign(name=str(count))
        work_off(approve(campaign, receive("gifts", gifts_file(*recipients(count)), scope=campaign.pk), now), now)
        founder.get(f"/admin/campaigns/{campaign.pk}/")
        with django_assert_num_queries(11):
            founder.get(f"/admin/campaigns/{campaign.pk}/")
