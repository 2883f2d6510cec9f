"""A gift's page: what it says, what it costs, and that nothing in a gift breaks it."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import Account
from accounts.services import issue_api_key
from api import actors
from api.audit.services import record
from api.delivery.models import MailEvent, Message
from api.gifts import services
from api.gifts.models import Gift, GiftEvent
from api.gifts.states import EDGES, GiftStatus
from api.gifts.wording import EVENTS
from api.media.models import Upload
from api.rendering.models import Render
from tests import build
from tests.admin.gift_page import button, looked_at, offered

pytestmark = pytest.mark.usefixtures("template")

S = GiftStatus


def test_the_page_costs_the_same_whatever_the_gift_has_been_through(
    founder: Client, account: Account, now: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    issued, _ = issue_api_key(account, name="Web page", livemode=True, created_by="ada", now=now)
    gift = eventful(account, now, actor=actors.api_key(issued.pk), times=1)
    looked_at(founder, gift)
    with django_assert_num_queries(15):
        looked_at(founder, gift)
    gift = eventful(account, now, actor=actors.api_key(issued.pk), times=3)
    with django_assert_num_queries(15):
        text = looked_at(founder, gift)
    assert text.count("the shop, by its key “Web page”") == 6  # on the timeline, and in the audit log


def eventful(account: Account, now: datetime, *, actor: str, times: int) -> Gift:
    """With so many films, files, mails with reports, resends, thanks, audit entries."""
    gift = build.sent(account, now, media=[build.ready_upload(account, now).pk for _ in range(times)])
    for number in range(times):
        services.resend_gift(gift.pk, actor=actor, now=now)
        mail = build.mailed(gift, now)
        MailEvent.objects.create(
            sg_event_id=uuid4().hex, message=mail, type="processed", at=now, received_at=now, raw={"event": "x"}
        )
        Render.objects.create(gift=gift, secret=uuid4().hex, key="k", poster_key="p", created_at=now, status="failed")
        services.leave_thanks(gift.pk, text=f"Thanks {number}", now=now)
        record("gift.resent", actor="staff:ada", subject=gift, account_id=account.pk, now=now)
    return gift


def test_a_long_timeline_is_folded_and_then_has_an_address(founder: Client, account: Account, now: datetime) -> None:
    gift = build.draft(account, now)
    GiftEvent.objects.bulk_create(
        GiftEvent(
            gift=gift,
            type="gift.updated",
            at=now + timedelta(seconds=n + 1),
            actor="system",
            data={"fields": [f"n{n}"]},
        )
        for n in range(60)
    )

    short, whole = looked_at(founder, gift), looked_at(founder, gift, all="1")

    assert (short.count("The gift was changed"), whole.count("The gift was changed")) == (25, 60)
    assert 'href="?all=1#timeline"' in short
    assert 'href="?all=1#timeline"' not in whole


HOSTILE = "<script>alert(1)</script>\u202etxt.exe &amp; \"'"


def test_hostile_words_are_words(founder: Client, account: Account, now: datetime) -> None:
    gift = build.sent(
        account,
        now,
        sender={"name": HOSTILE[:100], "email": "ana@example.com"},
        recipient={"name": "مرحبا بالعالم", "email": "ben@example.com"},
        message=("<img src=x onerror=alert(1)> " * 40)[:1000],
        metadata={"<b>": "</pre><script>alert(2)</script>"},
        timezone="Asia/Tokyo",
    )
    Gift.objects.filter(pk=gift.pk).update(
        product={"name": "<b>Set</b>", "url": "javascript:alert(1)", "image_url": "https://evil.example/x.png"},
        occasion="<i>",
        failure={"code": "<u>", "detail": "</p><script>alert(3)</script>"},
        timezone="Not/AZone",
    )
    GiftEvent.objects.create(
        gift=gift, type="<script>alert(4)</script>", at=now + timedelta(days=1), actor="<script>alert(5)</script>"
    )

    text = looked_at(founder, gift)

    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "javascript:alert" not in text
    assert 'src="https://evil' not in text
    for message in Message.objects.filter(gift=gift):
        preview = founder.get(f"/admin/mails/{message.pk}/preview/")
        assert preview.status_code == 200
        assert "<script>alert" not in preview.content.decode()
        assert 'sandbox srcdoc="' in preview.content.decode()
    for name in offered(founder, gift):
        assert "<script>alert" not in founder.get(button(gift, name)).content.decode()


def test_a_gift_with_nothing_in_it_opens(founder: Client, account: Account, now: datetime) -> None:
    gift = build.draft(account, now)
    GiftEvent.objects.all().delete()
    Gift.objects.filter(pk=gift.pk).update(
        sender_name="", sender_email="", recipient_name="", recipient_email="", message="", occasion=""
    )

    assert "Nothing has happened yet." in looked_at(founder, gift)


@pytest.mark.parametrize("status", list(GiftStatus))
def test_an_erased_gift_opens_with_its_mails(
    status: GiftStatus, founder: Client, account: Account, now: datetime
) -> None:
    gift = build.in_state(status, account, now)
    services.erase_gift(gift.pk, actor="tests", now=now)

    text = looked_at(founder, gift)

    assert "was erased on" in text
    assert "ben@example.com" not in text
    for message in Message.objects.filter(gift=gift):
        assert founder.get(f"/admin/mails/{message.pk}/preview/").status_code == 200


def test_an_upload_that_is_gone_says_so(founder: Client, account: Account, now: datetime) -> None:
    upload = build.ready_upload(account, now)
    gift = build.draft(account, now, media=[upload.pk])
    Upload.objects.filter(pk=upload.pk).update(status="expired")

    assert "its bytes are removed" in looked_at(founder, gift)
    assert founder.get(f"/admin/api/upload/{upload.pk}/change/").status_code == 200


def test_a_test_gift_says_so_in_plain_sight(founder: Client, account: Account, now: datetime) -> None:
    live, trial = build.draft(account, now), build.draft(account, now, livemode=False)

    assert ">TEST<" in looked_at(founder, trial)
    assert ">TEST<" not in looked_at(founder, live)


def written_events() -> Iterator[str]:
    yield from (f"gift.{status}" for status in EDGES if status != S.DRAFT)
    for path in Path("api").rglob("*.py"):
        yield from re.findall(r'record_event\(\s*\w+,\s*"([a-z_.]+)"', path.read_text(encoding="utf-8"))


def test_every_event_that_is_written_has_its_words() -> None:
    assert set(written_events()) - set(EVENTS) == set()


REFUSED = {"status": "refused", "failure": {"code": "x", "detail": "Not this one."}}
TRIED = {"status": "queued", "attempts": 1, "failure": {"code": "x", "detail": "Not now."}}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": "sending", "attempts": 1}, "The mail with the gift is on its way to SendGrid"),
        ({"status": "unknown", "attempts": 1}, "SendGrid may have taken the mail with the gift"),
        (TRIED, "The mail with the gift was not taken and is tried again: Not now."),
        (REFUSED, "SendGrid would not take the mail: Not this one."),
        ({**REFUSED, "failure": {"code": "suppressed", "detail": "Listed."}}, "The mail was not sent: Listed."),
    ],
)
@pytest.mark.parametrize("was_bounced", [False, True])
def test_what_became_of_a_mail_sent_again_is_said(
    founder: Client, account: Account, now: datetime, changes: dict[str, Any], said: str, was_bounced: bool
) -> None:
    gift = build.sent(account, now)
    if was_bounced:
        build.bounce(gift, now)
        other: Any = {"recipient": {"email": "benjamin@example.com"}}
        services.update_gift(gift.pk, other, actor="tests", now=now, may_lift_gates=True)
    services.resend_gift(gift.pk, actor="tests", now=now)
    again = Message.objects.filter(gift=gift, kind="gift").latest("id")
    Message.objects.filter(pk=again.pk).update(**changes)

    text = unescape(looked_at(founder, gift))

    assert said in text
    assert "SendGrid has the mail" not in text
    assert "no mail has gone there yet" not in text


def test_what_happens_next_is_said_of_each_state(founder: Client, account: Account, now: datetime) -> None:
    ready = build.ready(account, now, order={"required": True, "reference": "SO-1001"})
    expected = {
        S.DRAFT: "Waiting for the shop to hand it in",
        S.RENDERING: "about to be handed to the renderer",
        S.SCHEDULED: "the mail goes to ben@example.com",
        S.SENT: "word that it arrived has not come yet",
        S.WATCHED: "has watched 25 % of the video",
        S.BOUNCED: "The mail to ben@example.com came back.",
        S.FAILED: "The rendering service could not make the video.",
        S.EXPIRED: "Its link says that the gift is gone",
        S.CANCELED: "It is over.",
    }
    for status, words in expected.items():
        assert words in unescape(looked_at(founder, build.in_state(status, account, now))), status
    text = looked_at(founder, ready)
    assert "Waiting for the shop to say that order SO-1001 is paid." in text
    assert "You can mark it paid." in text
