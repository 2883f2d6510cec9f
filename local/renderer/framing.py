"""Where on the canvas a clip shows, and how large: fit, scale, position and offset."""

from dataclasses import dataclass

from local.renderer.edits import Clip

Size = tuple[int, int]


@dataclass(frozen=True)
class Box:
    """The middle of an asset, `kept` of its width and height as fractions, is resized to `shown`.

    Cropping comes before resizing, so that a picture of 10 by 5,000 pixels never becomes one of 640,000.
    """

    kept: tuple[float, float]
    shown: Size


def fit(natural: Size, canvas: Size, clip: Clip) -> Box:
    """Apply `fit` and `scale`. The vendor's words: `crop` fills and crops, `cover` fills by stretching."""
    viewport = canvas[0] * clip.scale, canvas[1] * clip.scale
    if clip.fit == "cover":
        return Box((1.0, 1.0), _even(viewport))
    across, down = viewport[0] / natural[0], viewport[1] / natural[1]
    if clip.fit == "contain":
        return Box((1.0, 1.0), _even((natural[0] * min(across, down), natural[1] * min(across, down))))
    ratio = max(across, down) if clip.fit == "crop" else clip.scale
    full = natural[0] * ratio, natural[1] * ratio
    room = viewport if clip.fit == "crop" else canvas
    shown = min(full[0], room[0]), min(full[1], room[1])
    return Box((shown[0] / full[0], shown[1] / full[1]), _even(shown))


def place(size: Size, canvas: Size, clip: Clip) -> tuple[int, int]:
    """Left and top of a box of this size. `offset` counts in canvas sizes, upwards positive."""
    position = clip.position.lower()
    left = 0.0 if "left" in position else 1.0 if "right" in position else 0.5
    top = 0.0 if "top" in position else 1.0 if "bottom" in position else 0.5
    return (
        round((canvas[0] - size[0]) * left + clip.offset.x * canvas[0]),
        round((canvas[1] - size[1]) * top - clip.offset.y * canvas[1]),
    )


def _even(size: tuple[float, float]) -> Size:
    """ffmpeg's 4:2:0 pictures want even sides."""
    return max(2, round(size[0] / 2) * 2), max(2, round(size[1] / 2) * 2)
