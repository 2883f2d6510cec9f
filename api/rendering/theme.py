"""How a template's films look: colours, fonts, the canvas they are laid out on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# The families a film may use, and where the renderer finds those that it does not bring along.
FONTS: dict[str, str | None] = {
    "Roboto": None,
    "Fredoka One": "https://fonts.gstatic.com/s/fredokaone/v15/k3kUo8kEI-tA1RRcTZGmTlHGCaI.ttf",
}

# How much wider than Roboto's a family's letters are.
LETTER_WIDTHS = {"Roboto": 1.0, "Fredoka One": 1.08}


@dataclass(frozen=True)
class Canvas:
    """Pixels of the output resolution `hd`."""

    width: int
    height: int


CANVASES = {"16:9": Canvas(1280, 720), "9:16": Canvas(720, 1280), "1:1": Canvas(720, 720)}


@dataclass(frozen=True)
class Theme:
    """A template's `theme`, as `api.templates.definition` lets it in.

    `ink` is for text on the backdrop, `accent` for the small panel above a headline, `panel` for text over pictures.
    The music is a loop of `music_loop_s` seconds.
    """

    background: str
    ink: str
    accent: str
    accent_ink: str
    panel: str
    panel_ink: str
    panel_opacity: float
    heading_font: str
    heading_weight: int
    body_font: str
    music_loop_s: float
    music_volume: float

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> "Theme":
        return cls(**values)

    def custom_fonts(self) -> list[str]:
        """URLs of the font files that the renderer must load."""
        sources = [FONTS[family] for family in sorted({self.heading_font, self.body_font})]
        return [source for source in sources if source is not None]
