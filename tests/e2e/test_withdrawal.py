"""A gift that is taken back after it was mailed."""

from dataclasses import dataclass

import pytest

from local.processes import Process
from local.shop import Json
from tests.e2e.asking import ask
from tests.e2e.conftest import Product
from tests.e2e.storefront import RENDERED_WITHIN_S
from tests.waiting import eventually

REMOVED_WITHIN_S = 10


@dataclass(frozen=True)
class Addresses:
    """What a recipient may have kept open in a browser."""

    page: str
    showing: str
    film: str
    poster: str

    def statuses(self) -> tuple[int, int, int, int]:
        page, showing, film, poster = (ask(url).status for url in (self.page, self.showing, self.film, self.poster))
        return page, showing, film, poster


@dataclass(frozen=True)
class Withdrawn:
    """A gift that was sent and then canceled, and canceled once more; `before` are the answers to its addresses."""

    addresses: Addresses
    before: tuple[int, int, int, int]
    canceled: Json
    canceled_again: Json


@pytest.fixture(scope="module")
def withdrawn(product: Product, worker: Process) -> Withdrawn:
    shop = product.shop
    gift = shop.wait_for(shop.submit_greeting("Tom", "Lea"), "sent", within_s=RENDERED_WITHIN_S)
    link, video = gift["watch_url"], gift["video"]
    addresses = Addresses(link, link.replace("/g/", "/public/gifts/"), video["url"], video["poster_url"])
    before = addresses.statuses()
    return Withdrawn(addresses, before, shop.cancel(gift), shop.cancel(gift))


def test_its_link_is_gone_and_its_film_leaves_the_bucket(withdrawn: Withdrawn) -> None:
    assert withdrawn.before == (200, 200, 200, 200)

    eventually(
        lambda: withdrawn.addresses.statuses() == (410, 410, 404, 404),
        REMOVED_WITHIN_S,
        withdrawn.addresses.statuses,
    )


def test_the_page_says_so_and_takes_nothing_more(withdrawn: Withdrawn) -> None:
    page, showing = withdrawn.addresses.page, withdrawn.addresses.showing
    thanks = ask(f"{showing}/thanks", method="POST", body={"message": "Thank you!"})
    progress = ask(f"{showing}/progress", method="POST", body={"percent": 25})

    assert "<h1>This gift is no longer available</h1>" in ask(page).data.decode()
    assert [(answer.status, answer.json()["code"]) for answer in (ask(showing), thanks, progress)] == [
        (410, "gone")
    ] * 3


def test_the_shop_sees_it_canceled_without_a_film(withdrawn: Withdrawn) -> None:
    gift = withdrawn.canceled

    assert (gift["status"], gift["video"], gift["watch_url"]) == ("canceled", None, None)
    assert (gift["canceled_at"] is None, gift["sent_at"] is None) == (False, False)


def test_canceling_it_again_changes_nothing(product: Product, withdrawn: Withdrawn) -> None:
    first, second = withdrawn.canceled, withdrawn.canceled_again

    assert (second["status"], second["canceled_at"]) == ("canceled", first["canceled_at"])
    assert product.shop.timeline(first).count("gift.canceled") == 1


def test_the_recipient_is_mailed_the_gift_and_nothing_about_its_end(product: Product, withdrawn: Withdrawn) -> None:
    assert [mail["subject"] for mail in product.mailbox.mails("lea@example.com")] == ["Lea, Tom made you a video"]
