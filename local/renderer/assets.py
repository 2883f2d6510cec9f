"""Fetches an edit's assets over HTTP and finds out what they are before anything is rendered from them."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import urllib3
from PIL import Image, ImageOps

from local.renderer.edits import AudioAsset, Edit, ImageAsset, VideoAsset
from local.renderer.ffmpeg import UNTRUSTED, Ffmpeg, FfmpegError

MAX_BYTES = 600 * 1024 * 1024
MAX_DOWNLOAD_SECONDS = 120.0
MAX_PIXELS = 120_000_000
PROBE_SECONDS = 30.0
PICTURE_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
# A picture is kept no larger than this, whatever was uploaded: twice the widest film.
PICTURE_BOX = (2560, 2560)


class AssetError(Exception):
    """An asset that cannot be used; the text is what the status document says, so it leaves out the URL's query."""


@dataclass(frozen=True)
class Media:
    """A fetched asset. `width` and `height` are as shown, rotation applied, 0 for sound; a picture has no `seconds`."""

    path: Path
    demuxer: str
    width: int = 0
    height: int = 0
    seconds: float = 0.0
    has_sound: bool = False


Assets = dict[tuple[str, str], Media]


def fetch_assets(edit: Edit, folder: Path, ffmpeg: Ffmpeg, stopping: Event) -> Assets:
    """Download and inspect every asset once, keyed by (type, src). Raises AssetError naming the first that fails."""
    assets: Assets = {}
    downloads: dict[str, Path] = {}
    for kind, src in _sources(edit):
        if (kind, src) in assets:
            continue
        if src not in downloads:
            downloads[src] = _download(src, folder / f"asset-{len(downloads)}", stopping)
        inspect = _inspect_picture if kind == "image" else _inspect_stream
        assets[kind, src] = inspect(kind, src, downloads[src], ffmpeg)
    return assets


def _sources(edit: Edit) -> Iterator[tuple[str, str]]:
    for track in edit.timeline.tracks:
        for clip in track.clips:
            if isinstance(clip.asset, ImageAsset | VideoAsset | AudioAsset):
                yield clip.asset.type, clip.asset.src
    if edit.timeline.soundtrack:
        yield "audio", edit.timeline.soundtrack.src


def _shown(src: str) -> str:
    """The URL without query, fragment and user: a presigned one must not get into a status or a log."""
    return re.sub(r"//[^/@]*@", "//", re.sub(r"[?#].*", "", src, flags=re.DOTALL))[:300]


def _download(src: str, path: Path, stopping: Event) -> Path:
    if not re.match(r"https?://", src, re.IGNORECASE):
        raise AssetError(f"The asset {_shown(src)} is not an http or https URL")
    deadline = time.monotonic() + MAX_DOWNLOAD_SECONDS
    timeout = urllib3.Timeout(connect=10, read=30)
    try:
        with urllib3.PoolManager(timeout=timeout, retries=urllib3.Retry(3, backoff_factor=0.3)) as pool:
            response = pool.request("GET", src, preload_content=False)
            if response.status != 200:
                raise AssetError(f"The asset {_shown(src)} could not be downloaded: HTTP status {response.status}")
            with path.open("wb") as file:
                for size, chunk in _counted_chunks(response):
                    file.write(chunk)
                    if size > MAX_BYTES:
                        raise AssetError(f"The asset {_shown(src)} is larger than {MAX_BYTES // 1024**2} MB")
                    if time.monotonic() > deadline or stopping.is_set():
                        raise AssetError(f"The asset {_shown(src)} took too long to download")
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        raise AssetError(f"The asset {_shown(src)} could not be downloaded: {type(error).__name__}") from None
    return path


def _counted_chunks(response: urllib3.BaseHTTPResponse) -> Iterator[tuple[int, bytes]]:
    """Yield (bytes so far, chunk)."""
    size = 0
    for chunk in response.stream(256 * 1024):
        size += len(chunk)
        yield size, chunk


