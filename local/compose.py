"""Composes the templates' music, note by note, so that nobody else holds rights in it: `python -m local.compose`.

Every piece is a loop: what rings on past its end is laid over its beginning. Made by arithmetic alone, it comes out the
same every time.
"""

import array
import random
import subprocess
import tempfile
import wave
from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import exp, pi, sin
from pathlib import Path

import imageio_ffmpeg

from local.scores import BIRTHDAY, SUNSET, Score

DEFINITIONS = Path(__file__).resolve().parent.parent / "api" / "templates" / "definitions"
SAMPLE_RATE = 32_000
BIT_RATE = "96k"
PEAK = 0.85
# Reflections of a small hall: seconds, strength, whether from the other side.
HALL = ((0.029, 0.24, True), (0.053, 0.2, False), (0.087, 0.16, True), (0.131, 0.12, False), (0.197, 0.08, True))

Sound = Sequence[float]


class Loop:
    """A stereo recording without a beginning or an end."""

    def __init__(self, seconds: float) -> None:
        self.length = round(seconds * SAMPLE_RATE)
        self.channels = ([0.0] * self.length, [0.0] * self.length)

    def add(self, sound: Sound, at: float, loudness: float, side: float = 0.0) -> None:
        """`side` is -1 for left, 1 for right."""
        first = round(at * SAMPLE_RATE)
        for channel, share in zip(self.channels, (1 - max(0.0, side), 1 + min(0.0, side)), strict=True):
            gain = loudness * share
            for index, sample in enumerate(sound, start=first):
                channel[index % self.length] += gain * sample

    def in_hall(self) -> "Loop":
        echoed = Loop(self.length / SAMPLE_RATE)
        for own, other, target in ((0, 1, echoed.channels[0]), (1, 0, echoed.channels[1])):
            target[:] = self.channels[own]
            for delay, strength, is_crossed in HALL:
                source = self.channels[other if is_crossed else own]
                shift = self.length - round(delay * SAMPLE_RATE)
                for index, sample in enumerate(source):
                    target[(index - shift) % self.length] += strength * sample
        return echoed

    def write(self, path: Path) -> None:
        loudest = max(max(map(abs, channel)) for channel in self.channels)
        samples = array.array("h", bytes(4 * self.length))
        for offset, channel in enumerate(self.channels):
            samples[offset::2] = array.array("h", (round(sample / loudest * PEAK * 32767) for sample in channel))
        with wave.open(str(path), "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            file.writeframes(samples.tobytes())


def frequency(note: int) -> float:
    """Of a MIDI note: 69 is the A of 440 Hz."""
    return 440.0 * 2 ** ((note - 69) / 12)


@lru_cache
def plucked(note: int, seconds: float = 0.9) -> Sound:
    """A nylon string: noise in a delay line that softens as it goes round (Karplus and Strong)."""
    noise = random.Random(note)  # noqa: S311 - the same string sounds the same
    line = [noise.uniform(-1, 1) for _ in range(round(SAMPLE_RATE / frequency(note)))]
    line = [(line[index - 1] + value + line[index - 2]) / 3 for index, value in enumerate(line)]
    sound = []
    for index in range(round(seconds * SAMPLE_RATE)):
        place = index % len(line)
        sound.append(line[place])
        line[place] = 0.496 * (line[place] + line[(place + 1) % len(line)])
    return _released(sound)


@lru_cache
def struck(note: int, seconds: float, partials: tuple[tuple[float, float, float], ...]) -> Sound:
    """A bar or a string that is struck: partials as (multiple of the pitch, strength, decay per second)."""
    sound = [0.0] * round(seconds * SAMPLE_RATE)
    for multiple, strength, decay in partials:
        turn = 2 * pi * frequency(note) * multiple / SAMPLE_RATE
        fading, level = exp(-decay / SAMPLE_RATE), strength
        for index in range(len(sound)):
            sound[index] += level * sin(turn * index) * min(1.0, index / 120)
            level *= fading
    return _released(sound)


@lru_cache
def held(note: int, seconds: float) -> Sound:
    """Three slightly detuned voices that swell and sink: a warm pad."""
    swell = 0.3 * seconds
    sound = []
    turns = [2 * pi * frequency(note) * (1 + detuning) / SAMPLE_RATE for detuning in (-0.0022, 0.0, 0.0019)]
    for index in range(round((seconds + swell) * SAMPLE_RATE)):
        at = index / SAMPLE_RATE
        level = min(1.0, at / swell, (seconds + swell - at) / swell)
        sound.append(level * sum(sin(turn * index) + 0.18 * sin(2 * turn * index) for turn in turns) / 3)
    return sound


@lru_cache
def shaken(seconds: float = 0.09) -> Sound:
    noise = random.Random(1)  # noqa: S311 - decoration
    grains = [noise.uniform(-1, 1) for _ in range(round(seconds * SAMPLE_RATE))]
    return [(grains[index] - grains[index - 1]) * exp(-index / SAMPLE_RATE * 60) for index in range(len(grains))]


GLOCKENSPIEL = ((1.0, 0.8, 5.0), (2.76, 0.25, 9.0), (5.4, 0.1, 16.0))
FELT_PIANO = ((1.0, 0.8, 2.2), (2.0, 0.25, 3.5), (3.0, 0.09, 5.0), (4.0, 0.03, 8.0))
BASS = ((1.0, 0.9, 3.0), (2.0, 0.3, 5.0))


def play_birthday(score: Score) -> Loop:
    """A ukulele strums, a bass walks along, a glockenspiel sings."""
    loop, bar = Loop(score.seconds), score.bar_seconds
    for number, (chord, melody) in enumerate(zip(score.chords, score.melody, strict=True)):
        begin = number * bar
        for slot in (0, 2, 3, 5, 6, 7):
            strings = chord if slot % 2 == 0 else tuple(reversed(chord))
            for string, note in enumerate(strings):
                loop.add(plucked(note), begin + slot * bar / 8 + string * 0.011, 0.3 if slot == 0 else 0.2, -0.35)
        for half in (0, 1):
            loop.add(struck(min(chord) - 24, 0.9, BASS), begin + half * bar / 2, 0.42)
        for slot in range(8):
            loop.add(shaken(), begin + slot * bar / 8, 0.05 if slot % 2 else 0.025, 0.5)
        for beat, note in melody:
            loop.add(struck(note + 12, 1.3, GLOCKENSPIEL), begin + beat * bar / 4, 0.26, 0.25)
    return loop


def play_sunset(score: Score) -> Loop:
    """A warm pad, a piano with felt on its hammers, and a slow melody above."""
    loop, bar = Loop(score.seconds), score.bar_seconds
    for number, (chord, melody) in enumerate(zip(score.chords, score.melody, strict=True)):
        begin = number * bar
        for voice, note in enumerate(chord):
            loop.add(held(note, bar), begin, 0.15, -0.5 + voice * 0.33)
        for slot, voice in enumerate((0, 1, 2, 3, 2, 3, 1, 2)):
            loop.add(struck(chord[voice] + 12, 2.6, FELT_PIANO), begin + slot * bar / 8, 0.15, -0.2)
        for beat, note in melody:
            loop.add(struck(note, 3.2, FELT_PIANO), begin + beat * bar / 4, 0.34, 0.2)
    return loop


def _released(sound: list[float]) -> Sound:
    """Without a click at the end."""
    tail = round(0.05 * SAMPLE_RATE)
    for step in range(tail):
        sound[-1 - step] *= step / tail
    return sound


def _pieces() -> Iterator[tuple[str, Loop]]:
    yield "birthday-confetti.m4a", play_birthday(BIRTHDAY)
    yield "thank-you-sunset.m4a", play_sunset(SUNSET)


def main() -> None:
    for name, loop in _pieces():
        with tempfile.TemporaryDirectory() as folder:
            recording = Path(folder) / "loop.wav"
            loop.in_hall().write(recording)
            options = ["-c:a", "aac", "-b:a", BIT_RATE, "-fflags", "+bitexact", "-flags:a", "+bitexact"]
            ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
            command = [ffmpeg, "-v", "error", "-y", "-i", str(recording), *options, str(DEFINITIONS / name)]
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        print(f"{name}: {loop.length / SAMPLE_RATE:g} s, {(DEFINITIONS / name).stat().st_size} bytes")


if __name__ == "__main__":
    main()
