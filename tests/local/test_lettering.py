"""Text as the renderer draws it: nothing overflows its box, nothing is drawn that a font does not have."""

from typing import Any

import pytest
from PIL import Image

from local.renderer.edits import TextAlignment, TextAsset, TextBackground, TextFont
from local.renderer.lettering import draw_text

CANVAS = (1280, 720)


def drawn(words: str, *, width: int | None = 600, height: int | None = 300, **rest: Any) -> Image.Image:
    return draw_text(TextAsset(type="text", text=words, width=width, height=height, **rest), CANVAS)


def margins(picture: Image.Image) -> tuple[int, int, int, int]:
    """Empty pixels left, above, right and below."""
    left, top, right, bottom = picture.getchannel("A").getbbox() or (0, 0, 0, 0)
    return left, top, picture.width - right, picture.height - bottom


@pytest.mark.parametrize("words", ["Hi", "word " * 200, "Donaudampfschifffahrt" * 30, "a\n" * 40, "W" * 5000])
def test_text_stays_inside_its_padding(words: str) -> None:
    font = TextFont(size=90)
    plain = drawn(words, font=font, width=560, height=260)
    padded = drawn(words, font=font, background=TextBackground(opacity=0.0, padding=20))
    assert padded.size == (600, 300)
    assert min(margins(plain)) >= 0
    assert min(margins(padded)) >= 20 - 2  # the soft edge of a letter may stand out


def test_thousand_characters_are_all_drawn_at_a_legible_size() -> None:
    # As much text as a gift's message may have, in a caption box of a third of the film.
    message = ("We wish you all the best. " * 39)[:1000]
    short = drawn(message[:500], width=1080, height=240, font=TextFont(size=40))
    whole = drawn(message, width=1080, height=240, font=TextFont(size=40))
    assert ink(whole) > ink(short) * 0.8
    assert margins(whole)[3] < 40


def ink(picture: Image.Image) -> int:
    return sum(picture.getchannel("A").histogram()[128:])


def test_what_no_font_has_leaves_no_mark_and_no_gap() -> None:
    assert drawn("Happy 🎉 birthday 漢字👩‍👩‍👧!").tobytes() == drawn("Happy birthday !").tobytes()
    assert drawn("🎉🎂").getbbox() is None


def test_what_the_family_lacks_is_drawn_in_roboto() -> None:
    greek = "Χρόνια πολλά"
    fallen_back, roboto = (drawn(greek, font=TextFont(family=family)) for family in ("Fredoka One", "Roboto"))
    assert fallen_back.crop(fallen_back.getbbox()).tobytes() == roboto.crop(roboto.getbbox()).tobytes()
    assert drawn("Ben", font=TextFont(family="Fredoka One")).tobytes() != drawn("Ben").tobytes()
    assert drawn("Ben", font=TextFont(family="No such font")).tobytes() == drawn("Ben").tobytes()


def test_alignment_moves_the_text_to_the_sides_of_its_box() -> None:
    begin = margins(drawn("Ben", alignment=TextAlignment(horizontal="left", vertical="top")))
    end = margins(drawn("Ben", alignment=TextAlignment(horizontal="right", vertical="bottom")))
    middle = margins(drawn("Ben"))
    assert begin[0] < 8
    assert end[2] < 8
    assert abs(middle[0] - middle[2]) < 8
    assert begin[1] < middle[1] < end[1]


def test_background_without_a_height_hugs_the_text() -> None:
    one, two = (
        drawn(words, width=400, height=None, background=TextBackground(padding=10), font=TextFont(size=30))
        for words in ("one", "one\ntwo")
    )
    assert (one.size, two.size) == ((400, 56), (400, 92))
    assert drawn("one", width=None, height=None).size == CANVAS
