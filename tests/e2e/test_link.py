"""A gift for somebody without an address: its sender is mailed the link, and shares it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from local.processes import Process
from local.shop import Json
from tests.e2e.asking import ask
from tests.e2e.conftest import Product
from tests.e2e.storefront import RENDERED_WITHIN_S

MIA = "mia@example.com"


@dataclass(frozen=True)
class Shared:
    """The gift and its sender's mails, oldest first: once it was paid, and once its hour had come."""

    paid: Json
    mails_before: list[str]
    sent: Json
    mails: list[Json]


@pytest.fixture(scope="module")
def due() -> datetime:
    return (timezone.now() + timedelta(days=1)).replace(microsecond=0)


@pytest.fixture(scope="module")
def shared(product: Product, worker: Process, due: datetime) -> Shared:
    shop, mailbox = product.shop, product.mailbox
    gift = shop.submit_greeting(
        "Mia",
        "Dev",
        recipient={"name": "Dev"},
        delivery="link",
        deliver_at=due.isoformat(),
        order={"required": True, "reference": "SO-7"},
    )
    shop.mark_paid(shop.wait_for(gift, "ready", within_s=RENDERED_WITHIN_S))
    paid = shop.call("GET", f"/v1/gifts/{gift['id']}")
    mails_before = [mail["subject"] for mail in mailbox.mails(MIA)[::-1]]
    ticked = product.system.run("manage.py", "tick", "--now", (due + timedelta(minutes=1)).isoformat())
    assert ticked.returncode == 0, ticked.stderr
    sent = shop.call("GET", f"/v1/gifts/{gift['id']}")
    return Shared(paid, mails_before, sent, mailbox.mails(MIA)[::-1])


def test_a_paid_gift_waits_for_its_hour_without_a_link(shared: Shared) -> None:
    assert (shared.paid["status"], shared.paid["watch_url"], shared.paid["sent_at"]) == ("scheduled", None, None)
    assert shared.mails_before == ["Your gift for Dev is in the making", "Your video for Dev is finished"]


def test_when_due_it_is_sent_and_its_sender_is_mailed_the_link(shared: Shared, due: datetime) -> None:
    mail, link = shared.mails[-1], shared.sent["watch_url"]

    assert (shared.sent["status"], shared.sent["recipient"]) == ("sent", {"name": "Dev", "email": None})
    assert due < datetime.fromisoformat(shared.sent["sent_at"]) < due + timedelta(minutes=2)
    assert (len(shared.mails), mail["subject"]) == (3, "Your video for Dev is ready to share")
    assert mail["links"] == [link]
    assert [line for line in mail["text"].splitlines() if line][:3] == [
        "Hello Mia,",
        "your video for Dev is ready. Send this link to Dev however you like:",
        link,
    ]


def test_nobody_else_is_mailed_the_link(product: Product, shared: Shared) -> None:
    link = shared.sent["watch_url"]

    assert [mail["to"] for mail in product.mailbox.mails() if link in mail["text"]] == [MIA]


def test_the_link_opens_the_gift(shared: Shared) -> None:
    link = shared.sent["watch_url"]
    page, showing = ask(link), ask(link.replace("/g/", "/public/gifts/")).json()

    assert page.status == 200
    assert "<bdi>Mia</bdi> made you a gift, <bdi>Dev</bdi></h1>" in page.data.decode()
    assert (showing["sender_name"], showing["recipient_name"], showing["message"]) == ("Mia", "Dev", "Happy birthday!")
    assert ask(showing["video"]["url"]).headers["Content-Type"] == "video/mp4"
