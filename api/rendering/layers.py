"""The renderer's clips, without their times: words, panels, pictures and footage laid out on a canvas."""

from dataclasses import dataclass
from typing import Any, Literal

from api.rendering.layout import Box, Frame
from api.rendering.theme import Canvas, Theme
from api.rendering.wording import count_lines, fitted_size, harmless, text_width

Layer = dict[str, Any]

HEADING_LINE = 1.12
BODY_LINE = 1.35


@dataclass(frozen=True)
class Lettering:
    """How words are set; `largest` is the font size that is tried first."""

    font: str
    weight: int
    color: str
    largest: int
    line_height: float = BODY_LINE
    vertical: Literal["center", "bottom"] = "center"


@dataclass(frozen=True)
class Panel:
    """What lies behind words: pixels of padding and radius."""

    color: str
    opacity: float
    padding: int
    radius: int


@dataclass(frozen=True)
class Stage:
    """A theme on a canvas."""

    theme: Theme
    canvas: Canvas

    def heading(self, text: str, box: Box, *, largest: int) -> Layer:
        theme = self.theme
        return self._words(
            text, box, Lettering(theme.heading_font, theme.heading_weight, theme.ink, largest, HEADING_LINE)
        )

    def words_height(self, layer: Layer) -> float:
        """Pixels that the words in a layer take, panel and margins left out."""
        asset, font = layer["asset"], layer["asset"]["font"]
        inner = asset["width"] - 2 * asset.get("background", {}).get("padding", 0)
        lines = count_lines(asset["text"], width=inner, size=font["size"], font=font["family"])
        return float(lines * font["size"] * font["lineHeight"])

    def body(self, text: str, box: Box, *, largest: int, weight: int = 400, is_on_panel: bool = False) -> Layer:
        color = self.theme.panel_ink if is_on_panel else self.theme.ink
        return self._words(text, box, Lettering(self.theme.body_font, weight, color, largest))

    def label(self, text: str, *, y: float, largest: int) -> Layer:
        """A line on a small panel in the accent colour, as wide as its words."""
        height, padding = round(largest * 1.9), round(largest * 0.3)
        wide = text_width(text, size=largest, font=self.theme.body_font) + height + 2 * padding
        box = Box(min(wide / self.canvas.width, 0.86), height / self.canvas.height, 0.0, y)
        lettering = Lettering(self.theme.body_font, 700, self.theme.accent_ink, largest, 1.2)
        return self._words(text, box, lettering, Panel(self.theme.accent, 1.0, padding, height // 2))

    def caption(self, text: str, *, width: float, bottom: float, largest: int) -> Layer:
        """Words on a panel as high as they need; `width` and its margin `bottom` are fractions of the canvas."""
        padding = round(largest * 1.1)
        inner = round(self.canvas.width * width) - 2 * padding
        lines = count_lines(harmless(text), width=inner, size=largest, font=self.theme.body_font)
        height = (round(lines * largest * BODY_LINE) + 2 * padding) / self.canvas.height
        return self.sheet(text, Box(width, height, 0.0, -0.5 + bottom + height / 2), largest=largest, padding=padding)

    def sheet(
        self,
        text: str,
        box: Box,
        *,
        largest: int,
        padding: int,
        weight: int = 500,
        vertical: Literal["center", "bottom"] = "center",
    ) -> Layer:
        """A panel with words on it."""
        lettering = Lettering(self.theme.body_font, weight, self.theme.panel_ink, largest, vertical=vertical)
        return self._words(text, box, lettering, Panel(self.theme.panel, self.theme.panel_opacity, padding, 28))

    def picture(self, url: str, frame: Frame, *, effect: str | None = None) -> Layer:
        layer = {"asset": {"type": "image", "src": url}, **_framed(frame)}
        return {**layer, "effect": effect} if effect else layer

    def footage(self, url: str, frame: Frame) -> Layer:
        asset = {"type": "video", "src": url, "volume": 1.0, "volumeEffect": "fadeInFadeOut"}
        return {"asset": asset, **_framed(frame)}

    def _words(self, text: str, box: Box, lettering: Lettering, panel: Panel | None = None) -> Layer:
        plain = harmless(text)
        width, height = round(box.width * self.canvas.width), round(box.height * self.canvas.height)
        padding = panel.padding if panel else 0
        font, line_height = lettering.font, lettering.line_height
        size = fitted_size(
            plain,
            width=width - 2 * padding,
            height=height - 2 * padding,
            largest=lettering.largest,
            font=font,
            line_height=line_height,
        )
        asset: dict[str, Any] = {
            "type": "text",
            "text": plain,
            "font": {
                "family": font,
                "size": size,
                "weight": lettering.weight,
                "color": lettering.color,
                "lineHeight": line_height,
            },
            "alignment": {"horizontal": "center", "vertical": lettering.vertical},
            "width": width,
            "height": height,
        }
        if panel:
            asset["background"] = {
                "color": panel.color,
                "opacity": panel.opacity,
                "padding": padding,
                "borderRadius": panel.radius,
            }
        return {"asset": asset, **_placed(box.x, box.y)}


def _framed(frame: Frame) -> dict[str, Any]:
    return {"fit": "contain", "scale": round(frame.scale, 3), **_placed(0.0, frame.y)}


def _placed(x: float, y: float) -> dict[str, Any]:
    return {"position": "center", "offset": {"x": round(x, 4), "y": round(y, 4)}}
