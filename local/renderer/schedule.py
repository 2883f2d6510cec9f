"""Turns a timeline's starts and lengths, "auto" and "end" among them, into whole frames."""

from collections.abc import Callable
from dataclasses import dataclass

from local.renderer.edits import MAX_SECONDS, Clip, Timeline

# What the vendor gives a picture or a text whose length is "auto".
STILL_SECONDS = 3.0


class ScheduleError(Exception):
    """A timeline that has no length or too much of it; the text goes into the status document."""


@dataclass(frozen=True)
class ScheduledClip:
    """A clip from frame `start` on, `frames` long."""

    clip: Clip
    start: int
    frames: int
    fps: int


@dataclass(frozen=True)
class Schedule:
    """The clips from the bottom layer up, and the film's length, in frames."""

    clips: list[ScheduledClip]
    frames: int


def schedule(timeline: Timeline, fps: int, natural_seconds: Callable[[Clip], float]) -> Schedule:
    """Place every clip. A clip that lasts to the "end" does not make the film longer."""
    placed = [clip for track in reversed(timeline.tracks) for clip in _place_track(track.clips, natural_seconds)]
    end = max((start + length for _, start, length in placed if length is not None), default=0.0)
    frames = round(end * fps)
    if frames < 1:
        raise ScheduleError("The timeline has no length")
    if end > MAX_SECONDS:
        raise ScheduleError(f"The timeline is longer than {MAX_SECONDS:g} seconds")
    clips = []
    for clip, start, length in placed:
        first = round(start * fps)
        last = frames if length is None else round((start + length) * fps)
        if last > first:
            clips.append(ScheduledClip(clip, first, last - first, fps))
    return Schedule(clips, frames)


def _place_track(clips: list[Clip], natural_seconds: Callable[[Clip], float]) -> list[tuple[Clip, float, float | None]]:
    placed: list[tuple[Clip, float, float | None]] = []
    cursor = 0.0
    for clip in clips:
        start = cursor if clip.start == "auto" else clip.start
        length: float | None
        if clip.length == "end":
            length = None
        elif clip.length == "auto":
            length = natural_seconds(clip)
        else:
            length = clip.length
        placed.append((clip, start, length))
        cursor = start + (length or 0.0)
    return placed
