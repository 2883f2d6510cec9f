"""Words in a film: filled in, made harmless, cut into pages that can be read, and sized to their boxes."""

import re
from collections.abc import Iterator, Mapping
from math import ceil

from api.rendering.theme import LETTER_WIDTHS

PAGE_CHARACTERS = 120
PAGE_LINES = 4
# More line breaks than a poem has are no poem: such a message is set as prose, or it would make a hundred pages.
MOST_LINES = 24

SMALLEST_SIZE = 14
NARROW = frozenset(" fijlrtI!\"'(),-.:;[]`{|}")
WIDE = frozenset("mwMNW%@—…")

PLACEHOLDER = re.compile(r"\{(\w+)\}")
SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put values where `{name}` stands, in one pass: braces inside a value are never read as placeholders."""
    return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)


def harmless(text: str) -> str:
    """Take the renderer's merge syntax, `{{name}}`, out of text that people wrote."""
    return re.sub(r"\{(?=\{)", "{ ", text)


def split_pages(message: str) -> list[str]:
    """Cut a message at the ends of sentences, else between words, else anywhere; a poem's line breaks stay."""
    pages: list[str] = []
    for glue, piece in _pieces(message):
        joined = f"{pages[-1]}{glue}{piece}" if pages else piece
        if pages and len(joined) <= PAGE_CHARACTERS and joined.count("\n") < PAGE_LINES:
            pages[-1] = joined
        else:
            pages.append(piece)
    return pages


def _pieces(message: str) -> Iterator[tuple[str, str]]:
    """Sentences, or parts of those that are too long, each with what joins it to the piece before."""
    lines = [" ".join(line.split()) for line in message.splitlines()]
    lines = [line for line in lines if line]
    if len(lines) > MOST_LINES:
        lines = [" ".join(lines)]
    for line in lines:
        glue = "\n"
        for sentence in SENTENCE_END.split(line):
            for piece in _shortened(sentence):
                yield glue, piece
                glue = " "


def _shortened(sentence: str) -> Iterator[str]:
    """The sentence in as few, equally long parts as fit a page each."""
    parts = ceil(len(sentence) / PAGE_CHARACTERS)
    target = len(sentence) / parts
    piece = ""
    for word in sentence.split():
        if piece and (len(piece) >= target or len(piece) + 1 + len(word) > PAGE_CHARACTERS):
            yield piece
            piece = ""
        piece = f"{piece} {word}" if piece else word
        while len(piece) > PAGE_CHARACTERS:
            yield piece[:PAGE_CHARACTERS]
            piece = piece[PAGE_CHARACTERS:]
    if piece:
        yield piece


def fitted_size(text: str, *, width: int, height: int, largest: int, font: str, line_height: float) -> int:
    """The font size, at most `largest`, at which the text should fit its box."""
    size = largest
    while size > SMALLEST_SIZE and not _fits(text, width, height, size, font, line_height):
        size -= 2
    return size


def _fits(text: str, width: int, height: int, size: int, font: str, line_height: float) -> bool:
    longest = max((text_width(word, size=size, font=font) for word in text.split()), default=0)
    return longest <= width and count_lines(text, width=width, size=size, font=font) * size * line_height <= height


def count_lines(text: str, *, width: int, size: int, font: str) -> int:
    """How many lines the text takes, broken between words."""
    count = 0
    for line in text.split("\n"):
        used, count = 0, count + 1
        for word in line.split():
            wide = text_width(f"{word} ", size=size, font=font)
            if used and used + wide > width:
                used, count = 0, count + 1
            used += wide
    return count


def text_width(text: str, *, size: int, font: str) -> int:
    """About how wide one line is, in pixels: the renderer alone knows the font, so letters are told apart by class."""
    ems = sum(
        0.3 if letter in NARROW else 0.8 if letter in WIDE else 0.65 if letter.isupper() else 0.56 for letter in text
    )
    return ceil(ems * LETTER_WIDTHS[font] * size)
