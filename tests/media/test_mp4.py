"""What a film in the bucket says of itself."""

import pytest

from api.media import bucket
from api.media.mp4 import read_film
from tests.media.test_bucket import stored


@pytest.mark.parametrize("name", ["film.mp4", "faststart.mp4", "film.mov"])
def test_film_is_read_wherever_its_header_stands(samples: dict[str, bytes], name: str) -> None:
    key = stored(samples[name])

    film = read_film(key, len(samples[name]))

    assert (film.width, film.height) == (160, 120)
    assert film.duration_s == pytest.approx(1.0, abs=0.05)


def test_long_durations_stand_in_the_second_version_of_the_header(samples: dict[str, bytes]) -> None:
    content = bytearray(samples["faststart.mp4"])
    at = content.index(b"mvhd") + 4
    seconds = (1 << 33) + 7
    # Version 1 wants 12 bytes more: taken over from the fields behind, which nobody reads.
    content[at : at + 32] = b"\x01" + bytes(19) + (1).to_bytes(4, "big") + seconds.to_bytes(8, "big")

    assert read_film(stored(bytes(content)), len(content)).duration_s == seconds


@pytest.mark.parametrize(
    ("name", "kept"), [("sound.m4a", 1), ("photo.jpg", 1), ("film.webm", 1), ("film.mp4", 0.9), ("fragmented.mp4", 1)]
)
def test_what_is_no_whole_film_is_a_value_error(samples: dict[str, bytes], name: str, kept: float) -> None:
    content = samples[name][: int(len(samples[name]) * kept)]

    with pytest.raises(ValueError, match=r"^The f"):
        read_film(stored(content), len(content))


def test_film_that_left_the_bucket_is_a_value_error(samples: dict[str, bytes]) -> None:
    key = stored(samples["film.mp4"])
    bucket.delete(key)

    with pytest.raises(ValueError, match="not in the bucket"):
        read_film(key, len(samples["film.mp4"]))
