"""The mark that the sandbox leaves on its films."""

from PIL import Image

from local.renderer.edits import TextAsset, TextFont, TextStroke
from local.renderer.lettering import draw_text


def draw_watermark(canvas: tuple[int, int]) -> Image.Image:
    """A picture as large as the canvas, transparent but for the word."""
    font = TextFont(size=round(min(canvas) / 5), weight=900, opacity=0.3)
    stroke = TextStroke(color="#333333", width=2)
    return draw_text(TextAsset(type="text", text="SANDBOX", font=font, stroke=stroke), canvas)
