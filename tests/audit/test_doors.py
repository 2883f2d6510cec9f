"""One entry for each door, come through as everybody comes through it."""

import json
import time
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import Account, ApiKey
from api.audit.doors import acting, by_itself, door_of, present
from api.audit.models import AuditEntry
from api.audit.states import Door
from api.batches.models import Batch
from api.delivery.models import Message
from api.gifts.models import Gift
from api.outbox.models import Job
from api.rendering.backends import get_backend
from api.templates.models import Template
from local.sendgrid.events import SIGNATURE_HEADER, TIMESTAMP_HEADER, sign
from local.sendgrid.keys import load_private_key
from tests import build
from tests.admin.conftest import press
from tests.admin.test_actions import run as run_action
from tests.audit.conftest import Log, Work
from tests.campaigns.conftest import Open, approve, gifts_file, open_campaign, recipients, work_off
from tests.drills.renderer import StandIn
from tests.media.samples import RECIPES, make_media
from tests.rendering.films import definition
from tests.sheets.conftest import Receive, receive, take_in
from tests.sheets.files import csv_file

__all__ = ["open_campaign", "receive"]


def facts(entry: AuditEntry) -> tuple[str, str, str, str, str]:
    return entry.door, entry.actor, entry.action, entry.object_type, entry.object_id


def test_the_admin(founder: Client, account: Account, now: datetime, log: Log) -> None:
    gift = build.draft(account, now)
    log.news()

    press(founder, f"/admin/gifts/{gift.pk}/cancel/")

    entry = log.only()
    assert facts(entry) == ("admin", "staff:ada", "gift.canceled", "gift", str(gift.pk))
    assert entry.account_id == account.pk
    assert entry.changes["status"] == ["draft", "canceled"]
    assert entry.request_id


def test_an_api_key(api: APIClient, account: Account, now: datetime, log: Log) -> None:
    gift = build.draft(account, now)
    log.news()

    api.post(f"/v1/gifts/{gift.pk}/cancel", headers={"X-Request-Id": "cart-91"})

    entry = log.only()
    actor = f"api_key:{ApiKey.objects.get().pk}"
    assert (*facts(entry), entry.request_id) == ("api", actor, "gift.canceled", "gift", str(gift.pk), "cart-91")


def test_an_api_key_where_the_service_does_not_ask_who_calls(api: APIClient, account: Account, log: Log) -> None:
    log.news()

    api.post("/v1/webhook-endpoints", {"url": "https://127.0.0.1/hook?key=1", "types": ["gift.sent"]})

    entry = log.only()
    assert (entry.door, entry.actor) == ("api", f"api_key:{ApiKey.objects.get().pk}")
    assert entry.changes == {
        "url": [None, "https://127.0.0.1/hook"],
        "types": [None, ["gift.sent"]],
        "enabled": [None, True],
    }


def test_a_command(account: Account, now: datetime, log: Log) -> None:
    gift = build.draft(account, now)
    log.news()

    call_command("erase_recipient", f"--gift={gift.pk}", "--by=ada")
    assert facts(log.only()) == ("command", "staff:ada", "gift.erased", "gift", str(gift.pk))

    call_command("api_key", "issue", f"--account={account.pk}", "--name=Web page")
    assert facts(log.only()) == ("command", "command:api_key", "api_key.issued", "apikey", ApiKey.objects.get().pk)


def test_an_import(receive: Receive, now: datetime, log: Log) -> None:
    sheet = receive("accounts", csv_file(["name", "email"], ["New Shop", "shop@new.example"]))
    log.news()

    take_in(sheet, now, why="signed today")

    confirmed, entry = log.news()
    assert facts(confirmed) == ("admin", "staff:ada", "sheet.confirmed", "sheet", str(sheet.pk))
    actor, shop = f"import:{Batch.objects.get().pk}", Account.objects.get()
    assert facts(entry) == ("import", actor, "account.created", "account", str(shop.pk))
    assert entry.why == "signed today"


def test_a_campaign(open_campaign: Open, receive: Receive, now: datetime, log: Log) -> None:
    campaign = open_campaign()
    sheet = receive("gifts", gifts_file(*recipients(1)), scope=campaign.pk)
    log.news()

    batch = approve(campaign, sheet, now)
    work_off(batch, now)

    gift = Gift.objects.get()
    entries = [entry for entry in log.news() if entry.object_id == str(gift.pk)]
    assert {(entry.door, entry.actor, entry.why) for entry in entries} == {
        ("import", f"import:{batch.pk}", "the shop ordered it")
    }
    assert entries[0].action == "gift.created"


def test_a_bulk_action(founder: Client, account: Account, now: datetime, log: Log) -> None:
    gifts = [build.draft(account, now) for _ in range(2)]
    log.news()

    run_action("/admin/api/gift/", founder, "cancel", *[gift.pk for gift in gifts])

    told = [(facts(entry), entry.why) for entry in log.news()]
    assert sorted(told) == [
        (("admin", "staff:ada", "gift.canceled", "gift", str(gift.pk)), "the shop asked")
        for gift in sorted(gifts, key=lambda gift: str(gift.pk))
    ]


