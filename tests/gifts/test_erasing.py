"""A recipient asks to be forgotten: found by a hash, withdrawn, blanked; again changes nothing."""

import hashlib
import json
import re
import subprocess
import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.core import serializers
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from rest_framework.test import APIClient

import api.gifts.bulk  # noqa: F401 - registers the kinds of batches
from accounts.models import Account
from api.batches.models import Batch, BatchItem
from api.batches.services import ItemIn, start_batch
from api.console.models import QueryRun
from api.delivery.models import MailEvent, Message
from api.delivery.services import begin_sending
from api.delivery.states import OPEN as OPEN_MAILS
from api.gifts import services
from api.gifts.models import Gift, GiftEvent
from api.gifts.selectors import gifts_to
from api.gifts.states import ENDED, GiftStatus
from api.gifts.tasks import forget_items
from api.idempotency.models import IdempotentCall
from api.outbox.models import Job
from api.rendering.models import Render, RenderCallback
from api.templates.models import Template
from api.viewing.models import Thanks
from api.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from tests import build

BEN = "ben@example.com"
WORDS = (
    "Ana",
    "Ben",
    "ana@",
    "ben@",
    "example.com",
    "Happy 30th!",
    "Thank you",
    "HEADLINE",
    "SO-1",
    "Espresso",
    "c_91",
)
CONTENT: dict[str, Any] = {
    "fields": {"headline": "HEADLINE"},
    "product": {"name": "Espresso set", "price": {"amount": "49.00", "currency": "AUD"}},
    "metadata": {"cart": "c_91"},
    "order": {"required": False, "reference": "SO-1"},
}


@pytest.fixture(autouse=True)
def _template(template: Template) -> None:
    """Every gift has one."""


def sha256(address: str) -> str:
    return hashlib.sha256(address.lower().encode()).hexdigest()


