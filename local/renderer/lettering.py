"""Draws text assets as transparent pictures: wrapped, balanced, and shrunk until they fit their box.

Text reaches ffmpeg only as pixels. A character that a family lacks is drawn in Roboto, and left out if that lacks it
too (emoji), never drawn as a box.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import font_fredoka_one
import font_roboto
from PIL import Image, ImageDraw, ImageFont

from local.renderer.edits import TextAsset, TextBackground

MIN_SIZE = 9
ROBOTO_WEIGHTS = (
    (200, "RobotoThin"),
    (300, "RobotoLight"),
    (400, "Roboto"),
    (500, "RobotoMedium"),
    (700, "RobotoBold"),
    (900, "RobotoBlack"),
)
UNASSIGNED = "\U0010fffe"
# Controls, joiners, surrogates, private use and unassigned: Unicode's categories of what has no shape of its own.
UNDRAWN = ("Cc", "Cf", "Cs", "Co", "Cn")


@dataclass(frozen=True)
class Face:
    """A font file at a size, with another to fall back on."""

    path: str
    fallback: str
    size: int

    def draws(self, character: str) -> bool:
        return self._path_with(character) is not None

    def runs(self, text: str) -> Iterator[tuple[ImageFont.FreeTypeFont, str]]:
        """Split `text` by the font that has its characters; those that neither has are left out."""
        for path, characters in groupby(text, key=self._path_with):
            if path:
                yield _font(path, self.size), "".join(characters)

    def width(self, text: str) -> float:
        return _width(self, text)

    def metrics(self) -> tuple[int, int]:
        """Ascent and descent in pixels."""
        return _font(self.path, self.size).getmetrics()

    def _path_with(self, character: str) -> str | None:
        return next((path for path in (self.path, self.fallback) if _has_glyph(path, character)), None)


@dataclass(frozen=True)
class Block:
    """Lines that fit: their face, and from baseline to baseline `advance` pixels."""

    lines: list[str]
    face: Face
    advance: float

    @property
    def height(self) -> float:
        return len(self.lines) * self.advance


def draw_text(asset: TextAsset, canvas: tuple[int, int]) -> Image.Image:
    """Draw the asset in its box. Without `width` the box is as wide as the canvas; without `height` it is as high, or,
    with a background, just high enough for the text."""
    padding = asset.background.padding if asset.background else 0.0
    width, limit = min(asset.width or canvas[0], canvas[0]), min(asset.height or canvas[1], canvas[1])
    inner = max(1.0, width - 2 * padding), max(1.0, limit - 2 * padding)
    block = _fit(asset, *inner)
    hugs = asset.background is not None and asset.height is None
    height = min(limit, round(block.height + 2 * padding)) if hugs else limit
    picture = Image.new("RGBA", (width, max(1, height)), _rgba(asset.font.color, 0))
    if asset.background and block.lines:
        _draw_background(picture, asset.background)
    layer = Image.new("RGBA", picture.size, _rgba(asset.font.color, 0))
    _draw_block(layer, asset, block, padding)
    picture.alpha_composite(layer)
    return picture


def _fit(asset: TextAsset, width: float, height: float) -> Block:
    """The largest size, up to the asset's own, at which all fits and no word is broken; at MIN_SIZE text is cut."""
    paragraphs = _clean(asset.text, _face(asset.font.family, asset.font.weight, MIN_SIZE))
    low, high = MIN_SIZE, max(MIN_SIZE, asset.font.size)
    best = _set(asset, paragraphs, MIN_SIZE, width)
    if not _fits(best, width, height):
        return _cut(best, width, height)
    while low <= high:
        size = (low + high + 1) // 2
        block = _set(asset, paragraphs, size, width)
        if _fits(block, width, height):
            best, low = block, size + 1
        else:
            high = size - 1
    return best if asset.alignment.horizontal != "center" else _balance(best, paragraphs, width)


def _set(asset: TextAsset, paragraphs: list[str], size: int, width: float) -> Block:
    face = _face(asset.font.family, asset.font.weight, size)
    lines = [line for paragraph in paragraphs for line in _wrap(paragraph, face, width)]
    return Block(lines, face, size * asset.font.line_height)


def _fits(block: Block, width: float, height: float) -> bool:
    return block.height <= height and all(block.face.width(line) <= width for line in block.lines)


def _wrap(paragraph: str, face: Face, width: float) -> list[str]:
    lines: list[str] = []
    line, used = "", 0.0
    space = face.width(" ")
    for word in paragraph.split(" "):
        wide = face.width(word)
        if line and used + space + wide > width:
            lines.append(line)
            line, used = word, wide
        else:
            line, used = (f"{line} {word}", used + space + wide) if line else (word, wide)
    return [*lines, line]


