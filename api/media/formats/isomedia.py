"""MP4, QuickTime and M4A: one family, made of nested boxes."""

from collections.abc import Iterator
from dataclasses import dataclass

from api.media.accepted import MOST_PIXELS
from api.media.reading import StoredFile
from api.media.refusals import RefusedFileError, truncated, wrong_type

# Older QuickTime files have no `ftyp`.
FIRST = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
AUDIO_BRANDS = frozenset({b"M4A ", b"M4B ", b"M4P "})
# What a browser records comes in hundreds of fragments; so many stand for the rest.
FRAGMENTS_WALKED = 20
BOXES_WALKED = 100


@dataclass(frozen=True)
class Box:
    kind: bytes
    start: int  # of its content
    end: int


@dataclass(frozen=True)
class Track:
    kind: bytes  # b"vide", b"soun", …
    width: int
    height: int


@dataclass(frozen=True)
class Movie:
    brand: bytes  # empty in older QuickTime files
    duration_s: float
    tracks: tuple[Track, ...]

    @property
    def picture(self) -> Track | None:
        return next((track for track in self.tracks if track.kind == b"vide"), None)


def check_video(file: StoredFile) -> None:
    """MP4 and QuickTime alike: phones declare either for both."""
    picture_of(read_movie(file))


def picture_of(movie: Movie) -> Track:
    """The first picture track; refused where there is none, or one too large to decode."""
    picture = movie.picture
    if picture is None or picture.width < 1 or picture.height < 1:
        raise wrong_type("The file has no picture.")
    if picture.width * picture.height > MOST_PIXELS:
        raise RefusedFileError("too_many_pixels", f"The film has more than {MOST_PIXELS // 1_000_000} megapixels.")
    return picture


def check_audio(file: StoredFile) -> None:
    movie = read_movie(file)
    if not any(track.kind == b"soun" for track in movie.tracks):
        raise wrong_type("The file has no sound.")
    if movie.picture and movie.brand not in AUDIO_BRANDS:
        raise wrong_type("The file is a film, not a sound.")


def read_movie(file: StoredFile) -> Movie:
    """What the header says of a whole file: its boxes must tile it to the last byte."""
    brand, header, has_media = b"", None, False
    for box in _top_level(file):
        match box.kind:
            case b"ftyp":
                brand = file.read(box.start, 4) if box.end - box.start >= 4 else b""
            case b"moov":
                header = header or box
            case b"mdat":
                has_media = True
    if header is None:
        raise wrong_type("The file is not a film or sound of the MP4 family, or its header is missing.")
    if not has_media:
        raise truncated("The film has a header and nothing else.")
    tracks = tuple(_track(file, box) for box in _boxes(file, header.start, header.end) if box.kind == b"trak")
    return Movie(brand=brand, duration_s=_duration(file, header), tracks=tracks)


def _top_level(file: StoredFile) -> Iterator[Box]:
    fragments = 0
    for count, box in enumerate(_boxes(file, 0, file.size)):
        yield box
        fragments += box.kind == b"moof"
        if fragments > FRAGMENTS_WALKED:
            return
        if count > BOXES_WALKED:
            raise wrong_type("The file has too many parts for a film.")


def _boxes(file: StoredFile, start: int, end: int) -> Iterator[Box]:
    position = start
    while position < end:
        box = _box(file, position, end)
        yield box
        position = box.end


def _box(file: StoredFile, position: int, end: int) -> Box:
    header = file.read(position, 8)
    length, kind, start = int.from_bytes(header[:4]), header[4:], position + 8
    if position == 0 and kind not in FIRST:
        raise wrong_type("The file is not of the MP4 family.")
    if length == 1:
        length, start = file.number(start, 8), start + 8
    elif length == 0 and kind == b"mdat":  # to the end of the file
        length = end - position
    if position + length < start:
        raise wrong_type("The film's structure is broken.")
    if position + length > end:
        raise truncated("The film is longer than the file.")
    return Box(kind=kind, start=start, end=position + length)


def _child(file: StoredFile, parent: Box, kind: bytes) -> Box:
    for box in _boxes(file, parent.start, parent.end):
        if box.kind == kind:
            return box
    raise wrong_type("The film's header is incomplete.")


def _track(file: StoredFile, box: Box) -> Track:
    head = _child(file, box, b"tkhd")
    handler = _child(file, _child(file, box, b"mdia"), b"hdlr")
    size_at = head.start + (88 if _version(file, head) == 1 else 76)
    return Track(
        kind=file.read(handler.start + 8, 4),
        width=file.number(size_at, 4) >> 16,  # 16.16 fixed point
        height=file.number(size_at + 4, 4) >> 16,
    )


def _duration(file: StoredFile, header: Box) -> float:
    """Seconds; 0 where the header does not say, as in fragmented files."""
    head = _child(file, header, b"mvhd")
    if _version(file, head) == 1:
        scale, length, unknown = file.number(head.start + 20, 4), file.number(head.start + 24, 8), 2**64 - 1
    else:
        scale, length, unknown = file.number(head.start + 12, 4), file.number(head.start + 16, 4), 2**32 - 1
    return length / scale if scale and length != unknown else 0.0


def _version(file: StoredFile, box: Box) -> int:
    return file.number(box.start, 1)
