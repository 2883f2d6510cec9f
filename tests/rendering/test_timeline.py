"""The edit of a film: accepted by the renderer, readable, neither too short nor too long, whatever a gift brings."""

import copy
import json
from itertools import pairwise
from typing import Any

import pytest
from shotstack_sdk.configuration import Configuration
from shotstack_sdk.exceptions import ApiException, OpenApiException
from shotstack_sdk.model.audio_asset import AudioAsset
from shotstack_sdk.model.edit import Edit
from shotstack_sdk.model.image_asset import ImageAsset
from shotstack_sdk.model.s3_destination import S3Destination
from shotstack_sdk.model.shotstack_destination import ShotstackDestination
from shotstack_sdk.model.video_asset import VideoAsset
from shotstack_sdk.model_utils import validate_and_convert_types

from api.rendering.content import Clip, FilmContent, ProductCard
from api.rendering.theme import CANVASES
from local.renderer.edits import parse_edit
from tests.rendering.films import (
    CALLBACK,
    CLIP,
    LONGEST_MESSAGE,
    PHOTO,
    PRODUCT,
    SLUGS,
    VOICE,
    clips,
    edit_of,
    film,
    seconds,
    words,
)

# The SDK's models of what an edit's clips and destinations hold; it has none of text assets.
MODELS = {
    "image": ImageAsset,
    "video": VideoAsset,
    "audio": AudioAsset,
    "s3": S3Destination,
    "shotstack": ShotstackDestination,
}

NAME = "Maximiliane Theodora von und zu Hohenstein-Waldburg, Tante Elfriede und die ganze Nachbarschaft vorn!"
FILMS: dict[str, dict[str, Any]] = {
    "bare": {},
    "message only": {"message": "Happy 30th!"},
    "ordinary": {"message": "Happy 30th! See you on Saturday.", "media": (PHOTO, CLIP, PHOTO), "product": PRODUCT},
    "voice": {"message": "Listen.", "media": (PHOTO, VOICE, PHOTO, VOICE, CLIP)},
    "unknown lengths": {"media": (Clip("video", "https://m.example/a.webm"), Clip("audio", "https://m.example/b.mp3"))},
    "product without picture": {"product": ProductCard("Espresso set " * 30)},
    "twenty photos": {"message": LONGEST_MESSAGE, "media": (PHOTO,) * 20, "product": PRODUCT},
    "twenty clips": {"message": LONGEST_MESSAGE, "media": (Clip("video", CLIP.url, 400.0),) * 20, "product": PRODUCT},
    "twenty voices": {"message": LONGEST_MESSAGE, "media": (VOICE,) * 20},
    "longest words": {"message": "a" * 1000, "sender_name": NAME[:100], "recipient_name": "W" * 100},
    "line breaks": {"message": "a\n" * 500},
    "blank message": {"message": " \n\t ", "media": (PHOTO,)},
    "without music and backdrop": {"music_url": None, "backdrop_url": None},
}


@pytest.fixture(params=[(slug, name) for slug in SLUGS for name in FILMS], ids=lambda param: " ".join(param))
def any_film(request: pytest.FixtureRequest) -> FilmContent:
    slug, name = request.param
    return film(slug, **FILMS[name])


def read_by_vendor(value: Any, model: type) -> Any:
    """The vendor's model of a value; raises where the value is none."""
    return validate_and_convert_types(
        copy.deepcopy(value), (model,), ["edit"], True, True, configuration=Configuration()
    )


def test_every_edit_is_one_by_the_vendors_own_models(any_film: FilmContent) -> None:
    edit = edit_of(any_film)

    read_by_vendor(edit, Edit)
    for track in edit["timeline"]["tracks"]:
        for clip in track["clips"]:
            if clip["asset"]["type"] != "text":
                read_by_vendor(clip["asset"], MODELS[clip["asset"]["type"]])
    for destination in edit["output"]["destinations"]:
        read_by_vendor(destination, MODELS[destination["provider"]])


def test_the_vendors_models_do_refuse_what_is_no_edit() -> None:
    edit = edit_of(film())
    edit["output"]["format"] = "mp5"

    with pytest.raises((ApiException, OpenApiException)):
        read_by_vendor(edit, Edit)


def test_every_edit_is_accepted_by_the_local_renderer(any_film: FilmContent) -> None:
    parse_edit(json.loads(json.dumps(edit_of(any_film))))


def test_every_film_lasts_between_15_and_121_seconds(any_film: FilmContent) -> None:
    assert 15 <= seconds(edit_of(any_film)) <= 121


def test_clips_of_a_track_do_not_overlap(any_film: FilmContent) -> None:
    for track in edit_of(any_film)["timeline"]["tracks"]:
        for before, after in pairwise(track["clips"]):
            assert before["start"] + before["length"] <= after["start"] + 0.001


def test_scenes_fade_into_each_other_without_a_hole(any_film: FilmContent) -> None:
    edit = edit_of(any_film)
    shown = sorted(
        (clip["start"], clip["start"] + clip["length"])
        for kind in ("text", "image", "video")
        for clip in clips(edit, kind)
        if "music" not in clip["asset"].get("src", "") and clip.get("fit") != "crop"
    )
    reached = 0.0
    for start, end in shown:
        assert start <= reached
        reached = max(reached, end)
    assert reached == pytest.approx(seconds(edit), abs=0.01)


