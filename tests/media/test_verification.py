"""Files as they come from cameras and recorders, and files that only say they are."""

import contextlib
import io
import zipfile

import pytest

from api.media.accepted import LARGEST, VIDEO
from api.media.reading import MOST_BYTES, MOST_REQUESTS
from api.media.refusals import RefusedFileError
from api.media.verification import CHECKS, verify_file
from tests.media.samples import picture

HONEST = {
    "film.mp4": "video/mp4",
    "faststart.mp4": "video/mp4",
    "fragmented.mp4": "video/mp4",
    "many-fragments.mp4": "video/mp4",
    "film.mov": "video/quicktime",
    "film.webm": "video/webm",
    "live.webm": "video/webm",
    "photo.jpg": "image/jpeg",
    "progressive.jpg": "image/jpeg",
    "photo.png": "image/png",
    "photo.webp": "image/webp",
    "lossless.webp": "image/webp",
    "extended.webp": "image/webp",
    "sound.mp3": "audio/mpeg",
    "plain.mp3": "audio/mpeg",
    "sound.m4a": "audio/mp4",
    "sound.wav": "audio/wav",
}
# A live recording says nowhere how long it will be, so its end cannot be missed.
ENDLESS = {"live.webm", "plain.mp3", "many-fragments.mp4"}
WITH_AN_END = [(name, declared) for name, declared in HONEST.items() if name not in ENDLESS]


def zipped() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("word/document.xml", b"<w:document/>" * 500)
    return target.getvalue()


IMPOSTORS = {
    "html": b"<!doctype html><script>alert(1)</script>" * 200,
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>' * 100,
    "zip": zipped(),
    "gif": picture("GIF"),
    "exe": b"MZ\x90\x00" + bytes(8000),
    "elf": b"\x7fELF\x02\x01\x01" + bytes(8000),
    "pdf": b"%PDF-1.7\n" + b"0" * 8000,
    "heic": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00heicmif1" + b"\x00\x00\x10\x00mdat" + bytes(4088),
    "zeros": bytes(8000),
    "ones": b"\xff" * 8000,
    "one byte": b"\x00",
}


def verdict(declared: str, content: bytes) -> str:
    try:
        verify_file(declared, len(content), lambda start, length: content[start : start + length])
    except RefusedFileError as refusal:
        return refusal.code
    return "accepted"


def test_every_accepted_type_has_a_check() -> None:
    assert set(CHECKS) == set(LARGEST)


@pytest.mark.parametrize(("name", "declared"), HONEST.items())
def test_honest_file_is_accepted(samples: dict[str, bytes], name: str, declared: str) -> None:
    assert verdict(declared, samples[name]) == "accepted"


@pytest.mark.parametrize(("name", "declared"), WITH_AN_END)
@pytest.mark.parametrize("kept", [0.05, 0.5, 0.95, 1])
def test_truncated_file_is_refused(samples: dict[str, bytes], name: str, declared: str, kept: float) -> None:
    content = samples[name][: int(len(samples[name]) * kept)] if kept < 1 else samples[name][:-1]

    assert verdict(declared, content) in {"truncated", "wrong_type"}


@pytest.mark.parametrize("declared", sorted(LARGEST))
@pytest.mark.parametrize("impostor", IMPOSTORS)
def test_impostor_is_refused(declared: str, impostor: str) -> None:
    assert verdict(declared, IMPOSTORS[impostor]) in {"wrong_type", "truncated"}


@pytest.mark.parametrize("declared", sorted(LARGEST))
def test_file_of_another_type_is_refused(samples: dict[str, bytes], declared: str) -> None:
    families = [{"video/mp4", "video/quicktime"}]
    same = next((family for family in families if declared in family), {declared})
    others = [name for name, honest in HONEST.items() if honest not in same] + ["sound.webm", "sound.mkv"]

    assert {
        name: verdict(declared, samples[name]) for name in others if verdict(declared, samples[name]) == "accepted"
    } == {}


@pytest.mark.parametrize(
    ("name", "declared"), [("film.mp4", "video/quicktime"), ("film.mov", "video/mp4")]
)  # phones declare either for both
def test_mp4_and_quicktime_pass_for_each_other(samples: dict[str, bytes], name: str, declared: str) -> None:
    assert verdict(declared, samples[name]) == "accepted"


def test_photo_with_a_phones_trailer_is_accepted(samples: dict[str, bytes]) -> None:
    assert verdict("image/jpeg", samples["photo.jpg"] + bytes(500)) == "accepted"
    assert verdict("image/jpeg", samples["photo.jpg"] + b"\x00\x00\xf1\x0aSEFH" + b"x" * 400 + b"SEFT") == "accepted"
    assert verdict("image/png", samples["photo.png"] + bytes(500)) == "accepted"


