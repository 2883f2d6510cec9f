"""Paints the templates' backdrops, so that nobody else holds rights in them: `python -m local.backdrops`."""

import random
from collections.abc import Iterator
from math import cos, pi, sin
from pathlib import Path

from PIL import Image

from local.sketches import Color, Sketch, glow, gradient, ridge, shade

DEFINITIONS = Path(__file__).resolve().parent.parent / "api" / "templates" / "definitions"
CORAL, SUN, TEAL, VIOLET, SKY = (255, 92, 108), (255, 201, 60), (0, 178, 160), (134, 96, 214), (84, 178, 255)
PARTY = (CORAL, SUN, TEAL, VIOLET, SKY)


def birthday() -> Image.Image:
    """Bunting above, balloons at both sides, confetti that leaves the middle free."""
    size = 1280, 720
    picture = gradient(size, [(0.0, (255, 249, 236)), (0.6, (255, 241, 214)), (1.0, (255, 226, 190))])
    picture = glow(picture, 640, 330, 900, (255, 255, 250), 0.9)
    sketch = Sketch(picture)
    _scatter_confetti(sketch, size)
    for begin, end, sag in ((-40, 460, 78), (420, 860, 58), (820, 1320, 78)):
        _hang_bunting(sketch, begin, end, sag)
    for x, y, radius, color in ((70, 470, 58, CORAL), (150, 570, 46, SUN), (34, 610, 44, TEAL)):
        _float_balloon(sketch, x, y, radius, color)
        _float_balloon(sketch, 1280 - x, y + 14, radius, PARTY[(PARTY.index(color) + 3) % 5])
    return sketch.finish()


def sunset() -> Image.Image:
    """The sun sinks behind four ranges of hills; the sky above is left for words."""
    size = 720, 1280
    sky = [
        (0.0, (30, 17, 62)),
        (0.3, (82, 34, 92)),
        (0.55, (150, 56, 104)),
        (0.7, (226, 106, 100)),
        (0.8, (255, 186, 120)),
        (1.0, (255, 214, 150)),
    ]
    picture = glow(gradient(size, sky), 360, 975, 1000, (255, 206, 150), 0.5)
    sketch = Sketch(picture)
    _sprinkle_stars(sketch)
    sketch.ellipse(360, 970, 92, 92, (255, 238, 206))
    for base, rise, step, color in (
        (1030, 70, 120.0, (190, 84, 108)),
        (1085, 90, 160.0, (136, 56, 98)),
        (1150, 80, 110.0, (84, 34, 80)),
        (1225, 70, 190.0, (44, 20, 58)),
    ):
        sketch.polygon(ridge(size[0], base, rise, step), color)
    return sketch.finish()


def _scatter_confetti(sketch: Sketch, size: tuple[int, int]) -> None:
    dice = random.Random(21)  # noqa: S311 - decoration
    for _ in range(260):
        x, y = dice.uniform(0, size[0]), dice.uniform(0, size[1])
        outward = max(abs(x / size[0] - 0.5) * 2, abs(y / size[1] - 0.5) * 2)
        if dice.random() > outward**3:
            continue
        color, angle, length = dice.choice(PARTY), dice.uniform(0, pi), dice.uniform(7, 13)
        if dice.random() < 0.3:
            sketch.ellipse(x, y, length * 0.5, length * 0.5, color)
        else:
            sketch.polygon(_tilted(x, y, length, length * 0.42, angle), color)


def _tilted(x: float, y: float, across: float, down: float, angle: float) -> list[tuple[float, float]]:
    corners = ((-across, -down), (across, -down), (across, down), (-across, down))
    return [(x + a * cos(angle) - b * sin(angle), y + a * sin(angle) + b * cos(angle)) for a, b in corners]


def _hang_bunting(sketch: Sketch, begin: float, end: float, sag: float) -> None:
    def cord(share: float) -> tuple[float, float]:
        return begin + (end - begin) * share, -14 + sag * 4 * share * (1 - share)

    flags = 9
    for number in range(flags):
        (left, top), (right, other_top) = cord((number + 0.08) / flags), cord((number + 0.92) / flags)
        tip = (left + right) / 2, (top + other_top) / 2 + 46
        sketch.polygon([(left, top), (right, other_top), tip], PARTY[(number + int(begin)) % len(PARTY)])
    steps = [cord(step / 60) for step in range(61)]
    under = [(x, y + 3) for x, y in reversed(steps)]
    sketch.polygon([*steps, *under], (120, 84, 130))


def _float_balloon(sketch: Sketch, x: float, y: float, radius: float, color: Color) -> None:
    string = [(x - 1 + 7 * sin(step / 5), y + radius * 1.3 + step * 5) for step in range(50)]
    sketch.polygon([*string, *((px + 2.5, py) for px, py in reversed(string))], (190, 160, 150))
    sketch.polygon([(x, y + radius * 1.1), (x - 8, y + radius * 1.36), (x + 8, y + radius * 1.36)], shade(color, 0.85))
    sketch.ellipse(x, y, radius, radius * 1.2, color)
    sketch.ellipse(x - radius * 0.36, y - radius * 0.48, radius * 0.2, radius * 0.3, shade(color, 1.35))


def _sprinkle_stars(sketch: Sketch) -> None:
    dice = random.Random(5)  # noqa: S311 - decoration
    for _ in range(70):
        height = dice.random() ** 1.8
        radius = dice.uniform(0.7, 1.9) * (1 - height * 0.5)
        sketch.ellipse(dice.uniform(0, 720), height * 430, radius, radius, (238, 214, 226))


def _pictures() -> Iterator[tuple[str, Image.Image]]:
    yield "birthday-confetti-backdrop.jpg", birthday()
    yield "thank-you-sunset-backdrop.jpg", sunset()


def main() -> None:
    for name, picture in _pictures():
        picture.save(DEFINITIONS / name, quality=88, optimize=True)
        print(f"{name}: {(DEFINITIONS / name).stat().st_size} bytes")


if __name__ == "__main__":
    main()
