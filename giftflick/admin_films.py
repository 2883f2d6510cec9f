"""Films and pictures on the admin's pages: addresses that are signed as the page is looked at, and live for an hour."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from api.exceptions import BackendError
from api.media import bucket
from api.media.links import link_to
from api.media.models import Upload
from api.media.states import UploadStatus
from api.rendering.models import Render
from giftflick.admin_parts import size

LIVES = timedelta(hours=1)


@dataclass(frozen=True)
class Picture:
    """An image, a clip or a sound to look at; without a `url` the words say why there is none."""

    kind: str
    url: str
    words: str


@dataclass(frozen=True)
class FilmShown:
    url: str
    poster_url: str
    words: str


def picture_of(upload: Upload) -> Picture:
    kind = upload.content_type.partition("/")[0]
    name = {"image": "Photo", "video": "Clip", "audio": "Sound"}.get(kind, "File")
    words = f"{name} {upload.filename}, {size(upload.size)}"
    if upload.status != UploadStatus.READY:
        return Picture(kind, "", f"{words}: {upload.get_status_display()}")
    try:
        return Picture(kind, bucket.presigned_get(upload.key, expires_in=LIVES), words)
    except BackendError as error:
        return Picture(kind, "", f"{words}: {error.detail}")


def film_of(render: Render, *, now: datetime) -> FilmShown:
    """Whether the file is there is for the browser to find out: signing asks nobody."""
    facts = [f"{render.duration_s:.1f} s" if render.duration_s else "", f"{render.width}x{render.height}"]
    words = ", ".join(fact for fact in (*facts, size(render.size_bytes)) if fact)
    try:
        poster = link_to(render.poster_key, now=now, lives=LIVES) if render.poster_key else ""
        return FilmShown(link_to(render.key, now=now, lives=LIVES), poster, words)
    except BackendError as error:
        return FilmShown("", "", error.detail)
