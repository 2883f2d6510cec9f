"""Draws the sample media that demos and tests send: two photos, a product picture and a clip with a tune.

Everything is made here, by Pillow and ffmpeg, and comes out the same every time: nobody's rights or face are in it.
"""

import math
import random
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
from PIL import Image, ImageDraw, ImageFilter

from local.sketches import Color, Sketch, glow, gradient, ridge, shade
from local.tunes import write_tune

PHOTO_SIZE = (1600, 1200)
CLIP_SIZE = (1280, 720)
CLIP_SECONDS = 5
CLIP_FPS = 25

CREAM, PLUM = (255, 244, 228), (92, 46, 84)
ROSE, GOLD, TEAL, LILAC, ORANGE = (240, 138, 140), (255, 201, 92), (78, 163, 160), (150, 120, 190), (246, 178, 107)
CONFETTI = (ROSE, GOLD, TEAL, LILAC, ORANGE, (255, 255, 255))


def sample_photo(path: Path) -> Path:
    """A birthday cake with candles and confetti; `path` ends in .jpg or .png."""
    width, height = PHOTO_SIZE
    picture = gradient(
        PHOTO_SIZE, [(0.0, (255, 214, 186)), (0.62, (250, 170, 150)), (0.63, (206, 104, 110)), (1.0, PLUM)]
    )
    picture = glow(picture, width / 2, height * 0.36, 520, (255, 240, 200), 0.75)
    sketch = Sketch(picture)
    sketch.ellipse(width / 2, 985, 520, 62, (84, 40, 72))
    sketch.box(width / 2 - 26, 960, width / 2 + 26, 1080, (232, 220, 214), 10)
    sketch.ellipse(width / 2, 1085, 190, 30, (220, 205, 200))
    sketch.ellipse(width / 2, 958, 480, 56, (250, 242, 236))
    _cake_tier(sketch, width / 2, 700, 370, 250, ROSE)
    _cake_tier(sketch, width / 2, 500, 250, 200, (247, 190, 160))
    for offset, color in zip((-150, -75, 0, 75, 150), (TEAL, GOLD, LILAC, GOLD, TEAL), strict=True):
        _candle(sketch, width / 2 + offset, 495 + abs(offset) * 0.06, color)
    _scatter_confetti(sketch, random.Random(30), 150)  # noqa: S311 - decoration
    picture = sketch.finish()
    for offset in (-150, -75, 0, 75, 150):
        picture = glow(picture, width / 2 + offset, 345, 90, (255, 226, 150), 0.55)
    return _save(picture, path)


def second_sample_photo(path: Path) -> Path:
    """Two friends at a beach, the sun going down behind far mountains; `path` ends in .jpg or .png."""
    width, height = PHOTO_SIZE
    sky = [
        (0.0, (72, 60, 118)),
        (0.3, (214, 108, 122)),
        (0.52, (255, 190, 120)),
        (0.6, (255, 222, 160)),
        (1.0, (60, 70, 110)),
    ]
    picture = glow(gradient(PHOTO_SIZE, sky), 1020, 640, 560, (255, 236, 180), 0.9)
    sketch = Sketch(picture)
    sketch.ellipse(1020, 620, 96, 96, (255, 244, 214))
    for base, rise, step, color in ((705, 150, 210.0, (170, 96, 128)), (725, 100, 150.0, (120, 74, 116))):
        sketch.polygon(ridge(width, base, rise, step), color)
    picture = sketch.finish()
    picture.paste(
        gradient((width, 360), [(0.0, (250, 178, 128)), (0.5, (196, 112, 124)), (1.0, (98, 72, 118))]), (0, 715)
    )
    sketch = Sketch(picture)
    sparkle = random.Random(7)  # noqa: S311 - decoration
    for row in range(34):
        y = 724 + row * 8
        spread = 30 + row * 7
        x = 1020 + sparkle.uniform(-spread, spread)
        sketch.box(x - 20 - row, y, x + 20 + row, y + 3, (255, 226, 170), 2)
    _friend(sketch, 470, 690, 1.0, (46, 30, 62))
    sketch.ellipse(470, 700, 34, 32, (46, 30, 62))
    _friend(sketch, 668, 650, 1.08, (38, 24, 54))
    sketch.polygon([(0, 1040), (500, 985), (1000, 1015), (width, 960), (width, height), (0, height)], (74, 48, 82))
    for x, y, span in ((320, 250, 34), (400, 215, 26), (470, 270, 22)):
        sketch.polygon([(x - span, y - span * 0.4), (x, y), (x + span, y - span * 0.4), (x, y + 6)], (64, 42, 78))
    return _save(sketch.finish(), path)


