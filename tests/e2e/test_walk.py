"""One gift all the way: from the shop's first call to the recipient's thanks in the sender's mailbox."""

import re
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from pathlib import Path

import pytest
from playwright.sync_api import Page

from local.demo import PLAYED_PERCENT, PLAYED_WITHIN_S, WATCHED_WITHIN_S, check_film
from local.processes import Process
from local.recipient import browser, find_mail
from local.shop import Json, shop_window
from local.walk import MAILED_WITHIN_S, Props, SentGift, Walk, make_props, send_gift
from tests.e2e.conftest import Product

pytestmark = pytest.mark.timeout(360)  # its waits, one after another, add up to more than a test has

WORDS = "Thank you!\nI cried a little & laughed a lot."
PICTURE = "['naturalWidth', 'naturalHeight'].map((side) => document.getElementById('product-image')[side])"
TIMELINE = [
    "gift.created",
    "upload.completed",
    "upload.completed",
    "gift.rendering",
    "mail.accepted receipt",
    "gift.ready",
    "mail.accepted video_ready",
    "order.paid",
    "gift.scheduled",
    "mail.accepted gift",
    "gift.sent",
    "gift.delivered gift",
    "gift.watched",
    "video.progress 25",
    "gift.thanked",
    "mail.accepted thanks",
]


@dataclass(frozen=True)
class Walked:
    """What sender, recipient and shop have seen at the end."""

    sent: SentGift
    watched: Json
    heading: str
    letter: str
    picture: tuple[int, int]
    thanks_state: str
    thanks_mail: Json


@pytest.fixture(scope="module")
def walked(product: Product, worker: Process, tmp_path_factory: pytest.TempPathFactory) -> Walked:
    folder = tmp_path_factory.mktemp("walk")
    drawn, mailbox_url = make_props(folder), product.mailbox.url.removesuffix(".json")
    props = Props(drawn.media[:2], drawn.picture)  # a photo and a clip
    with shop_window(folder) as shop_url:
        sent = send_gift(Walk(), product.shop, props, shop_url=shop_url, mailbox_url=mailbox_url)
        link = sent.gift["watch_url"]
        with browser() as open_link:
            watch_page = open_link(link)
            watch_page.play(PLAYED_PERCENT, within_s=PLAYED_WITHIN_S)
            watched = product.shop.wait_for(sent.gift, "watched", within_s=WATCHED_WITHIN_S)
            page = watch_page._page
            page.evaluate("film.pause()")
            heading, letter = page.inner_text("h1"), page.inner_text("#message")
            width, height = page.evaluate(PICTURE)
            thanks_state = say_thanks(page)
        thanks_mail = find_mail(mailbox_url, "ana@example.com", watch_url=link, within_s=MAILED_WITHIN_S)
    product.shop.wait_for_event(watched, TIMELINE[-1])
    return Walked(sent, watched, heading, letter, (width, height), thanks_state, thanks_mail)


def say_thanks(page: Page) -> str:
    """Write the words and send them; what the page says to that."""
    page.get_by_label("A few words are enough").fill(WORDS)
    page.get_by_role("button", name="Send thanks").click()
    page.wait_for_selector("#thanks-sent:visible")
    return page.inner_text("#thanks-state")


def seen(html: str) -> str:
    """A mail's HTML as it reads, on one line."""
    return " ".join(unescape(re.sub(r"<style>.*?</style>|<[^>]*>", "", html, flags=re.DOTALL)).split())


def test_the_mail_greets_the_recipient_and_has_the_link_in_both_parts(walked: Walked) -> None:
    mail, link = walked.sent.mail, walked.sent.gift["watch_url"]

    assert (mail["subject"], mail["to"], mail["from"]["name"], mail["reply_to"]["email"]) == (
        "Ben, Ana made you a video",
        "ben@example.com",
        "Ana via Giftflick",
        "ana@example.com",
    )
    assert (mail["links"], mail["html"].count(f'href="{link}"')) == ([link], 2)  # the picture and the button
    assert "For Ben, from Ana Ana made you a video Hello Ben, there is a surprise waiting for you." in seen(
        mail["html"]
    )
    assert [line for line in mail["text"].splitlines() if line][:5] == [
        "Hello Ben,",
        "Ana made you a video.",
        "> Happy 30th, Ben! May your coffee be strong, your Mondays short and your cake big enough.",
        "Watch it here:",
        link,
    ]


def test_the_film_is_what_its_template_promises(product: Product, walked: Walked, tmp_path: Path) -> None:
    video = walked.watched["video"]
    film = product.shop.download(video["url"], tmp_path / "film.mp4")
    poster = product.shop.download(video["poster_url"], tmp_path / "poster.jpg")
    template = product.shop.call("GET", f"/v1/templates/{walked.watched['template']}")

    check_film(film, template["aspect_ratio"])
    assert film.stat().st_size == video["size_bytes"]
    assert poster.read_bytes()[:3] == b"\xff\xd8\xff"


def test_the_recipient_sees_who_it_is_from_and_what_it_is_and_gets_thanks_through(walked: Walked) -> None:
    assert walked.heading == "Ana made you a gift, Ben"
    assert walked.letter == walked.sent.gift["message"]
    assert walked.picture == (1200, 1200)
    assert walked.thanks_state == "Sent. Your words are on their way."


def test_the_shop_sees_it_watched(walked: Walked) -> None:
    before, after = walked.sent.gift, walked.watched

    assert (before["status"], before["watched_at"]) == ("sent", None)
    assert (after["status"], after["order"]["status"], after["failure"]) == ("watched", "paid", None)
    times = [after[name] for name in ("created_at", "submitted_at", "rendered_at", "sent_at", "watched_at")]
    assert [datetime.fromisoformat(at) for at in times] == sorted({datetime.fromisoformat(at) for at in times})


def test_the_thanks_are_in_the_senders_mailbox(walked: Walked) -> None:
    mail = walked.thanks_mail

    assert (mail["subject"], mail["links"]) == ("Ben says thank you", [walked.sent.gift["watch_url"]])
    assert "> Thank you!\n> I cried a little & laughed a lot.\n" in mail["text"]
    assert "Thank you! I cried a little & laughed a lot." in seen(mail["html"].replace("<br>", " "))


def test_nobody_gets_a_mail_too_many(product: Product, walked: Walked) -> None:
    subjects = {
        name: [mail["subject"] for mail in product.mailbox.mails(f"{name}@example.com")[::-1]]
        for name in ("ana", "ben")
    }

    assert subjects == {
        "ana": ["Your gift for Ben is in the making", "Your video for Ben is finished", "Ben says thank you"],
        "ben": ["Ben, Ana made you a video"],
    }


def test_the_timeline_tells_it_in_order(product: Product, walked: Walked) -> None:
    times = [datetime.fromisoformat(event["at"]) for event in product.shop.events(walked.watched)]

    assert product.shop.timeline(walked.watched) == TIMELINE
    assert times == sorted(set(times))
