"""Addresses that are not mailed: found however they are written, named nowhere, and kept from the mail service."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client

import giftflick.admin_urls  # noqa: F401 - finds the pages, as the first request to the admin does
from accounts.models import Account
from api.audit.models import AuditEntry
from api.batches.models import Batch
from api.batches.services import run_slice
from api.delivery.models import MailEvent, Message
from api.exceptions import InvalidFieldError
from api.gifts import services as gifts
from api.gifts.models import GiftEvent
from api.gifts.tasks import send_mail
from api.sheets.selectors import rows_that_failed
from api.suppressions import services
from api.suppressions.addresses import address_hash
from api.suppressions.models import Suppression
from api.suppressions.selectors import suppression_with
from api.suppressions.states import SuppressionReason
from api.templates.models import Template
from tests import build
from tests.sheets.conftest import Receive
from tests.sheets.files import csv_file

ASKED = SuppressionReason.ASKED
LIST = "/admin/api/suppression/"
LONG = f"b@{'.'.join(['d' * 60] * 5)}.com"


def suppression_of(address: str) -> Suppression | None:
    return suppression_with(address_hash(address))


def suppress(address: str, now: datetime, reason: SuppressionReason = ASKED) -> Suppression:
    return services.suppress_address(address, reason=reason, actor="staff:ada", now=now)


@pytest.mark.django_db
def test_an_address_is_found_however_it_is_written_and_kept_once(now: datetime) -> None:
    first = suppress("Ben@Example.COM", now)
    second = suppress(" ben@example.com ", now, SuppressionReason.BOUNCED)

    assert (first, first.masked, second.reason) == (second, "b…@example.com", "asked")
    assert suppression_of("BEN@example.com") == first
    assert suppression_of("ben2@example.com") is None
    assert list(AuditEntry.objects.values_list("action", "actor", "changes")) == [
        ("suppression.added", "staff:ada", {"address": [None, "b…@example.com"], "reason": [None, "asked"]})
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM api_suppression AS row WHERE row::text ILIKE '%ben@example%'")
        assert cursor.fetchone() == (0,)


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["", "ben", "ben@", "a\nb@example.com", LONG])
def test_what_is_no_address_is_refused(address: str, now: datetime) -> None:
    with pytest.raises(InvalidFieldError):
        suppress(address, now)


def test_what_is_longer_than_any_address_is_told_in_the_form_and_in_the_file(
    founder: Client, receive: Receive, now: datetime
) -> None:
    answer = founder.post(f"{LIST}add/", {"address": LONG, "reason": "asked"})
    sheet = receive("suppressions", csv_file(["address"], [LONG]))

    assert list(answer.context["adminform"].form.errors) == ["address"]
    assert [told for _, told in rows_that_failed(sheet)] == ["address: This is no e-mail address."]


@pytest.mark.django_db
def test_the_hash_is_what_erase_recipient_and_postgresql_compute(now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT encode(sha256(convert_to(lower('Bén@EXAMPLE.com' COLLATE \"C\"), 'UTF8')), 'hex')")
        [computed] = cursor.fetchone()

    assert address_hash("Bén@EXAMPLE.com") == computed


def test_a_gift_to_a_suppressed_address_is_refused_in_plain_words(
    account: Account, template: Template, now: datetime
) -> None:
    gift = build.filmed(build.rendering(account, now), now)
    suppress(gift.recipient_email.upper(), now)
    mail = Message.objects.get(gift=gift, kind="gift")

    send_mail(mail.pk, now=now)

    mail.refresh_from_db()
    gift.refresh_from_db()
    assert (mail.status, mail.provider_id) == ("refused", "")
    assert (
        gift.failure
        == mail.failure
        == {
            "code": "suppressed",
            "detail": "The address is on Giftflick's list of those that are not mailed: the person asked not to be "
            "mailed. Correct the address, or ask Giftflick.",
        }
    )
    assert gift.status == "scheduled"
    assert GiftEvent.objects.filter(gift=gift).latest("at").type == "mail.refused"


def test_a_corrected_address_is_mailed(account: Account, template: Template, now: datetime) -> None:
    gift = build.filmed(build.rendering(account, now), now)
    suppress(gift.recipient_email, now)
    send_mail(Message.objects.get(gift=gift, kind="gift").pk, now=now)

    gifts.update_gift(
        gift.pk, {"recipient": {"email": "other@example.com"}}, actor="tests", now=now, may_lift_gates=True
    )

    newest = Message.objects.filter(gift=gift, kind="gift").latest("id")
    assert (newest.to_email, newest.status) == ("other@example.com", "queued")


def test_a_test_gifts_mail_is_recorded_all_the_same(account: Account, template: Template, now: datetime) -> None:
    gift = build.filmed(build.rendering(account, now, livemode=False), now)
    suppress(gift.recipient_email, now)
    mail = Message.objects.get(gift=gift, kind="gift")

    send_mail(mail.pk, now=now)

    mail.refresh_from_db()
    assert mail.status == "recorded"


@pytest.mark.parametrize(
    ("event", "reason"), [("complained", "complained"), ("unsubscribed", "asked"), ("bounced", None), ("opened", None)]
)
def test_a_complaint_or_an_unsubscription_suppresses_the_address(
    event: str, reason: str | None, account: Account, template: Template, now: datetime
) -> None:
    gift = build.sent(account, now)
    mail = Message.objects.get(gift=gift, kind="gift")
    for _ in range(2):
        MailEvent.objects.create(
            sg_event_id=uuid4().hex, message=mail, type=event, at=now, received_at=now, raw={"event": event}
        )

    gifts.apply_mail_events(mail.pk, now=now)

    found = suppression_of(gift.recipient_email)
    assert (found and found.reason) == reason
    assert AuditEntry.objects.filter(action="suppression.added").count() == (reason is not None)


def test_the_page_adds_finds_and_lifts(founder: Client, now: datetime) -> None:
    answer = founder.post(f"{LIST}add/", {"address": "Ben@example.com", "reason": "asked"}, follow=True)
    suppress("cleo@example.com", now)
    ben = suppression_of("ben@example.com")
    assert ben is not None

    assert answer.status_code == 200
    assert "ben@example.com" not in answer.content.decode().lower().replace('value="ben@example.com"', "")
    assert found(founder, "BEN@example.com") == ["b…@example.com"]
    assert found(founder, "ben") == []
    assert found(founder, ben.address_sha256) == ["b…@example.com"]
    chosen = {"action": "lift", "_selected_action": [str(ben.pk)]}
    asked = founder.post(LIST, chosen).content.decode()
    founder.post(LIST, {**chosen, "confirmed": "1", "count": "1", "reason": "Ben asked for it"})
    assert "b…@example.com" in founder.get(LIST).content.decode()
    run_slice(Batch.objects.get().pk, now=now)
    assert "must be taken off that as well" in asked
    assert suppression_of("ben@example.com") is None
    assert list(AuditEntry.objects.order_by("id").values_list("action", "actor", "door")) == [
        ("suppression.added", "staff:ada", "admin"),
        ("suppression.added", "staff:ada", "admin"),
        ("suppression.lifted", "staff:ada", "admin"),
    ]


def test_what_is_no_address_is_told_on_the_page(founder: Client) -> None:
    answer = founder.post(f"{LIST}add/", {"address": "ben", "reason": "asked"})

    assert answer.status_code == 200
    assert "Enter a valid email address." in answer.content.decode()


def found(client: Client, term: str) -> list[Any]:
    page = client.get(LIST, {"q": term})
    return [row.masked for row in page.context["cl"].result_list]
