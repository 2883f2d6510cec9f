"""A gift as its recipient may see it: no addresses, no ids, nothing of the order."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from api.exceptions import GoneError, NotFoundError
from api.gifts.models import Gift
from api.gifts.selectors import gift_by_token
from api.gifts.states import ENDED, OPENABLE, GiftStatus
from api.media.links import link_to
from api.rendering.models import Render
from api.viewing.models import THANKS_A_GIFT, Thanks

URL_LIFETIME = timedelta(hours=1)
HOST = re.compile(r"[A-Za-z0-9.:\[\]-]+")


@dataclass(frozen=True)
class Price:
    amount: str
    currency: str


@dataclass(frozen=True)
class Product:
    """`url` and `image_url` are None unless a browser can safely follow them."""

    name: str
    url: str | None
    image_url: str | None
    price: Price | None

    @property
    def shop(self) -> str:
        return (urlsplit(self.url or "").hostname or "").removeprefix("www.")


@dataclass(frozen=True)
class Video:
    """`url` and `poster_url` are signed and work until `expires_at`."""

    url: str
    poster_url: str | None
    duration_s: float | None
    width: int | None
    height: int | None
    expires_at: datetime

    @property
    def shape(self) -> str:
        if not self.width or not self.height or self.width > self.height:
            return "landscape"
        return "square" if self.width == self.height else "portrait"


@dataclass(frozen=True)
class Showing:
    sender_name: str
    recipient_name: str
    message: str
    occasion: str
    product: Product | None
    video: Video
    expires_at: datetime | None
    thanks_left: int

    @property
    def can_thank(self) -> bool:
        return self.thanks_left > 0

    @property
    def film_origins(self) -> list[str]:
        return _origin(self.video.url)

    @property
    def picture_origins(self) -> list[str]:
        """Any host by https, because a shop's picture may be redirected; by http only the picture's own."""
        picture = (self.product and self.product.image_url) or ""
        return [*self.film_origins, "https:", *(_origin(picture) if picture.startswith("http:") else [])]


def open_gift(token: str, *, now: datetime) -> tuple[Gift, Render]:
    """The gift and its film.

    Raises NotFoundError if it was never sent, GoneError once it expired or was withdrawn, also while the task that
    marks it expired has yet to run.
    """
    gift = gift_by_token(token)
    if gift is None or gift.sent_at is None:
        raise NotFoundError("There is no gift at this address, or it has not been sent yet.")
    if GiftStatus(gift.status) in ENDED or (gift.expires_at is not None and gift.expires_at <= now):
        raise GoneError("This gift is no longer available.")
    if GiftStatus(gift.status) not in OPENABLE or gift.film is None:
        raise NotFoundError("There is no gift at this address, or it has not been sent yet.")
    return gift, gift.film


def show_gift(token: str, *, now: datetime) -> Showing:
    """What the page shows, with fresh signed URLs. Raises as `open_gift` does, and BackendError."""
    gift, film = open_gift(token, now=now)
    return Showing(
        sender_name=gift.sender_name,
        recipient_name=gift.recipient_name,
        message=gift.message,
        occasion=gift.occasion,
        product=_product(gift.product),
        video=_video(film, now=now),
        expires_at=gift.expires_at,
        thanks_left=thanks_left(gift),
    )


def thanks_left(gift: Gift) -> int:
    return max(0, THANKS_A_GIFT - Thanks.objects.filter(gift=gift).count())


def _video(film: Render, *, now: datetime) -> Video:
    return Video(
        url=link_to(film.key, now=now, lives=URL_LIFETIME),
        poster_url=link_to(film.poster_key, now=now, lives=URL_LIFETIME) if film.poster_key else None,
        duration_s=film.duration_s,
        width=film.width,
        height=film.height,
        expires_at=now + URL_LIFETIME,
    )


def _product(given: dict[str, Any] | None) -> Product | None:
    if not given:
        return None
    price = given.get("price")
    return Product(
        name=given["name"],
        url=_safe_url(given.get("url")),
        image_url=_safe_url(given.get("image_url")),
        price=Price(amount=price["amount"], currency=price["currency"]) if price else None,
    )


def _origin(url: str) -> list[str]:
    """The URL's origin, if a header can hold it."""
    parts = urlsplit(url)
    return [f"{parts.scheme}://{parts.netloc}"] if HOST.fullmatch(parts.netloc) else []


def _safe_url(url: str | None) -> str | None:
    """A link on a page runs what a `javascript:` URL says, whoever stored it."""
    return url if url and url.lower().startswith(("https://", "http://")) else None
