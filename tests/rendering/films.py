"""Film contents that the tests of the film builder share."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from api.rendering.content import Clip, Destination, FilmContent, ProductCard
from api.rendering.timeline import build_edit

DEFINITIONS = Path(__file__).resolve().parents[2] / "api" / "templates" / "definitions"
SLUGS = ("birthday-confetti", "thank-you-sunset")
DESTINATION = Destination(bucket="media-bucket", region="eu-west-1", filename="0193-film")
CALLBACK = "https://giftflick.example/hooks/renderer/1/secret"
MEDIA = "https://media.example"
LONGEST_MESSAGE = ("I have been trying to write this for a week. " * 30)[:1000]

PHOTO = Clip("image", f"{MEDIA}/photo.jpg?signature=1")
CLIP = Clip("video", f"{MEDIA}/clip.mp4?signature=2", 5.0)
VOICE = Clip("audio", f"{MEDIA}/voice.m4a?signature=3", 12.0)
PRODUCT = ProductCard("Espresso set", "AUD 49.00", f"{MEDIA}/espresso.jpg")


def definition(slug: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((DEFINITIONS / f"{slug}.json").read_text(encoding="utf-8"))
    return content


def film(slug: str = "birthday-confetti", **changes: Any) -> FilmContent:
    """A gift with nothing but names, on one of our templates."""
    template = definition(slug)
    fields = {field["name"]: field["default"] or "for everything" for field in template["fields"]}
    bare = FilmContent(
        theme=template["theme"],
        scenes=template["scenes"],
        aspect_ratio=template["aspect_ratio"],
        fields=fields,
        sender_name="Ana",
        recipient_name="Ben",
        music_url=f"{MEDIA}/music.m4a?signature=4",
        backdrop_url=f"{MEDIA}/backdrop.jpg?signature=5",
    )
    return replace(bare, **changes)


def edit_of(content: FilmContent) -> dict[str, Any]:
    return build_edit(content, destination=DESTINATION, callback=CALLBACK)


def clips(edit: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """The clips whose asset is of this kind, in the order in which they start."""
    found = [clip for track in edit["timeline"]["tracks"] for clip in track["clips"] if clip["asset"]["type"] == kind]
    return sorted(found, key=lambda clip: clip["start"])


def words(edit: dict[str, Any]) -> list[str]:
    return [clip["asset"]["text"] for clip in clips(edit, "text")]


def seconds(edit: dict[str, Any]) -> float:
    placed = [clip for track in edit["timeline"]["tracks"] for clip in track["clips"]]
    return float(max(clip["start"] + clip["length"] for clip in placed))