def product_picture(path: Path) -> Path:
    """An espresso set on a plain ground, as a shop shows it; `path` ends in .jpg or .png."""
    size = (1200, 1200)
    picture = gradient(
        size, [(0.0, (246, 238, 228)), (0.66, (236, 222, 206)), (0.665, (226, 206, 186)), (1.0, (214, 190, 168))]
    )
    shadows = Sketch(picture)
    shadows.ellipse(500, 960, 330, 40, (178, 152, 132))
    shadows.ellipse(860, 1010, 230, 32, (178, 152, 132))
    sketch = Sketch(shadows.finish().filter(ImageFilter.GaussianBlur(22)))
    _moka_pot(sketch, 470)
    _cup(sketch, 850, 880)
    return _save(sketch.finish(), path)


def sample_clip(path: Path) -> Path:
    """Five seconds of balloons rising over hills, 1280x720, H.264 and AAC with a small tune; `path` ends in .mp4."""
    with tempfile.TemporaryDirectory(prefix="samples-") as name:
        folder = Path(name)
        write_tune(folder / "tune.wav", CLIP_SECONDS)
        _hills().save(folder / "hills.png", compress_level=1)
        inputs = ["-framerate", str(CLIP_FPS), "-i", "hills.png"]
        chains = [f"[0:v]loop=loop=-1:size=1,trim=end_frame={CLIP_SECONDS * CLIP_FPS},setpts=N,format=yuv420p[v0]"]
        for index, (x, y, sprite) in enumerate(_balloons()):
            sprite.save(folder / f"balloon-{index}.png", compress_level=1)
            inputs += ["-i", f"balloon-{index}.png"]
            sway, rise = f"{x:.0f}-w/2+18*sin(1.3*t+{index})", f"{y:.0f}-{sprite.width * 0.75:.0f}*t"
            chains.append(f"[v{index}][{index + 1}:v]overlay=x='{sway}':y='{rise}'[v{index + 1}]")
        streams = ["-map", f"[v{len(chains) - 1}]", "-map", f"{len(chains)}:a"]
        codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "22", "-c:a", "aac", "-ar", "44100"]
        target = ["-movflags", "+faststart", str(path.resolve())]
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *inputs, "-i", "tune.wav"]
        command += ["-filter_complex", ";".join(chains), *streams, *codecs, *target]
        subprocess.run(command, cwd=folder, check=True)
    return path


def _hills() -> Image.Image:
    width, _ = CLIP_SIZE
    sky = gradient(CLIP_SIZE, [(0.0, (120, 186, 214)), (0.6, (255, 226, 196)), (1.0, (255, 206, 170))])
    sketch = Sketch(glow(sky, 960, 250, 380, (255, 248, 220), 0.8))
    sketch.polygon(ridge(width, 560, 90, 170.0), (140, 186, 160))
    sketch.polygon(ridge(width, 650, 70, 120.0), (98, 156, 130))
    return sketch.finish()


def _balloons() -> Iterator[tuple[float, float, Image.Image]]:
    """Yield where each begins, its middle and top, and how it looks."""
    rng = random.Random(11)  # noqa: S311 - decoration
    colors = (ROSE, GOLD, TEAL, LILAC, ROSE, ORANGE, TEAL, LILAC, GOLD, ORANGE)
    for index, color in enumerate(colors):
        x, y = (index + rng.uniform(0.2, 0.8)) * CLIP_SIZE[0] / len(colors), rng.uniform(0.1, 1.3) * CLIP_SIZE[1]
        scale = rng.uniform(0.5, 1.0)
        yield x, y, _balloon(color).resize((round(150 * scale), round(320 * scale)))


def _balloon(color: Color) -> Image.Image:
    """A balloon with its string on a transparent ground, 150 by 320."""
    large = Image.new("RGBA", (600, 1280), (*color, 0))
    draw = ImageDraw.Draw(large)
    draw.line([(300 + 14 * math.sin(y / 60), y) for y in range(730, 1280, 8)], fill=(255, 255, 255, 210), width=7)
    draw.polygon([(300, 680), (262, 752), (338, 752)], fill=(*shade(color, 0.8), 255))
    draw.ellipse((20, 20, 580, 720), fill=(*color, 255))
    draw.ellipse((120, 110, 250, 330), fill=(*shade(color, 1.25), 255))
    return large.resize((150, 320), Image.Resampling.LANCZOS)


def _cake_tier(sketch: Sketch, x: float, top: float, across: float, tall: float, color: Color) -> None:
    sketch.ellipse(x, top + tall, across, across * 0.13, shade(color, 0.82))
    sketch.box(x - across, top, x + across, top + tall, color)
    sketch.box(x + across * 0.6, top, x + across, top + tall, shade(color, 0.92))
    sketch.ellipse(x, top + tall, across, across * 0.1, color)
    drips = 9
    for index in range(drips):
        left = x - across + index * 2 * across / drips
        length = 46 + 34 * math.sin(index * 2.3)
        sketch.box(left, top - 4, left + 2 * across / drips - 6, top + length, CREAM, across / drips - 4)
    sketch.ellipse(x, top, across, across * 0.13, CREAM)
    for index in range(11):
        angle = math.pi * index / 10
        sketch.ellipse(
            x - across * 0.93 * math.cos(angle), top + tall - 6 + across * 0.1 * math.sin(angle), 17, 15, CREAM
        )


