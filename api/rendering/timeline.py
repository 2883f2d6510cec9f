"""Builds the edit that the rendering service turns into a film. Pure: no network, no clock, no database."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, zip_longest
from math import ceil
from typing import Any

from api.rendering.content import Clip, Destination, FilmContent, ProductCard
from api.rendering.scenes import FADE_S, Scene, build_scenes
from api.rendering.theme import Theme

__all__ = ["Clip", "Destination", "FilmContent", "ProductCard", "build_edit"]

SHORTEST_FILM_S = 16.0
LONGEST_FILM_S = 120.0
FRAMES_PER_SECOND = 25
# By then the title stands.
POSTER_S = 2.6
# Music steps back in a film in which somebody speaks.
MUSIC_UNDER_VOICES = 0.5

Track = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Shot:
    """A scene in its place; it overlaps the next one while they fade into each other."""

    scene: Scene
    start: float
    length: float
    fades_out: bool


def build_edit(content: FilmContent, *, destination: Destination, callback: str) -> dict[str, Any]:
    """The body of the renderer's `POST /render`.

    The film is 16 to about 120 seconds long, whatever the gift brings. No text of a person is used as a merge field.
    """
    theme = Theme.read(content.theme)
    shots = _shoot(_paced(build_scenes(content)))
    seconds = shots[-1].start + shots[-1].length
    tracks = [*_scene_tracks(shots), *_voice_track(shots, seconds), *_music_track(content, theme, shots, seconds)]
    timeline = {"background": theme.background, "tracks": [*tracks, *_backdrop_track(content, seconds)]}
    if fonts := theme.custom_fonts():
        timeline["fonts"] = [{"src": source} for source in fonts]
    return {"timeline": timeline, "output": _output(content.aspect_ratio, destination), "callback": callback}


def _paced(scenes: Sequence[Scene]) -> list[Scene]:
    """Shorten media that would make the film too long, or let the scenes that can wait fill a short one."""
    seconds = FADE_S + sum(scene.hold for scene in scenes)
    if seconds > LONGEST_FILM_S:
        flexible = [scene for scene in scenes if scene.least < scene.hold]
        room = LONGEST_FILM_S - seconds + sum(scene.hold for scene in flexible)
        share = room / max(1, len(flexible))
        return [replace(scene, hold=max(scene.least, min(scene.hold, share))) for scene in scenes]
    missing = max(0.0, SHORTEST_FILM_S - seconds)
    more = missing / sum(scene.can_wait for scene in scenes)
    return [replace(scene, hold=scene.hold + more) if scene.can_wait else scene for scene in scenes]


def _shoot(scenes: Sequence[Scene]) -> list[Shot]:
    """One after the other; the last one's words stay."""
    starts = accumulate((scene.hold for scene in scenes), initial=0.0)
    placed = zip(scenes, starts, strict=False)
    return [Shot(scene, start, scene.hold + FADE_S, fades_out=scene is not scenes[-1]) for scene, start in placed]


def _scene_tracks(shots: Sequence[Shot]) -> list[Track]:
    """Odd scenes above even ones, so that neighbours may overlap; of each, a track a layer, the top one first."""
    return [*_stack(shots[1::2]), *_stack(shots[0::2])]


def _stack(shots: Sequence[Shot]) -> Iterator[Track]:
    for level in reversed(range(max((len(shot.scene.layers) for shot in shots), default=0))):
        yield {"clips": [_clip(shot, level) for shot in shots if level < len(shot.scene.layers)]}


def _clip(shot: Shot, level: int) -> dict[str, Any]:
    delay = level * shot.scene.stagger
    fades = {"in": "fade", "out": "fade"} if shot.fades_out else {"in": "fade"}
    return {**shot.scene.layers[level], **_span(shot.start + delay, shot.length - delay), "transition": fades}


def _voice_track(shots: Sequence[Shot], seconds: float) -> list[Track]:
    """Each voice message plays on under the next scenes, until somebody else speaks or the film ends."""
    speaking = [shot for shot in shots if shot.scene.has_sound]
    clips = []
    for shot, following in zip_longest(speaking, speaking[1:]):
        if shot.scene.sound_url is not None:
            asset = {"type": "audio", "src": shot.scene.sound_url, "volume": 1.0, "effect": "fadeOut"}
            end = following.start if following else seconds
            clips.append({"asset": asset, **_span(shot.start, end - shot.start)})
    return [{"clips": clips}] if clips else []


def _music_track(content: FilmContent, theme: Theme, shots: Sequence[Shot], seconds: float) -> list[Track]:
    """The music, again and again: the renderer does not repeat its own `soundtrack`."""
    if content.music_url is None:
        return []
    is_spoken_over = any(shot.scene.has_sound for shot in shots)
    volume = theme.music_volume * (MUSIC_UNDER_VOICES if is_spoken_over else 1.0)
    asset = {"type": "audio", "src": content.music_url, "volume": round(volume, 3)}
    rounds = max(1, ceil((seconds - FADE_S) / theme.music_loop_s))
    starts = [number * theme.music_loop_s for number in range(rounds)]
    clips = [{"asset": asset, **_span(start, min(theme.music_loop_s, seconds - start))} for start in starts]
    clips[-1]["asset"] = {**asset, "effect": "fadeOut"}
    return [{"clips": clips}]


def _backdrop_track(content: FilmContent, seconds: float) -> list[Track]:
    if content.backdrop_url is None:
        return []
    asset = {"type": "image", "src": content.backdrop_url}
    return [{"clips": [{"asset": asset, "fit": "crop", **_span(0.0, seconds)}]}]


def _output(aspect_ratio: str, destination: Destination) -> dict[str, Any]:
    options = {
        "region": destination.region,
        "bucket": destination.bucket,
        "prefix": destination.prefix,
        "filename": destination.filename,
    }
    return {
        "format": "mp4",
        "resolution": "hd",
        "aspectRatio": aspect_ratio,
        "fps": FRAMES_PER_SECOND,
        "poster": {"capture": POSTER_S},
        "destinations": [{"provider": "s3", "options": options}, {"provider": "shotstack", "exclude": True}],
    }


def _span(start: float, length: float) -> dict[str, float]:
    return {"start": round(start, 3), "length": round(length, 3)}