def test_motion_photo_is_accepted_unless_its_picture_is_cut(samples: dict[str, bytes]) -> None:
    film = samples["film.mp4"] * 3  # longer than any trailer
    note = b'http://ns.adobe.com/xap/1.0/\x00<x GCamera:MicroVideoOffset="%d"/>' % len(film)
    metadata = b"\xff\xe1" + (len(note) + 2).to_bytes(2, "big") + note
    photo = samples["photo.jpg"][:2] + metadata + samples["photo.jpg"][2:]

    assert verdict("image/jpeg", photo + film) == "accepted"
    assert verdict("image/jpeg", photo[:-200] + film) == "truncated"


def test_thumbnail_in_a_cut_photo_does_not_pass_for_its_end(samples: dict[str, bytes]) -> None:
    thumbnail = b"Exif\x00\x00" + samples["progressive.jpg"]
    metadata = b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail
    photo = samples["photo.jpg"][:2] + metadata + samples["photo.jpg"][2:]

    assert verdict("image/jpeg", photo) == "accepted"
    assert verdict("image/jpeg", photo[:-100]) == "truncated"


def test_mp3_with_a_cover_is_accepted(samples: dict[str, bytes]) -> None:
    cover = bytes(3 * 1024 * 1024)
    tag = b"ID3\x04\x00\x00" + bytes((len(cover) >> shift) & 0x7F for shift in (21, 14, 7, 0)) + cover

    assert verdict("audio/mpeg", tag + samples["plain.mp3"]) == "accepted"
    assert verdict("audio/mpeg", tag) == "truncated"


def test_bytes_behind_the_end_are_refused_where_the_file_says_its_length(samples: dict[str, bytes]) -> None:
    for name in ("film.webm", "photo.webp", "sound.wav", "film.mp4"):
        assert verdict(HONEST[name], samples[name] + IMPOSTORS["zip"]) != "accepted", name


@pytest.mark.parametrize(("kind", "declared"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")])
def test_picture_with_too_many_pixels_is_refused(kind: str, declared: str) -> None:
    content = bytearray(picture(kind))
    if kind == "PNG":
        content[16:24] = (8000).to_bytes(4, "big") * 2
    elif kind == "JPEG":
        at = content.index(b"\xff\xc0")
        content[at + 5 : at + 9] = (8000).to_bytes(2, "big") * 2
    else:
        content[26:30] = (8000).to_bytes(2, "little") * 2

    assert verdict(declared, bytes(content)) == "too_many_pixels"


def test_film_of_500_mb_is_judged_by_a_few_small_ranges(samples: dict[str, bytes]) -> None:
    """Its media box has a 64-bit length, and its header is at the end."""
    film = samples["film.mp4"]
    header_at = film.index(b"moov") - 4
    media_at = film.index(b"mdat") - 4
    media_length = VIDEO - media_at - (len(film) - header_at)
    start = film[:media_at] + b"\x00\x00\x00\x01mdat" + media_length.to_bytes(8, "big")
    end = film[header_at:]
    reads: list[int] = []

    end_at = VIDEO - len(end)

    def byte_at(position: int) -> int:
        if position < len(start):
            return start[position]
        return end[position - end_at] if position >= end_at else 0

    def fetch(first: int, length: int) -> bytes:
        reads.append(length)
        return bytes(byte_at(position) for position in range(first, first + length))

    verify_file("video/mp4", VIDEO, fetch)

    assert len(reads) <= 4
    assert sum(reads) <= 16 * 1024


@pytest.mark.parametrize("box", [b"\x00\x00\x00\x08free", b"\x00\x00\x00\x01free\x00\x00\x00\x00\x00\x00\x00\x10"])
def test_endless_small_boxes_are_given_up(box: bytes) -> None:
    content = box * 100_000

    assert verdict("video/mp4", content) == "wrong_type"


@pytest.mark.parametrize("length", [0, 1, 7, 2**32 - 1])
def test_hostile_box_lengths_are_refused(samples: dict[str, bytes], length: int) -> None:
    film = samples["faststart.mp4"]
    for kind in (b"ftyp", b"moov", b"trak", b"mdia", b"mvhd"):
        at = film.index(kind) - 4
        hostile = film[:at] + length.to_bytes(4, "big") + film[at + 4 :]
        assert verdict("video/mp4", hostile) != "accepted", kind


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("name", "declared"), HONEST.items())
def test_flipped_bytes_end_in_a_verdict_within_the_budget(
    samples: dict[str, bytes], name: str, declared: str, seed: int
) -> None:
    """Nothing but RefusedFileError comes out of any header, however broken."""
    content = bytearray(samples[name])
    for step in range(200):
        content[(step * 37 + seed * 11) % min(len(content), 2000)] ^= 0xFF if step % 2 else 0x01
        reads: list[int] = []

        def fetch(start: int, length: int, reads: list[int] = reads, content: bytearray = content) -> bytes:
            reads.append(length)
            return bytes(content[start : start + length])

        with contextlib.suppress(RefusedFileError):
            verify_file(declared, len(content), fetch)
        assert len(reads) <= MOST_REQUESTS
        assert sum(reads) <= MOST_BYTES
