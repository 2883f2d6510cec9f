"""What a film is made from: one gift's words, media and product, and where the film goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Clip:
    """One of the sender's uploads, at a URL that the renderer can fetch.

    Without `duration_s` a video or a sound gets a slot of a fixed length.
    """

    kind: Literal["image", "video", "audio"]
    url: str
    duration_s: float | None = None


@dataclass(frozen=True)
class ProductCard:
    name: str
    price: str = ""
    image_url: str | None = None


@dataclass(frozen=True)
class FilmContent:
    """A template's theme and scenes, and what one gift puts into them.

    `fields` are the template's merge fields with their defaults filled in (`api.templates.selectors.merge_values`).
    """

    theme: Mapping[str, Any]
    scenes: Sequence[Mapping[str, Any]]
    aspect_ratio: str
    fields: Mapping[str, str]
    sender_name: str
    recipient_name: str
    message: str = ""
    media: tuple[Clip, ...] = ()
    product: ProductCard | None = None
    music_url: str | None = None
    backdrop_url: str | None = None


@dataclass(frozen=True)
class Destination:
    """Where the renderer puts the film: `{prefix}/{filename}.mp4` in our bucket, its poster beside it."""

    bucket: str
    region: str
    filename: str
    prefix: str = "renders"
