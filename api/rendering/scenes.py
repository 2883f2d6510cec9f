"""A film's scenes: what each kind that a template may name shows, and for how long."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from api.rendering.content import Clip, FilmContent, ProductCard
from api.rendering.layers import Layer, Stage
from api.rendering.layout import CAPTION_MARGIN, LAYOUTS, Box, Frame
from api.rendering.theme import CANVASES, Theme
from api.rendering.wording import fill, split_pages

CHARACTERS_PER_SECOND = 14
SHORTEST_PAGE_S = 3.5
SHORTEST_MEDIA_S = 1.5
# What a video or a sound gets whose length is not known.
UNKNOWN_LENGTH_S = 10.0
LONGEST_VOICE_CARD_S = 30.0
# Of a product, so that its picture keeps some room.
LONGEST_NAME = 90
# Scenes fade into each other over this long: the renderer's transition `fade`.
FADE_S = 1.0


@dataclass(frozen=True)
class Scene:
    """`hold` is its time until the next one begins to fade in. It may be shortened to `least`, stretched if `can_wait`.

    `layers` lie upon each other, the lowest first; each comes in `stagger` seconds after the one before.
    """

    hold: float
    layers: tuple[Layer, ...]
    least: float
    can_wait: bool = True
    stagger: float = 0.0
    sound_url: str | None = None
    has_sound: bool = False


def build_scenes(content: FilmContent) -> list[Scene]:
    """The scenes in the template's order; what the gift lacks is left out."""
    return list(_Script(content).scenes())


class _Script:
    """One gift's way through a template's scenes. The message's pages lie over photos, the rest follow on cards."""

    def __init__(self, content: FilmContent) -> None:
        self._content = content
        self._stage = Stage(Theme.read(content.theme), CANVASES[content.aspect_ratio])
        self._layout = LAYOUTS[content.aspect_ratio]
        names = {"sender": content.sender_name, "recipient": content.recipient_name}
        self._words = {**{name: fill(value, names) for name, value in content.fields.items()}, **names}
        self._pages = split_pages(content.message)

    def scenes(self) -> Iterator[Scene]:
        builders = {
            "title": self._card,
            "media": self._media,
            "message": self._message,
            "product": self._product,
            "closing": self._card,
        }
        for scene in self._content.scenes:
            yield from builders[scene["kind"]](scene)

    def _card(self, scene: Mapping[str, Any]) -> Iterator[Scene]:
        """A headline with a label above it and a line below, as close as its height lets them come."""
        stage, layout = self._stage, self._layout
        heading = stage.heading(self._filled(scene["headline"]), layout.heading, largest=116)
        reach = stage.words_height(heading) / 2 / stage.canvas.height + layout.gap
        layers = [heading]
        if eyebrow := self._filled(scene["eyebrow"]).strip():
            layers.append(stage.label(eyebrow, y=layout.heading.y + reach, largest=32))
        if byline := self._filled(scene["byline"]).strip():
            box = Box(layout.byline_width, 0.12, 0.0, layout.heading.y - reach - 0.01)
            layers.append(stage.body(byline, box, largest=40, weight=500))
        yield _rigid(scene["seconds"], *layers, stagger=0.3)

    def _media(self, scene: Mapping[str, Any]) -> Iterator[Scene]:
        photos = 0
        for clip in self._content.media:
            if clip.kind == "image":
                yield self._photo(clip, scene, zoom="zoomInSlow" if photos % 2 == 0 else "zoomOutSlow")
                photos += 1
            elif clip.kind == "video":
                yield self._footage(clip, scene)
            else:
                yield self._voice(clip, scene)

    def _photo(self, clip: Clip, scene: Mapping[str, Any], *, zoom: str) -> Scene:
        stage, layout = self._stage, self._layout
        if not self._pages:
            picture = stage.picture(clip.url, layout.photo, effect=zoom)
            return Scene(scene["photo_seconds"], (picture,), least=SHORTEST_MEDIA_S)
        page = self._pages.pop(0)
        picture = stage.picture(clip.url, layout.captioned_photo, effect=zoom)
        caption = stage.caption(page, width=layout.caption_width, bottom=CAPTION_MARGIN, largest=36)
        return _rigid(max(scene["photo_seconds"], _reading_s(page)), picture, caption)

    def _footage(self, clip: Clip, scene: Mapping[str, Any]) -> Scene:
        length = min(clip.duration_s or UNKNOWN_LENGTH_S, scene["clip_seconds"])
        layer = self._stage.footage(clip.url, self._layout.footage)
        hold = max(SHORTEST_MEDIA_S, length - FADE_S)
        return Scene(hold, (layer,), least=SHORTEST_MEDIA_S, can_wait=False, has_sound=True)

    def _voice(self, clip: Clip, scene: Mapping[str, Any]) -> Scene:
        length = min(clip.duration_s or UNKNOWN_LENGTH_S, LONGEST_VOICE_CARD_S)
        layer = self._stage.heading(self._filled(scene["voice"]), self._layout.heading, largest=72)
        hold = max(SHORTEST_PAGE_S, length)
        return Scene(hold, (layer,), least=SHORTEST_MEDIA_S, sound_url=clip.url, has_sound=True)

    def _message(self, scene: Mapping[str, Any]) -> Iterator[Scene]:
        """The pages that no photo took; a gift without words or media says what the template says."""
        is_bare = not self._content.message.strip() and not self._content.media
        for page in [self._filled(scene["otherwise"])] if is_bare else self._pages:
            yield _rigid(_reading_s(page), self._stage.sheet(page, self._layout.page, largest=64, padding=56))

    def _product(self, scene: Mapping[str, Any]) -> Iterator[Scene]:
        if self._content.product is not None:
            layers = self._product_layers(self._content.product, self._filled(scene["label"]))
            yield _rigid(scene["seconds"], *layers)

    def _product_layers(self, product: ProductCard, label: str) -> Iterator[Layer]:
        """A tile: the picture, below it name and price, the label on its upper edge."""
        stage, layout, padding = self._stage, self._layout, 40
        name = product.name if len(product.name) <= LONGEST_NAME else f"{product.name[: LONGEST_NAME - 1].rstrip()}…"
        words = f"{name}\n{product.price}" if product.price else name
        if product.image_url is None:
            tile = layout.bare_tile
            yield stage.sheet(words, tile, largest=44, padding=56, weight=600)
        else:
            tile = layout.tile
            sheet = stage.sheet(words, tile, largest=40, padding=padding, weight=600, vertical="bottom")
            yield sheet
            room = tile.height - (3 * padding + stage.words_height(sheet)) / stage.canvas.height
            middle = tile.y + (tile.height - room) / 2 - padding * 1.2 / stage.canvas.height
            yield stage.picture(product.image_url, Frame(room * layout.tile_picture, middle))
        yield stage.label(label, y=tile.y + tile.height / 2, largest=30)

    def _filled(self, text: str) -> str:
        return fill(text, self._words)


def _rigid(hold: float, *layers: Layer, stagger: float = 0.0) -> Scene:
    return Scene(hold, layers, least=hold, stagger=stagger)


def _reading_s(text: str) -> float:
    return max(SHORTEST_PAGE_S, len(text) / CHARACTERS_PER_SECOND)
