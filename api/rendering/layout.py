"""Where things stand on each of the canvases: the fractions that make a film look composed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """A place on the canvas, in fractions of it: its size, and where its middle is from the canvas's, `y` upwards."""

    width: float
    height: float
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True)
class Frame:
    """A picture's place: it fits into a canvas of this scale, its middle `y` above the canvas's."""

    scale: float
    y: float = 0.0


@dataclass(frozen=True)
class Layout:
    """`gap` is between a headline and its neighbours; `tile_picture` how much wider than its room a picture may be."""

    heading: Box
    byline_width: float
    gap: float
    photo: Frame
    captioned_photo: Frame
    footage: Frame
    caption_width: float
    page: Box
    tile: Box
    bare_tile: Box
    tile_picture: float


LAYOUTS = {
    "16:9": Layout(
        heading=Box(0.72, 0.4),
        byline_width=0.68,
        gap=0.08,
        photo=Frame(0.8),
        captioned_photo=Frame(0.64, 0.11),
        footage=Frame(0.86),
        caption_width=0.78,
        page=Box(0.76, 0.58),
        tile=Box(0.56, 0.74, 0.0, -0.03),
        bare_tile=Box(0.56, 0.46),
        tile_picture=1.0,
    ),
    "9:16": Layout(
        heading=Box(0.86, 0.3, 0.0, 0.11),
        byline_width=0.8,
        gap=0.055,
        photo=Frame(0.9, 0.05),
        captioned_photo=Frame(0.9, 0.09),
        footage=Frame(0.94, 0.05),
        caption_width=0.86,
        page=Box(0.86, 0.42, 0.0, 0.08),
        tile=Box(0.86, 0.56, 0.0, 0.08),
        bare_tile=Box(0.86, 0.36, 0.0, 0.08),
        tile_picture=4 / 3,
    ),
    "1:1": Layout(
        heading=Box(0.84, 0.4, 0.0, 0.04),
        byline_width=0.8,
        gap=0.08,
        photo=Frame(0.86),
        captioned_photo=Frame(0.7, 0.1),
        footage=Frame(0.92),
        caption_width=0.88,
        page=Box(0.84, 0.6),
        tile=Box(0.76, 0.74, 0.0, -0.03),
        bare_tile=Box(0.76, 0.46),
        tile_picture=1.0,
    ),
}
CAPTION_MARGIN = 0.05