def _balance(block: Block, paragraphs: list[str], width: float) -> Block:
    """Narrow the lines as long as there are no more of them, so that a centred text leaves no single word behind."""
    narrow, wide = width / 2, width
    lines = block.lines
    while wide - narrow > 4:
        middle = (narrow + wide) / 2
        tried = [line for paragraph in paragraphs for line in _wrap(paragraph, block.face, middle)]
        if len(tried) == len(block.lines) and all(block.face.width(line) <= width for line in tried):
            lines, wide = tried, middle
        else:
            narrow = middle
    return Block(lines, block.face, block.advance)


def _cut(block: Block, width: float, height: float) -> Block:
    """Break words that are too long for a line and end with an ellipsis what is too long for the box."""
    pieces: list[str] = []
    for line in block.lines:
        piece = ""
        for character in line:
            if piece and block.face.width(piece + character) > width:
                pieces.append(piece)
                piece = ""
            piece += character
        pieces.append(piece)
    room = max(1, int(height // block.advance))
    if len(pieces) > room:
        pieces = [*pieces[: room - 1], pieces[room - 1][:-1].rstrip() + "…"]
    return Block(pieces, block.face, block.advance)


def _draw_background(picture: Image.Image, background: TextBackground) -> None:
    # Four times as large and scaled down: Pillow's rounded corners are not smooth by themselves.
    width, height = picture.size
    mask = Image.new("L", (width * 4, height * 4), 0)
    radius = min(background.border_radius, width / 2, height / 2) * 4
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, width * 4 - 1, height * 4 - 1), radius, fill=255)
    mask = mask.resize(picture.size, Image.Resampling.BOX).point([round(a * background.opacity) for a in range(256)])
    picture.paste(_rgba(background.color, 255), (0, 0, width, height))
    picture.putalpha(mask)


def _draw_block(layer: Image.Image, asset: TextAsset, block: Block, padding: float) -> None:
    draw = ImageDraw.Draw(layer)
    ascent, descent = block.face.metrics()
    slack = {"top": 0.0, "center": 0.5, "bottom": 1.0}[asset.alignment.vertical]
    top = padding + (layer.height - 2 * padding - block.height) * slack
    share = {"left": 0.0, "center": 0.5, "right": 1.0}[asset.alignment.horizontal]
    for index, line in enumerate(block.lines):
        baseline = round(top + index * block.advance + (block.advance - ascent - descent) / 2 + ascent)
        left = float(round(padding + (layer.width - 2 * padding - block.face.width(line)) * share))
        for font, run in block.face.runs(line):
            draw.text(
                (left, baseline),
                run,
                font=font,
                anchor="ls",
                fill=_rgba(asset.font.color, round(255 * asset.font.opacity)),
                stroke_width=asset.stroke.width,
                stroke_fill=_rgba(asset.stroke.color, round(255 * asset.font.opacity)),
            )
            left += font.getlength(run)


def _clean(text: str, face: Face) -> list[str]:
    """Paragraphs of what the face can draw, without blank ones at either end or runs of them."""
    composed = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    kept = "".join(c for c in composed if c in "\n " or (unicodedata.category(c) not in UNDRAWN and face.draws(c)))
    paragraphs = [" ".join(paragraph.split()) for paragraph in kept.strip().split("\n")]
    return [line for index, line in enumerate(paragraphs) if line or paragraphs[index - 1]]


def _face(family: str, weight: int, size: int) -> Face:
    roboto = font_roboto.font_files[next(name for heaviest, name in ROBOTO_WEIGHTS if weight <= heaviest)]
    if family.casefold() in ("fredoka one", "fredoka"):
        return Face(font_fredoka_one.font_files["FredokaOne"], roboto, size)
    return Face(roboto, roboto, size)


@lru_cache(maxsize=8192)
def _width(face: Face, text: str) -> float:
    return sum(font.getlength(run) for font, run in face.runs(text))


@lru_cache(maxsize=256)
def _font(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)


@lru_cache(maxsize=4096)
def _has_glyph(path: str, character: str) -> bool:
    """Whether the font has the character. Pillow shows no character map, but what is missing looks unassigned."""
    if character.isspace():
        return True
    return _outline(path, character) != _outline(path, UNASSIGNED)


def _outline(path: str, character: str) -> tuple[tuple[int, int], bytes]:
    picture = Image.new("L", (96, 96), 0)
    ImageDraw.Draw(picture).text((16, 64), character, font=_font(path, 40), anchor="ls", fill=255)
    return picture.size, picture.tobytes()


def _rgba(color: str, alpha: int) -> tuple[int, int, int, int]:
    red, green, blue = bytes.fromhex(color[1:])
    return red, green, blue, alpha
