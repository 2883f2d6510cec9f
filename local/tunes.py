"""Makes a small tune, so that a film has a sound nobody holds rights in."""

import array
import math
import wave
from pathlib import Path

SAMPLE_RATE = 22_050


def write_tune(path: Path, seconds: int) -> None:
    """A music box on a pentatonic scale over a soft chord, mono."""
    samples = [0.0] * (SAMPLE_RATE * seconds)
    melody = (523.25, 659.25, 783.99, 880.0, 783.99, 659.25, 587.33, 523.25, 659.25, 783.99)
    for index, pitch in enumerate(melody):
        _pluck(samples, index * 0.5, pitch, 0.22)
    for index, pitch in enumerate((130.81, 196.0, 174.61, 196.0, 130.81)):
        _pluck(samples, index * 1.0, pitch, 0.18)
    data = array.array("h", (round(max(-1.0, min(1.0, sample)) * 32767) for sample in samples))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(data.tobytes())


def _pluck(samples: list[float], start: float, pitch: float, loudness: float) -> None:
    first = round(start * SAMPLE_RATE)
    turn = 2 * math.pi * pitch / SAMPLE_RATE
    for index in range(min(SAMPLE_RATE, len(samples) - first)):
        strength = loudness * math.exp(-index / SAMPLE_RATE * 4.5) * min(1.0, index / 100)
        samples[first + index] += strength * (math.sin(turn * index) + 0.3 * math.sin(2 * turn * index))