def _candle(sketch: Sketch, x: float, base: float, color: Color) -> None:
    sketch.box(x - 10, base - 105, x + 10, base, color, 6)
    for stripe in range(3):
        y = base - 95 + stripe * 32
        sketch.polygon([(x - 10, y + 14), (x + 10, y), (x + 10, y + 9), (x - 10, y + 23)], shade(color, 1.3))
    sketch.box(x - 1.5, base - 118, x + 1.5, base - 104, PLUM)
    for across, down, lift, fill in ((13, 28, 142, (255, 176, 70)), (7, 16, 134, (255, 240, 190))):
        sketch.ellipse(x, base - lift, across, down * 0.7, fill)
        sketch.polygon(
            [(x - across * 0.9, base - lift - 5), (x + across * 0.9, base - lift - 5), (x, base - lift - down * 1.5)],
            fill,
        )


def _scatter_confetti(sketch: Sketch, rng: random.Random, count: int) -> None:
    width, height = sketch.size
    for _ in range(count):
        x, y, size, angle = (
            rng.uniform(0, width),
            rng.uniform(0, height * 0.95),
            rng.uniform(6, 13),
            rng.uniform(0, math.pi),
        )
        if abs(x - width / 2) < 420 and y > 300:
            continue
        if rng.random() < 0.4:
            sketch.ellipse(x, y, size * 0.6, size * 0.6, rng.choice(CONFETTI))
            continue
        along, aside = (math.cos(angle) * size, math.sin(angle) * size), (-math.sin(angle) * 4, math.cos(angle) * 4)
        corners = [
            (x + a * along[0] + b * aside[0], y + a * along[1] + b * aside[1])
            for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        ]
        sketch.polygon(corners, rng.choice(CONFETTI))


def _friend(sketch: Sketch, x: float, top: float, scale: float, color: Color) -> None:
    """Somebody seated, from behind: head and shoulders; the dune in front hides the rest."""
    sketch.ellipse(x, top + 62 * scale, 56 * scale, 64 * scale, color)
    sketch.box(x - 22 * scale, top + 100 * scale, x + 22 * scale, top + 180 * scale, color)
    sketch.box(x - 118 * scale, top + 146 * scale, x + 118 * scale, top + 520 * scale, color, 84 * scale)


def _moka_pot(sketch: Sketch, x: float) -> None:
    steel, dark, light = (186, 190, 196), (140, 146, 154), (226, 229, 233)
    sketch.polygon([(x - 190, 690), (x + 190, 690), (x + 225, 960), (x - 225, 960)], steel)
    sketch.polygon([(x + 60, 690), (x + 190, 690), (x + 225, 960), (x + 80, 960)], dark)
    sketch.polygon([(x - 120, 690), (x - 50, 690), (x - 60, 960), (x - 145, 960)], light)
    sketch.box(x - 200, 655, x + 200, 705, (120, 126, 134), 14)
    sketch.polygon([(x - 225, 380), (x + 215, 380), (x + 180, 660), (x - 180, 660)], steel)
    sketch.polygon([(x + 70, 380), (x + 215, 380), (x + 180, 660), (x + 60, 660)], dark)
    sketch.polygon([(x - 140, 380), (x - 70, 380), (x - 55, 660), (x - 115, 660)], light)
    sketch.polygon([(x - 225, 380), (x - 300, 350), (x - 190, 470)], steel)
    sketch.polygon([(x - 215, 382), (x + 210, 382), (x + 60, 300), (x - 60, 300)], light)
    sketch.ellipse(x, 280, 30, 30, (52, 40, 40))
    sketch.box(x + 200, 372, x + 330, 412, (52, 40, 40), 18)
    sketch.box(x + 290, 372, x + 332, 600, (52, 40, 40), 18)


def _cup(sketch: Sketch, x: float, y: float) -> None:
    glaze, dark, coffee = (214, 92, 78), (182, 72, 64), (92, 54, 40)
    sketch.ellipse(x, y + 120, 235, 40, dark)
    sketch.ellipse(x, y + 110, 235, 38, glaze)
    sketch.ellipse(x, y + 106, 150, 22, dark)
    sketch.ring(x + 150, y - 10, 66, 22, glaze)
    sketch.box(x - 145, y - 95, x + 145, y - 10, glaze)
    sketch.ellipse(x, y - 5, 145, 112, glaze)
    sketch.ellipse(x, y - 95, 145, 34, shade(glaze, 1.12))
    sketch.ellipse(x, y - 92, 130, 27, coffee)
    sketch.ellipse(x - 20, y - 94, 86, 14, (188, 132, 84))


def _save(picture: Image.Image, path: Path) -> Path:
    picture.save(path, quality=90)
    return path