def test_the_mail_services_callback(
    client: Client, webhook_private_key: str, account: Account, now: datetime, log: Log, work: Work
) -> None:
    gift = build.sent(account, now)
    Job.objects.all().delete()
    log.news()
    body = json.dumps([bounce_of(Message.objects.get(gift=gift, kind="gift"))]).encode()
    timestamp = str(int(time.time()))
    signature = sign(load_private_key(webhook_private_key), timestamp, body)

    headers = {SIGNATURE_HEADER: signature, TIMESTAMP_HEADER: timestamp, "X-Request-Id": "feed-1"}
    assert client.post("/hooks/sendgrid", body, content_type="application/json", headers=headers).status_code == 204
    assert log.news() == []
    Job.objects.filter(kind="mail.send").delete()
    work()

    [entry] = [entry for entry in log.news() if entry.action == "gift.bounced"]
    assert facts(entry) == ("vendor", "sendgrid", "gift.bounced", "gift", str(gift.pk))
    assert entry.changes["status"] == ["sent", "bounced"]
    assert entry.request_id == "feed-1"


def bounce_of(message: Message) -> dict[str, object]:
    at = int(time.time())
    return {"event": "bounce", "sg_event_id": uuid4().hex, "timestamp": at, "message_id": str(message.pk)}


def test_the_renderers_callback(
    client: Client, account: Account, now: datetime, log: Log, work: Work, settings: Settings, tmp_path: Path
) -> None:
    scenes = definition("birthday-confetti")
    Template.objects.update(theme=scenes["theme"], scenes=scenes["scenes"])
    gift = build.rendering(account, now, order={"required": True})
    Job.objects.exclude(kind="render.submit").delete()
    with StandIn(make_media(tmp_path / "film.mp4", RECIPES["film.mp4"])).serving() as renderer:
        settings.RENDERER_URL, renderer.is_silent = renderer.url, True
        get_backend.cache_clear()
        work()
        renderer.finish()
        log.news()

        order = renderer.orders[0]
        callback = {"type": "edit", "action": "render", "id": order.id, "status": "done"}
        path = urlsplit(order.edit["callback"]).path
        assert client.post(path, callback, content_type="application/json").status_code == 204
        Job.objects.exclude(kind="render.check").delete()
        work()
    get_backend.cache_clear()

    [entry] = [entry for entry in log.news() if entry.object_id == str(gift.pk)]
    assert facts(entry) == ("vendor", "renderer", "gift.ready", "gift", str(gift.pk))
    assert entry.changes["status"] == ["rendering", "ready"]


def test_the_recipient(client: Client, account: Account, now: datetime, log: Log) -> None:
    gift = build.sent(account, now)
    log.news()

    client.post(f"/public/gifts/{gift.token}/progress", {"percent": 10}, content_type="application/json")
    assert log.news() == []

    client.post(f"/public/gifts/{gift.token}/progress", {"percent": 25}, content_type="application/json")
    entry = log.only()
    assert facts(entry) == ("recipient", "recipient", "gift.watched", "gift", str(gift.pk))
    assert entry.changes["status"] == ["sent", "watched"]

    client.post(f"/public/gifts/{gift.token}/thanks", {"message": "Thank you!"}, content_type="application/json")
    entry = log.only()
    assert (entry.door, entry.action, entry.changes) == ("recipient", "gift.thanked", {})


@pytest.mark.django_db(transaction=True)
def test_the_system_whoever_turns_its_clock(account: Account, now: datetime, log: Log) -> None:
    gift = build.sent(account, now)
    log.news()

    call_command("tick", f"--now={(now + timedelta(days=91)).isoformat()}")

    told = [facts(entry) for entry in log.news() if entry.action == "gift.expired"]
    assert told == [("system", "system", "gift.expired", "gift", str(gift.pk))]


THROUGH = {
    Door.ADMIN: test_the_admin,
    Door.API: test_an_api_key,
    Door.COMMAND: test_a_command,
    Door.IMPORT: test_an_import,
    Door.VENDOR: test_the_renderers_callback,
    Door.RECIPIENT: test_the_recipient,
    Door.SYSTEM: test_the_system_whoever_turns_its_clock,
}


def test_somebody_has_come_through_each_door() -> None:
    assert set(THROUGH) == set(Door)


def test_a_reason_and_a_door_hold_within_their_block_only() -> None:
    with acting(door=Door.ADMIN, actor="staff:ada", why="asked by the shop"):
        with acting(why="asked twice"):
            assert (present().door, present().actor, present().why) == (Door.ADMIN, "staff:ada", "asked twice")
        with by_itself():
            assert (present().door, present().actor, present().why) == (None, "system", "")
        assert present().why == "asked by the shop"

    assert (present().door, present().actor, present().why) == (None, "system", "")


@pytest.mark.parametrize(
    ("actor", "door"),
    [
        ("staff:ada", Door.ADMIN),
        ("api_key:abc", Door.API),
        ("command:tick", Door.COMMAND),
        ("import:b1", Door.IMPORT),
        ("renderer", Door.VENDOR),
        ("sendgrid", Door.VENDOR),
        ("recipient", Door.RECIPIENT),
        ("system", Door.SYSTEM),
    ],
)
def test_an_actors_name_tells_the_door(actor: str, door: Door) -> None:
    assert door_of(actor) == door
