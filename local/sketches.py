"""Draws smooth-edged shapes, gradients and light: what the sample illustrations are made of."""

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw

Color = tuple[int, int, int]
Point = tuple[float, float]

# Shapes are drawn so many times larger and scaled down, since Pillow does not smooth edges.
OVERSAMPLING = 2


class Sketch:
    """A drawing in coordinates of the finished picture."""

    def __init__(self, picture: Image.Image) -> None:
        self.size = picture.size
        self._large = picture.resize((picture.width * OVERSAMPLING, picture.height * OVERSAMPLING))
        self._draw = ImageDraw.Draw(self._large)

    def ellipse(self, x: float, y: float, across: float, down: float, fill: Color) -> None:
        """An ellipse around (x, y) with these radii."""
        self._draw.ellipse(_enlarged((x - across, y - down, x + across, y + down)), fill=fill)

    def box(self, left: float, top: float, right: float, bottom: float, fill: Color, radius: float = 0) -> None:
        self._draw.rounded_rectangle(_enlarged((left, top, right, bottom)), radius * OVERSAMPLING, fill=fill)

    def polygon(self, points: Sequence[Point], fill: Color) -> None:
        self._draw.polygon([(x * OVERSAMPLING, y * OVERSAMPLING) for x, y in points], fill=fill)

    def ring(self, x: float, y: float, radius: float, width: float, fill: Color) -> None:
        around = _enlarged((x - radius, y - radius, x + radius, y + radius))
        self._draw.ellipse(around, outline=fill, width=round(width * OVERSAMPLING))

    def finish(self) -> Image.Image:
        return self._large.resize(self.size, Image.Resampling.BOX)


def gradient(size: tuple[int, int], stops: Sequence[tuple[float, Color]]) -> Image.Image:
    """Colours from top to bottom, each at its fraction of the height."""
    column = Image.new("RGB", (1, size[1]))
    for y in range(size[1]):
        share = y / (size[1] - 1)
        after = next(index for index, (at, _) in enumerate(stops) if at >= share)
        (start, above), (end, below) = stops[max(0, after - 1)], stops[after]
        mixing = (share - start) / (end - start) if end > start else 0.0
        red, green, blue = (round(a + (b - a) * mixing) for a, b in zip(above, below, strict=True))
        column.putpixel((0, y), (red, green, blue))
    return column.resize(size)


def glow(picture: Image.Image, x: float, y: float, radius: float, color: Color, strength: float) -> Image.Image:
    """Light around a point, fading out at `radius`."""
    mask = Image.radial_gradient("L").point(
        [round(max(0.0, 1 - level / 181) ** 2 * 255 * strength) for level in range(256)]
    )
    mask = mask.resize((round(radius * 2), round(radius * 2)))
    picture.paste(Image.new("RGB", mask.size, color), (round(x - radius), round(y - radius)), mask)
    return picture


def ridge(width: int, base: float, rise: float, step: float) -> list[Point]:
    """A skyline of soft hills down to below the picture."""
    line = [
        (float(x), base - rise * (0.5 + 0.5 * math.sin(x / step) * math.cos(x / step / 2.7)))
        for x in range(0, width + 8, 8)
    ]
    return [*line, (width, base + 600), (0, base + 600)]


def shade(color: Color, factor: float) -> Color:
    """The colour, darker below 1 and lighter above."""
    red, green, blue = (min(255, round(channel * factor)) for channel in color)
    return red, green, blue


def _enlarged(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    left, top, right, bottom = (value * OVERSAMPLING for value in box)
    return left, top, right, bottom
