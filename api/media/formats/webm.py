"""WebM: a whole file with a picture track."""

from collections.abc import Iterator
from dataclasses import dataclass

from api.media.accepted import MOST_PIXELS
from api.media.reading import StoredFile
from api.media.refusals import RefusedFileError, truncated, wrong_type

HEADER = b"\x1aE\xdf\xa3"
DOC_TYPE, SEGMENT, CLUSTER = 0x4282, 0x18538067, 0x1F43B675
TRACKS, TRACK, TRACK_TYPE, VIDEO, WIDTH, HEIGHT = 0x1654AE6B, 0xAE, 0x83, 0xE0, 0xB0, 0xBA
PICTURE = 1


@dataclass(frozen=True)
class Element:
    id: int
    start: int
    end: int | None  # a live recorder could not know it


def check_webm(file: StoredFile) -> None:
    if file.head(4) != HEADER:
        raise wrong_type("The file is not a WebM.")
    header = _element(file, 0)
    kind = _child(file, header, DOC_TYPE)
    if header.end is None or kind is None or _content(file, kind).rstrip(b"\x00") != b"webm":
        raise wrong_type("The file is not a WebM.")
    segment = _element(file, header.end)
    if segment.id != SEGMENT:
        raise wrong_type("The file is not a WebM.")
    if segment.end is not None and segment.end < file.size:
        raise wrong_type("The file goes on after the film's end.")
    _check_picture(file, segment)


def _check_picture(file: StoredFile, segment: Element) -> None:
    tracks = _child(file, segment, TRACKS, before=CLUSTER)
    for track in _children(file, tracks) if tracks else ():
        kind, video = _child(file, track, TRACK_TYPE), _child(file, track, VIDEO)
        if track.id != TRACK or kind is None or video is None or _number(file, kind) != PICTURE:
            continue
        width, height = _child(file, video, WIDTH), _child(file, video, HEIGHT)
        pixels = _number(file, width) * _number(file, height) if width and height else 0
        if pixels > MOST_PIXELS:
            raise RefusedFileError("too_many_pixels", f"The film has more than {MOST_PIXELS // 1_000_000} megapixels.")
        if pixels > 0:
            return
    raise wrong_type("The file has no picture.")


def _child(file: StoredFile, parent: Element, wanted: int, *, before: int | None = None) -> Element | None:
    for element in _children(file, parent):
        if element.id == wanted:
            return element
        if element.id == before:
            break
    return None


def _children(file: StoredFile, parent: Element) -> Iterator[Element]:
    position, end = parent.start, file.size if parent.end is None else parent.end
    while position < end:
        element = _element(file, position)
        if element.end is not None and element.end > end:
            raise truncated("The film's structure is broken.")
        yield element
        if element.end is None:
            return
        position = element.end


def _element(file: StoredFile, position: int) -> Element:
    """Read an element's id and length; one that does not fit the file is refused."""
    id_length = _width(file, position)
    length_at = position + id_length
    length_width = _width(file, length_at)
    start = length_at + length_width
    unknown = (1 << 7 * length_width) - 1
    length = file.number(length_at, length_width) & unknown
    if length == unknown:
        return Element(file.number(position, id_length), start, None)
    if start + length > file.size:
        raise truncated("The film is longer than the file.")
    return Element(file.number(position, id_length), start, start + length)


def _width(file: StoredFile, position: int) -> int:
    """How many bytes a number has: its leading zero bits, and one."""
    first = file.number(position, 1)
    if first == 0:
        raise wrong_type("The file is not a WebM.")
    return 9 - first.bit_length()


def _content(file: StoredFile, element: Element) -> bytes:
    if element.end is None or element.end - element.start > 16:
        raise wrong_type("The film's structure is broken.")
    return file.read(element.start, element.end - element.start)


def _number(file: StoredFile, element: Element) -> int:
    return int.from_bytes(_content(file, element))