def test_words_stay_inside_the_canvas(any_film: FilmContent) -> None:
    canvas = CANVASES[any_film.aspect_ratio]

    for clip in clips(edit_of(any_film), "text"):
        half_width, half_height = clip["asset"]["width"] / 2, clip["asset"]["height"] / 2
        x, y = clip["offset"]["x"] * canvas.width, clip["offset"]["y"] * canvas.height
        assert abs(x) + half_width <= canvas.width / 2
        assert abs(y) + half_height <= canvas.height / 2


def test_both_names_and_the_whole_message_are_in_the_film(any_film: FilmContent) -> None:
    said = " ".join(words(edit_of(any_film)))

    assert any_film.sender_name in said
    assert any_film.recipient_name in said
    assert "".join(any_film.message.split()) in "".join(said.split())


@pytest.mark.parametrize("slug", SLUGS)
def test_every_page_of_the_message_stays_long_enough_to_be_read(slug: str) -> None:
    edit = edit_of(film(slug, message=LONGEST_MESSAGE, media=(PHOTO,) * 20, product=PRODUCT))

    pages = [clip for clip in clips(edit, "text") if "trying to write" in clip["asset"]["text"]]
    assert len(pages) >= 8
    for page in pages:
        assert page["length"] - 1 >= max(3.5, len(page["asset"]["text"]) / 14) - 0.001


def test_a_long_clip_plays_to_its_end_where_there_is_time() -> None:
    edit = edit_of(film(media=(Clip("video", CLIP.url, 40.0),)))

    assert [clip["length"] for clip in clips(edit, "video")] == [40.0]


def test_photos_zoom_in_and_out_by_turns() -> None:
    edit = edit_of(film(media=(PHOTO, CLIP, PHOTO, PHOTO)))

    effects = [clip["effect"] for clip in clips(edit, "image") if clip["asset"]["src"] == PHOTO.url]
    assert effects == ["zoomInSlow", "zoomOutSlow", "zoomInSlow"]


def test_music_plays_from_the_first_to_the_last_second_and_fades_out() -> None:
    edit = edit_of(film(message=LONGEST_MESSAGE))

    music = clips(edit, "audio")
    assert [clip["start"] for clip in music] == [30.0 * number for number in range(len(music))]
    assert music[-1]["start"] + music[-1]["length"] == pytest.approx(seconds(edit), abs=0.01)
    assert [clip["asset"].get("effect") for clip in music[:-1]] == [None] * (len(music) - 1)
    assert music[-1]["asset"]["effect"] == "fadeOut"


def test_music_is_lower_where_somebody_speaks() -> None:
    alone, under_a_clip = (clips(edit_of(film(media=media)), "audio")[0] for media in ((PHOTO,), (CLIP,)))

    assert under_a_clip["asset"]["volume"] < alone["asset"]["volume"]


def test_a_voice_plays_on_until_somebody_else_speaks() -> None:
    edit = edit_of(film(media=(VOICE, PHOTO, CLIP)))

    voice = next(clip for clip in clips(edit, "audio") if clip["asset"]["src"] == VOICE.url)
    assert voice["start"] + voice["length"] == pytest.approx(clips(edit, "video")[0]["start"])


def test_words_of_people_are_never_merge_fields() -> None:
    hostile = "{{SECRET}} {{{x}}} {sender}"
    edit = edit_of(
        film(message=hostile, sender_name="{{A}}", recipient_name="{recipient}", product=ProductCard("{{B}}", "{{C}}"))
    )

    assert "merge" not in edit
    assert not [text for text in words(edit) if "{{" in text]
    assert any("{sender}" in text for text in words(edit))


def test_words_are_never_html() -> None:
    edit = edit_of(film(message="<script>alert(1)</script>", media=(PHOTO,)))

    assert {clip["asset"]["type"] for track in edit["timeline"]["tracks"] for clip in track["clips"]} == {
        "text",
        "image",
        "audio",
    }
    assert "<script>alert(1)</script>" in words(edit)


def test_a_line_break_of_a_poem_stays() -> None:
    assert "Roses are red,\nviolets are blue." in words(edit_of(film(message="Roses are red,\n\nviolets are blue.")))


def test_a_gift_without_words_or_media_says_what_the_template_says() -> None:
    assert "Somebody is thinking of you today." in words(edit_of(film()))
    assert "Somebody is thinking of you today." not in words(edit_of(film(media=(PHOTO,))))


def test_a_blank_line_of_a_template_leaves_no_empty_panel() -> None:
    assert [text for text in words(edit_of(film())) if not text.strip()] == []


def test_the_output_is_an_mp4_in_our_bucket_and_nowhere_else() -> None:
    edit = edit_of(film("thank-you-sunset"))

    assert edit["output"] == {
        "format": "mp4",
        "resolution": "hd",
        "aspectRatio": "9:16",
        "fps": 25,
        "poster": {"capture": 2.6},
        "destinations": [
            {
                "provider": "s3",
                "options": {
                    "region": "eu-west-1",
                    "bucket": "media-bucket",
                    "prefix": "renders",
                    "filename": "0193-film",
                },
            },
            {"provider": "shotstack", "exclude": True},
        ],
    }
    assert edit["callback"] == CALLBACK


@pytest.mark.parametrize("name", FILMS)
def test_a_square_film_can_be_built_too(name: str) -> None:
    content = film(aspect_ratio="1:1", **FILMS[name])

    assert edit_of(content)["output"]["aspectRatio"] == "1:1"
    for clip in clips(edit_of(content), "text"):
        assert abs(clip["offset"]["y"]) * 720 + clip["asset"]["height"] / 2 <= 360


def test_the_same_gift_gives_the_same_edit(any_film: FilmContent) -> None:
    assert edit_of(any_film) == edit_of(any_film)
