"""The notes of the templates' music, as MIDI numbers: chords a bar each, melodies as (beat, note)."""

from dataclasses import dataclass

Bar = tuple[tuple[float, int], ...]

BEATS = 4


@dataclass(frozen=True)
class Score:
    beats_per_minute: int
    chords: tuple[tuple[int, ...], ...]
    melody: tuple[Bar, ...]

    @property
    def bar_seconds(self) -> float:
        return BEATS * 60 / self.beats_per_minute

    @property
    def seconds(self) -> float:
        return len(self.chords) * self.bar_seconds


C, G, A_MINOR, F = (67, 60, 64, 72), (67, 62, 67, 71), (69, 60, 64, 69), (69, 60, 65, 69)

BIRTHDAY = Score(
    beats_per_minute=128,
    chords=(C, G, A_MINOR, F, C, G, A_MINOR, F, C, G, A_MINOR, F, F, G, C, C),
    melody=(
        ((0, 76), (1, 79), (2, 84), (3, 79), (3.5, 76)),
        ((0, 74), (1, 79), (2, 83), (3, 79), (3.5, 74)),
        ((0, 72), (1, 76), (2, 81), (3, 76), (3.5, 72)),
        ((0, 77), (1, 76), (2, 74), (3, 72)),
        ((0, 79), (1.5, 76), (2, 79), (3, 84)),
        ((0, 83), (1.5, 79), (2, 74), (3, 79)),
        ((0, 81), (1.5, 76), (2, 72), (3, 76)),
        ((0, 77), (0.5, 76), (1, 74), (1.5, 72), (2, 74), (3, 76)),
        ((0, 84), (2, 83), (3, 79)),
        ((0, 79), (3, 77), (3.5, 79)),
        ((0, 81), (2, 79), (3, 76)),
        ((0, 77), (3, 76), (3.5, 74)),
        ((0, 72), (0.5, 74), (1, 76), (1.5, 77), (2, 79), (3, 81)),
        ((0, 79), (1, 83), (2, 86), (3, 83)),
        ((0, 84), (1, 79), (2, 76), (3, 79)),
        ((0, 84), (2, 72)),
    ),
)

SUNSET = Score(
    beats_per_minute=64,
    chords=(
        (53, 57, 60, 64),
        (52, 55, 60, 67),
        (50, 57, 60, 65),
        (46, 53, 58, 62),
        (53, 57, 60, 65),
        (48, 55, 60, 64),
        (46, 58, 62, 65),
        (48, 55, 58, 64),
    ),
    melody=(
        ((0, 81), (2, 79), (3, 77)),
        ((0, 76), (2, 72)),
        ((0, 77), (1.5, 79), (2, 81)),
        ((0, 82), (2, 81), (3, 77)),
        ((0, 84), (2, 81), (3, 79)),
        ((0, 79), (2, 76)),
        ((0, 77), (1, 79), (2, 82)),
        ((0, 79), (2, 76)),
    ),
)