def _inspect_picture(kind: str, src: str, path: Path, ffmpeg: Ffmpeg) -> Media:  # noqa: ARG001 - one shape with streams
    """Decode with Pillow and keep upright RGB or RGBA of a sane size: ffmpeg never reads a picture from outside."""
    upright = path.with_suffix(".png")
    try:
        with Image.open(path, formats=PICTURE_FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise AssetError(f"The asset {_shown(src)} has too many pixels")
            picture.draft("RGB", PICTURE_BOX)
            turned = ImageOps.exif_transpose(picture)
            plain = turned.convert("RGBA" if turned.has_transparency_data else "RGB")
            plain.thumbnail(PICTURE_BOX)
            plain.save(upright, compress_level=1)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise AssetError(f"The asset {_shown(src)} is not a picture that can be decoded") from None
    return Media(upright, "image2", *plain.size)


def _inspect_stream(kind: str, src: str, path: Path, ffmpeg: Ffmpeg) -> Media:
    problem = AssetError(
        f"The asset {_shown(src)} is not {'a video' if kind == 'video' else 'audio'} that can be decoded"
    )
    demuxer = _sniff(path)
    if not demuxer:
        raise problem
    stream = "0:v:0" if kind == "video" else "0:a:0"
    opened = [*UNTRUSTED, "-f", demuxer, "-i", path.name]
    try:
        # Decoding the first frames proves that the codec is known, which the header alone does not.
        printed = ffmpeg.run(
            [*opened, "-map", stream, "-frames:v" if kind == "video" else "-frames:a", "3", "-f", "null", "-"],
            folder=path.parent,
            timeout=PROBE_SECONDS,
        )
        header = printed.partition("Output #0")[0]
        seconds = _duration(header) or _counted_duration(ffmpeg, opened, stream, path.parent)
    except FfmpegError:
        raise problem from None
    width, height = _displayed_size(header) if kind == "video" else (0, 0)
    if seconds <= 0 or (kind == "video" and not width):
        raise problem
    return Media(path, demuxer, width, height, seconds, has_sound=bool(re.search(r"Stream #0:\d+.*: Audio: ", header)))


def _sniff(path: Path) -> str | None:
    """The one demuxer that ffmpeg may use, from the file's first bytes."""
    with path.open("rb") as file:
        head = file.read(16)
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "mov"
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "wav"
    if head[:3] == b"ID3" or (head[:1] == b"\xff" and head[1:2] in (b"\xfb", b"\xfa", b"\xf3", b"\xf2")):
        return "mp3"
    if head[:2] in (b"\xff\xf1", b"\xff\xf9"):
        return "aac"
    return {b"\x1a\x45\xdf\xa3": "matroska", b"OggS": "ogg", b"fLaC": "flac"}.get(head[:4])


def _duration(printed: str) -> float:
    found = re.search(r"Duration: (\d+):(\d+):(\d+\.\d+)", printed)
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]) if found else 0.0


def _counted_duration(ffmpeg: Ffmpeg, opened: list[str], stream: str, folder: Path) -> float:
    """Read the whole file: a browser's recorder leaves the duration out of a webm's header."""
    printed = ffmpeg.run(
        [*opened, "-map", stream, "-c", "copy", "-f", "null", "-"], folder=folder, timeout=PROBE_SECONDS
    )
    times = re.findall(r"time=(\d+):(\d+):(\d+\.\d+)", printed)
    return int(times[-1][0]) * 3600 + int(times[-1][1]) * 60 + float(times[-1][2]) if times else 0.0


def _displayed_size(header: str) -> tuple[int, int]:
    found = re.search(r": Video: .*?\b(\d{2,5})x(\d{2,5})\b(?: \[SAR (\d+):(\d+))?", header)
    if not found:
        return 0, 0
    width, height = int(found[1]), int(found[2])
    if found[3] and int(found[3]) and int(found[4]):
        width = max(1, round(width * int(found[3]) / int(found[4])))
    turn = re.search(r"rotation of (-?\d+)", header)
    return (height, width) if turn and abs(int(turn[1])) % 180 == 90 else (width, height)
