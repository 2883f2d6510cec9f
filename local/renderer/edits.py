"""The subset of Shotstack's Edit that this renderer knows, as dataclasses, and its merge fields.

Names, defaults and choices are those of the vendor's OpenAPI definition, except that custom `fonts` are accepted and
not loaded: the families Roboto and Fredoka One are built in.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from local.renderer.schema import InvalidEditError, Length, OneOf, Pattern, Range, read

MAX_SECONDS = 600.0
# Every clip is an open file while the film is drawn, and macOS allows a process 256 of them.
MAX_CLIPS = 200

SPEEDS = ("", "Slow", "Fast")
EFFECTS = frozenset(
    move + speed
    for move in ("zoomIn", "zoomOut", "slideLeft", "slideRight", "slideUp", "slideDown")
    for speed in SPEEDS
)
SIDES = ("Left", "Right", "Up", "Down")
CORNERS = ("TopRight", "RightTop", "RightBottom", "BottomRight", "BottomLeft", "LeftBottom", "LeftTop", "TopLeft")
TRANSITIONS = frozenset(
    name + speed
    for name in (
        *("fade", "reveal", "zoom", "wipeLeft", "wipeRight"),
        *(f"slide{side}" for side in SIDES),
        *(f"carousel{side}" for side in SIDES),
        *(f"shuffle{corner}" for corner in CORNERS),
    )
    for speed in SPEEDS
)

Url = Annotated[str, Length(1, 4096)]
Color = Annotated[str, Pattern("#[0-9A-Fa-f]{6}", "a hexadecimal color such as #ff8800")]
Fraction = Annotated[float, Range(0, 1)]
Seconds = Annotated[float, Range(0, MAX_SECONDS)]
Pixels = Annotated[int, Range(1, 4096)]
Position = Literal["top", "topRight", "right", "bottomRight", "bottom", "bottomLeft", "left", "topLeft", "center"]
SoundEffect = Literal["none", "fadeIn", "fadeOut", "fadeInFadeOut"]


@dataclass(frozen=True, kw_only=True)
class ImageAsset:
    type: Literal["image"]
    src: Url


@dataclass(frozen=True, kw_only=True)
class VideoAsset:
    type: Literal["video"]
    src: Url
    volume: Fraction = 1.0
    volume_effect: SoundEffect = "none"
    trim: Seconds = 0.0


@dataclass(frozen=True, kw_only=True)
class AudioAsset:
    type: Literal["audio"]
    src: Url
    volume: Fraction = 1.0
    effect: SoundEffect = "none"
    trim: Seconds = 0.0


@dataclass(frozen=True, kw_only=True)
class TextFont:
    family: Annotated[str, Length(1, 100)] = "Roboto"
    size: Annotated[int, Range(1, 500)] = 32
    color: Color = "#ffffff"
    opacity: Fraction = 1.0
    weight: Annotated[int, Range(100, 900)] = 400
    line_height: Annotated[float, Range(0.5, 10)] = 1.2


@dataclass(frozen=True, kw_only=True)
class TextBackground:
    color: Color = "#000000"
    opacity: Fraction = 1.0
    padding: Annotated[float, Range(0, 100)] = 0.0
    border_radius: Annotated[float, Range(0, 1000)] = 0.0


@dataclass(frozen=True, kw_only=True)
class TextAlignment:
    horizontal: Literal["left", "center", "right"] = "center"
    vertical: Literal["top", "center", "bottom"] = "center"


@dataclass(frozen=True, kw_only=True)
class TextStroke:
    color: Color = "#000000"
    width: Annotated[float, Range(0, 10)] = 0.0


@dataclass(frozen=True, kw_only=True)
class TextAsset:
    type: Literal["text"]
    text: Annotated[str, Length(0, 10_000)]
    font: TextFont = TextFont()
    background: TextBackground | None = None
    alignment: TextAlignment = TextAlignment()
    stroke: TextStroke = TextStroke()
    width: Pixels | None = None
    height: Pixels | None = None


@dataclass(frozen=True, kw_only=True)
class Offset:
    """Fractions of the viewport; y points up."""

    x: Annotated[float, Range(-10, 10)] = 0.0
    y: Annotated[float, Range(-10, 10)] = 0.0


@dataclass(frozen=True, kw_only=True)
class Transition:
    in_: Annotated[str, OneOf(TRANSITIONS)] | None = None
    out: Annotated[str, OneOf(TRANSITIONS)] | None = None


@dataclass(frozen=True, kw_only=True)
class Clip:
    asset: ImageAsset | VideoAsset | AudioAsset | TextAsset
    start: Seconds | Literal["auto"]
    length: Annotated[float, Range(0.04, MAX_SECONDS)] | Literal["auto", "end"]
    fit: Literal["crop", "cover", "contain", "none"] = "crop"
    scale: Annotated[float, Range(0.01, 3)] = 1.0
    position: Position = "center"
    offset: Offset = Offset()
    opacity: Fraction = 1.0
    transition: Transition = Transition()
    effect: Annotated[str, OneOf(EFFECTS)] | None = None
    filter: Literal["blur", "boost", "contrast", "darken", "greyscale", "lighten", "muted", "negative"] | None = None


@dataclass(frozen=True, kw_only=True)
class Track:
    clips: Annotated[list[Clip], Length(1, MAX_CLIPS)]


@dataclass(frozen=True, kw_only=True)
class Soundtrack:
    src: Url
    effect: SoundEffect = "none"
    volume: Fraction = 1.0


@dataclass(frozen=True, kw_only=True)
class FontSource:
    src: Url


@dataclass(frozen=True, kw_only=True)
class Timeline:
    tracks: Annotated[list[Track], Length(1, MAX_CLIPS)]
    background: Color = "#000000"
    soundtrack: Soundtrack | None = None
    fonts: list[FontSource] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Poster:
    capture: Seconds


@dataclass(frozen=True, kw_only=True)
class S3Options:
    region: Annotated[str, Pattern("[a-z0-9-]{1,40}", "an AWS region")]
    bucket: Annotated[str, Pattern("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket's name")]
    prefix: Annotated[str, Length(0, 512)] = ""
    filename: Annotated[str, Length(1, 255)] | None = None
    acl: Annotated[str, Length(1, 64)] | None = None


@dataclass(frozen=True, kw_only=True)
class S3Destination:
    provider: Literal["s3"]
    options: S3Options


@dataclass(frozen=True, kw_only=True)
class ShotstackDestination:
    provider: Literal["shotstack"]
    exclude: bool = False


@dataclass(frozen=True, kw_only=True)
class Output:
    format: Literal["mp4"]
    resolution: Literal["preview", "mobile", "sd", "hd", "1080"] = "hd"
    aspect_ratio: Literal["16:9", "9:16", "1:1", "4:5", "4:3"] = "16:9"
    fps: Literal[12, 15, 24, 25, 30] = 25
    poster: Poster | None = None
    destinations: Annotated[list[S3Destination | ShotstackDestination], Length(0, 10)] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class MergeField:
    find: Annotated[str, Length(1, 200)]
    replace: Annotated[str, Length(0, 10_000)] | float | bool | None


@dataclass(frozen=True, kw_only=True)
class Edit:
    timeline: Timeline
    output: Output
    merge: Annotated[list[MergeField], Length(0, 200)] = field(default_factory=list)
    callback: Annotated[str, Pattern("https?://.{1,2000}", "an http or https URL")] | None = None


def parse_edit(body: Any) -> Edit:
    """Merge and validate a render request's JSON. Raises InvalidEditError."""
    if not isinstance(body, Mapping):
        raise InvalidEditError("value", "must be an object")
    fields = _read_merge(body)
    merged = {name: value if name == "merge" else _merged(value, fields) for name, value in body.items()}
    edit = read(Edit, merged, "")
    if sum(len(track.clips) for track in edit.timeline.tracks) > MAX_CLIPS:
        raise InvalidEditError("timeline.tracks", f"must have at most {MAX_CLIPS} clips together")
    return edit


def _read_merge(body: Mapping[str, Any]) -> dict[str, Any]:
    merge = body.get("merge", [])
    if not isinstance(merge, list):
        raise InvalidEditError("merge", "must be an array")
    parsed = [read(MergeField, item, f"merge[{index}]") for index, item in enumerate(merge)]
    return {item.find: item.replace for item in parsed}


def _merged(value: Any, fields: Mapping[str, Any]) -> Any:
    """Fill in `{{find}}` in every string, once: what a replacement contains is never read as a placeholder."""
    if isinstance(value, Mapping):
        return {name: _merged(item, fields) for name, item in value.items()}
    if isinstance(value, list):
        return [_merged(item, fields) for item in value]
    if not isinstance(value, str):
        return value
    whole = re.fullmatch(r"\{\{\s*([^{}]+?)\s*\}\}", value)
    if whole and whole[1] in fields:
        return fields[whole[1]]
    return re.sub(r"\{\{\s*([^{}]+?)\s*\}\}", lambda match: str(fields.get(match[1], match[0])), value)
