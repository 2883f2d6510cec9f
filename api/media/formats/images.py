"""JPEG, PNG and WebP: whole files with a picture of bearable size."""

import re

from api.media.accepted import MOST_PIXELS
from api.media.reading import WINDOW, StoredFile
from api.media.refusals import RefusedFileError, truncated, wrong_type

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"

JPEG_START = b"\xff\xd8\xff"
JPEG_END = b"\xff\xd9"
JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # start-of-frame markers
JPEG_SCAN = 0xDA
JPEG_METADATA = 64 * 1024
JPEG_TRAILER = 64 * 1024  # phones put their own data after a picture's end
# A "motion photo" is a JPEG with a film behind it; its metadata say how many bytes before the end the film starts.
JPEG_FILM = re.compile(rb'(?:MicroVideoOffset|Item:Length)="(\d{1,9})"')


def check_jpeg(file: StoredFile) -> None:
    head = file.head(JPEG_METADATA)
    if head[:3] != JPEG_START:
        raise wrong_type("The file is not a JPEG picture.")
    scan = _jpeg_scan(file)
    end = file.size - _jpeg_film_length(file, head)
    start = max(scan, end - JPEG_TRAILER)
    # Inside a scan every FF is followed by 00 or a restart marker, so that only the end looks like the end.
    if start >= end or JPEG_END not in file.read(start, end - start):
        raise truncated("The picture ends before its last line.")


def check_png(file: StoredFile) -> None:
    head = file.head(33)
    if not head.startswith(PNG_SIGNATURE):
        raise wrong_type("The file is not a PNG picture.")
    if len(head) < 33 or head[8:16] != b"\x00\x00\x00\rIHDR":
        raise truncated("The picture has no header.")
    _check_pixels(int.from_bytes(head[16:20]), int.from_bytes(head[20:24]))
    if not file.tail(WINDOW).rstrip(b"\x00").endswith(PNG_END):
        raise truncated("The picture ends before its last line.")


def check_webp(file: StoredFile) -> None:
    head = file.head(30)
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP":
        raise wrong_type("The file is not a WebP picture.")
    if len(head) < 30:
        raise truncated("The picture has no header.")
    whole = int.from_bytes(head[4:8], "little") + 8
    if whole > file.size:
        raise truncated("The picture is longer than the file.")
    if whole < file.size - 1:
        raise wrong_type("The file goes on after the picture's end.")
    _check_pixels(*_webp_pixels(head))


def _jpeg_scan(file: StoredFile) -> int:
    """Where the picture's data start; on the way there its size is checked."""
    position, is_sized = 2, False
    while True:
        lead, marker = file.read(position, 2)
        if lead != 0xFF:
            raise wrong_type("The file is not a JPEG picture.")
        if marker == 0xFF:  # padding
            position += 1
            continue
        length = file.number(position + 2, 2)
        if marker in JPEG_SIZES:
            _check_pixels(width=file.number(position + 7, 2), height=file.number(position + 5, 2))
            is_sized = True
        position += 2 + max(length, 2)
        if marker == JPEG_SCAN:
            break
    if not is_sized:
        raise wrong_type("The picture does not say how large it is.")
    return position


def _jpeg_film_length(file: StoredFile, head: bytes) -> int:
    for found in JPEG_FILM.findall(head):
        length = int(found)
        if 8 <= length < file.size and file.read(file.size - length + 4, 4) == b"ftyp":
            return length
    return 0


def _webp_pixels(head: bytes) -> tuple[int, int]:
    """The picture's size as the first chunk has it: lossy, lossless or extended."""
    match head[12:16]:
        case b"VP8 ":
            return int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF
        case b"VP8L":
            packed = int.from_bytes(head[21:25], "little")
            return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
        case b"VP8X":
            return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    raise wrong_type("The file is not a WebP picture.")


def _check_pixels(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise wrong_type("The picture has no size.")
    if width * height > MOST_PIXELS:
        raise RefusedFileError("too_many_pixels", f"The picture has more than {MOST_PIXELS // 1_000_000} megapixels.")
