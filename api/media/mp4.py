"""What a stored film's own header says about it."""

from dataclasses import dataclass
from functools import partial

from api.media import bucket
from api.media.formats.isomedia import picture_of, read_movie
from api.media.reading import StoredFile


@dataclass(frozen=True)
class Film:
    duration_s: float
    width: int
    height: int


def read_film(key: str, size: int) -> Film:
    """Reads a few kilobytes of the object, wherever its header stands.

    Raises ValueError with the reason when it is no whole MP4 with a picture track and a length, BackendError when the
    bucket does not answer.
    """
    try:
        movie = read_movie(StoredFile(size, partial(bucket.read_range, key)))
    except bucket.NoObjectError as error:
        raise ValueError("The film is not in the bucket.") from error
    picture = picture_of(movie)
    if movie.duration_s <= 0:
        raise ValueError("The film does not say how long it is.")
    return Film(duration_s=movie.duration_s, width=picture.width, height=picture.height)
