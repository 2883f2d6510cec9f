"""Walks one gift from the shop's first call to the recipient's mailbox, telling and timing every step."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.recipient import find_mail
from local.shop import Json, Shop
from local.terminal import step

RENDERED_WITHIN_S = 180
SENT_WITHIN_S = 30
MAILED_WITHIN_S = 10


@dataclass(frozen=True)
class Props:
    """What the sender has to show, and the shop's picture of the product."""

    media: list[Path]
    picture: Path


@dataclass(frozen=True)
class SentGift:
    """The gift as the shop sees it, and the mail as its recipient does: the gift's `watch_url` is one of its links."""

    gift: Json
    mail: Json


class Walk:
    """`seconds` has the time each finished step took, by its short name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str, what: str) -> Iterator[None]:
        """Show `what` while it is under way, where that can be overwritten, and once it is done."""
        is_terminal = sys.stdout.isatty()
        if is_terminal:
            print(f"… {what}", end="\r", flush=True)
        started = time.monotonic()
        try:
            with step(what):
                yield
        except BaseException:
            if is_terminal:
                print()
            raise
        self.seconds[name] = round(time.monotonic() - started, 2)


def make_props(folder: Path, *, photo: Path | None = None, clip: Path | None = None) -> Props:
    """The user's own photo and clip; what is missing is drawn into `folder`: two photos, a clip, a product."""
    from local.samples import product_picture, sample_clip, sample_photo, second_sample_photo  # slow, and seldom needed

    with step("Sample media"):
        first = photo or sample_photo(folder / "cake.jpg")
        film = clip or sample_clip(folder / "balloons.mp4")
        others = [] if photo else [second_sample_photo(folder / "beach.jpg")]
        return Props([first, film, *others], product_picture(folder / "espresso-set.jpg"))


def send_gift(walk: Walk, shop: Shop, props: Props, *, shop_url: str, mailbox_url: str) -> SentGift:
    """Make a gift of the media and have it mailed; the product's picture is to be seen at `shop_url`."""
    with walk.step("upload", f"Shop: {len(props.media)} files uploaded straight to the bucket"):
        uploads = [shop.upload(file) for file in props.media]
    with walk.step("create", "Shop: gift created and submitted"):
        gift = shop.create_gift(uploads, picture_url=f"{shop_url}/{props.picture.name}")
        shop.submit(gift)
    with walk.step("film", "Renderer: film made and stored"):
        gift = shop.wait_for(gift, "ready", within_s=RENDERED_WITHIN_S)
    with walk.step("send", "Shop: order marked as paid; gift sent"):
        shop.mark_paid(gift)
        gift = shop.wait_for(gift, "sent", within_s=SENT_WITHIN_S)
    with walk.step("mail", f"Recipient: mail for {gift['recipient']['name']} in the mailbox"):
        address, link = gift["recipient"]["email"], gift["watch_url"]
        mail = find_mail(mailbox_url, address, watch_url=link, within_s=MAILED_WITHIN_S)
    return SentGift(gift, mail)