def erase(*options: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    call_command("erase_recipient", *options)
    answer: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return answer


def rows_of(gift: Gift) -> str:
    """All that the database says of a gift, but for ids, its template, and tokens, which may spell anybody's name."""
    found = [
        *Gift.objects.filter(pk=gift.pk),
        *Message.objects.filter(gift=gift),
        *MailEvent.objects.filter(message__gift=gift),
        *Thanks.objects.filter(gift=gift),
        *GiftEvent.objects.filter(gift=gift),
        *Render.objects.filter(gift=gift),
        *RenderCallback.objects.filter(render__gift=gift),
        *Job.objects.all(),
        *IdempotentCall.objects.all(),
        *WebhookDelivery.objects.all(),
        *WebhookAttempt.objects.all(),
    ]
    return re.sub(r'"(token|secret)": "[^"]*"', "", serializers.serialize("json", found))


@pytest.mark.parametrize("status", list(GiftStatus))
def test_a_gift_in_any_state_is_withdrawn_and_blanked(
    status: GiftStatus, account: Account, now: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    gift = build.in_state(status, account, now)

    answer = erase(f"--gift={gift.pk}", "--by=ada", capsys=capsys)

    gift.refresh_from_db()
    assert answer == {"found": 1, "erased": 1}
    assert GiftStatus(gift.status) in ENDED
    assert [word for word in WORDS if word in rows_of(gift)] == []
    last = GiftEvent.objects.filter(gift=gift).latest("at")
    assert (last.type, last.actor) == ("gift.forgotten", "staff:ada")
    assert not Message.objects.filter(gift=gift, status__in=OPEN_MAILS).exists()


def test_nothing_of_a_watched_and_thanked_gift_is_left_but_its_times(
    account: Account, now: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = build.ready_upload(account, now)
    shared = build.ready_upload(account, now)
    gift = build.sent(account, now, media=[mine.pk, shared.pk], **CONTENT)
    other = build.draft(account, now, media=[shared.pk], recipient={"name": "Cleo", "email": "cleo@other.example"})
    services.record_progress(gift.pk, percent=25, now=now)
    services.leave_thanks(gift.pk, text="Thank you", now=now)
    assert [word for word in WORDS if word not in rows_of(gift)] == []

    erase(f"--gift={gift.pk}", capsys=capsys)

    gift.refresh_from_db()
    assert [word for word in WORDS if word in rows_of(gift)] == []
    assert (gift.status, gift.sent_at, gift.watched_at) == ("canceled", now, now)
    assert Client().get(f"/g/{gift.token}").status_code == 410
    assert set(Job.objects.filter(kind="upload.delete").values_list("ref_id", flat=True)) == {mine.pk, shared.pk}
    assert Job.objects.filter(kind="film.delete").count() == 1
    other.refresh_from_db()
    assert (other.recipient_name, list(other.media.values_list("pk", flat=True))) == ("Cleo", [shared.pk])


def test_nothing_is_left_of_what_vendors_said_of_it(
    account: Account, now: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    """They quote: an edit's words, a mailbox's name."""
    gift = build.sent(account, now)
    failure = {"code": "renderer_refused_edit", "detail": "'Happy 30th!' is too long", "retryable": False}
    render = Render.objects.get(gift=gift)
    Render.objects.filter(pk=render.pk).update(failure=failure)
    Gift.objects.filter(pk=gift.pk).update(failure=failure)
    RenderCallback.objects.create(render=render, payload={"error": "'Happy 30th!' is too long"}, received_at=now)
    MailEvent.objects.create(
        sg_event_id="x",
        message=Message.objects.get(gift=gift, kind="gift"),
        type="bounce",
        at=now,
        received_at=now,
        raw={"event": "bounce", "reason": "550 Ben has left"},
    )
    assert [rows_of(gift).count(words) for words in ("Happy 30th!", "Ben has left")] == [4, 1]

    erase(f"--gift={gift.pk}", capsys=capsys)

    assert [word for word in WORDS if word in rows_of(gift)] == []


def test_what_shops_were_told_says_no_more_than_ids_and_states(
    account: Account, now: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint = WebhookEndpoint.objects.create(
        account=account,
        livemode=True,
        url="https://shop.example/hook",
        types=["gift.sent", "gift.canceled"],
        created_at=now,
        updated_at=now,
    )
    gift, other = build.sent(account, now, **CONTENT), build.sent(account, now, **CONTENT)
    told = WebhookDelivery.objects.get(body__contains=str(gift.pk))
    WebhookAttempt.objects.create(delivery=told, started_at=now, response="Thanks, Ben gets it")
    elsewhere = WebhookDelivery.objects.get(body__contains=str(other.pk)).body

    erase(f"--gift={gift.pk}", capsys=capsys)

    erased = WebhookDelivery.objects.filter(endpoint=endpoint, body__contains=str(gift.pk)).order_by("type")
    assert [json.loads(delivery.body)["data"] for delivery in erased] == [
        {"gift_id": str(gift.pk), "livemode": True, **states, "order_reference": None, "metadata": {}}
        for states in ({"from": "sent", "to": "canceled"}, {"from": "scheduled", "to": "sent"})
    ]
    assert WebhookAttempt.objects.get().response == ""
    assert WebhookDelivery.objects.get(body__contains=str(other.pk)).body == elsewhere
    assert "c_91" in elsewhere


def test_a_call_that_is_repeated_is_answered_with_what_is_left(
    api: APIClient, body: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Were its answer only forgotten, the repeated call would make the gift anew."""
    keyed = {"Idempotency-Key": "order-1"}
    made = api.post("/v1/gifts", {**body, "message": "Happy 30th!"}, headers=keyed).json()
    gift = Gift.objects.get(pk=made["id"])
    api.post(f"/v1/gifts/{gift.pk}/submit", headers=keyed)
    kept = api.post("/v1/gifts", body, headers={"Idempotency-Key": "order-2"}).json()

    erase(f"--gift={gift.pk}", capsys=capsys)

    again = api.post("/v1/gifts", {**body, "message": "Happy 30th!"}, headers=keyed)
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert (again.json()["id"], again.json()["status"], again.json()["message"]) == (made["id"], "canceled", "")
    submitted = api.post(f"/v1/gifts/{gift.pk}/submit", headers=keyed)
    assert (submitted.status_code, submitted.json()["status"]) == (200, "canceled")
    assert not IdempotentCall.objects.filter(body__contains=made["id"]).exists()
    assert api.post("/v1/gifts", body, headers={"Idempotency-Key": "order-2"}).json() == kept


def test_the_jobs_delete_the_uploads_that_no_other_gift_uses(
    account: Account, now: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    from api.gifts.tasks import delete_upload
    from api.media.models import Upload

    mine, shared = build.ready_upload(account, now), build.ready_upload(account, now)
    gift = build.draft(account, now, media=[mine.pk, shared.pk])
    build.draft(account, now, media=[shared.pk])

    erase(f"--gift={gift.pk}", capsys=capsys)
    for job in Job.objects.filter(kind="upload.delete"):
        delete_upload(job.ref_id, now=now)

    assert list(Upload.objects.values_list("pk", flat=True)) == [shared.pk]


def test_every_gift_to_an_address_is_found_by_its_hash_however_it_was_spelled(
    account: Account, other_account: Account, now: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    spelled = ["ben@example.com", "Ben@Example.com", "BEN@EXAMPLE.COM"]
    gifts = [
        build.draft(shop, now, recipient={"name": "Ben", "email": address})
        for shop, address in zip([account, other_account, account], spelled, strict=True)
    ]
    bounced = build.bounce(build.sent(account, now), now)
    Gift.objects.filter(pk=bounced.pk).update(recipient_email="new@b.example")
    others = [
        build.draft(account, now, recipient={"name": "Ben", "email": address})
        for address in ("ben@example.org", "b.en@example.com", "xben@example.com")
    ]

    answer = erase(f"--email-sha256={sha256(BEN)}", capsys=capsys)

    forgotten = set(Gift.objects.exclude(forgotten_at=None).values_list("pk", flat=True))
    assert answer == {"found": 4, "erased": 4}
    assert forgotten == {gift.pk for gift in [*gifts, bounced]}
    assert Gift.objects.filter(pk__in=[gift.pk for gift in others], forgotten_at=None).count() == 3


def test_again_finds_and_changes_nothing(account: Account, now: datetime, capsys: pytest.CaptureFixture[str]) -> None:
    gift = build.sent(account, now)
    erase(f"--email-sha256={sha256(BEN)}", capsys=capsys)
    before = rows_of(gift)

    assert erase(f"--email-sha256={sha256(BEN)}", capsys=capsys) == {"found": 0, "erased": 0}
    assert erase(f"--gift={gift.pk}", capsys=capsys) == {"found": 1, "erased": 0}
    assert rows_of(gift) == before


def test_a_mail_that_is_on_its_way_holds_its_own_gift_only(
    account: Account, now: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    sending = build.filmed(build.rendering(account, now), now)
    begin_sending(Message.objects.get(gift=sending, kind="gift").pk, now=now)
    other = build.draft(account, now)

    with pytest.raises(
        CommandError, match=rf"Erased 1, but mails of 1 are being sent \({sending.pk} …\): run it again"
    ):
        call_command("erase_recipient", f"--email-sha256={sha256(BEN)}")

    sending.refresh_from_db()
    other.refresh_from_db()
    assert (sending.forgotten_at, other.forgotten_at is not None) == (None, True)


def test_a_mail_to_the_sender_that_has_not_left_is_called_back(
    account: Account, now: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    gift = build.rendering(account, now)
    receipt = Message.objects.get(gift=gift, kind="receipt")

    erase(f"--gift={gift.pk}", capsys=capsys)

    assert begin_sending(receipt.pk, now=now) is None


def test_the_shells_line_in_the_help_makes_the_same_hash(account: Account, now: datetime) -> None:
    gift = build.draft(account, now, recipient={"name": "Ben", "email": BEN})

    line = "printf %s 'Ben@Example.com' | tr A-Z a-z | sha256sum"
    told = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=True).stdout

    assert gifts_to(told.split()[0]) == [gift.pk]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "one of the arguments --gift --email-sha256 is required"),
        ([f"--gift={uuid4()}", f"--email-sha256={'0' * 64}"], "not allowed with"),
        (["--gift=ben@example.com"], "--gift: must be a gift's id"),
        (["--email-sha256=ben@example.com"], "and never an address"),
        ([f"--email-sha256={'0' * 63}"], "64 hexadecimal digits"),
        ([f"--email-sha256={'A' * 64}"], "64 hexadecimal digits"),
        ([f"--gift={uuid4()}"], "There is no gift with this id."),
        ([f"--gift={uuid4()}", "--by="], "--by: must be"),
    ],
)
def test_what_makes_no_sense_is_told(options: list[str], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        call_command("erase_recipient", *options)


def batch_about(*gifts: Gift, now: datetime) -> Batch:
    items = [ItemIn(str(row.pk), payload={"name": "Ben"}, label="Ben") for row in gifts]
    return start_batch("gifts.cancel", title="Cancel", items=items, actor="staff:ada", why="x", now=now)


@pytest.mark.parametrize("forget", [partial(services.erase_gift, actor="staff:ada"), services.forget_gift])
def test_what_batches_and_files_say_of_a_forgotten_gift_goes_too(
    account: Account, now: datetime, forget: Callable[..., object]
) -> None:
    gift, other = build.draft(account, now), build.draft(account, now)
    batch = batch_about(gift, other, now=now)

    forget(gift.pk, now=now)
    [job] = Job.objects.filter(kind="gift.forget_items")
    forget_items(job.ref_id, now=now)

    kept = batch.items.order_by("position").values_list("ref_id", "label", "payload")
    assert list(kept) == [(str(gift.pk), "", None), (str(other.pk), "Ben", {"name": "Ben"})]
    assert Job.objects.filter(kind="campaign.forget_row", ref_id=gift.pk).count() == 1


@pytest.mark.django_db(transaction=True)
def test_erasing_does_not_wait_for_a_batch_that_waits_for_the_gift(account: Account, now: datetime) -> None:
    gift = build.draft(account, now)
    item = batch_about(gift, now=now).items.get()
    is_held, is_erased = threading.Event(), threading.Event()

    def work_the_item_off() -> None:
        with transaction.atomic():
            BatchItem.objects.select_for_update().get(pk=item.pk)
            is_held.set()
            is_erased.wait(20)
        connection.close()

    working = threading.Thread(target=work_the_item_off)
    working.start()
    assert is_held.wait(20)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '1s'")
        assert services.erase_gift(gift.pk, actor="staff:ada", now=now)
    finally:
        is_erased.set()
        working.join()
        connection.close()


def test_who_asked_the_database_of_an_erased_person_asked_of_nobody(account: Account, now: datetime) -> None:
    gift = build.sent(account, now)
    fields = {"actor": "staff:ada", "with_pii": True, "state": "answered", "started_at": now}
    run = QueryRun.objects.create(statement=f"SELECT 1 WHERE recipient_email = '{BEN}'", **fields)

    services.erase_gift(gift.pk, actor="staff:ada", now=now)

    run.refresh_from_db()
    assert run.statement == "SELECT 1 WHERE recipient_email = '(forgotten)'"
