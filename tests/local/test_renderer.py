"""The renderer as its customers meet it: over HTTP, in its own process, with a bucket it may only write films to."""

import functools
import io
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from typing import Any

import psutil
import pytest
import urllib3
from moto.server import ThreadedMotoServer
from PIL import Image, ImageStat

from tests.local.renderer_harness import (
    BUCKET,
    FFMPEG,
    KEYS,
    Outside,
    Renderer,
    Web,
    clip,
    difference,
    edit,
    frame,
    loudness,
    make_bucket,
    make_media,
    start_renderer,
    text,
    with_bucket,
)


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    media = tmp_path_factory.mktemp("media")
    make_media(media)
    aws = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    aws.start()
    host, port = aws.get_host_and_port()
    aws_url = f"http://{host}:{port}"
    s3, keys = make_bucket(aws_url)
    enforcement = functools.partial(urllib3.request, "POST", f"{aws_url}/moto-api/reset-auth")
    enforcement(body="0")
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Web, directory=str(media))) as web:
        Web.outside = Outside(f"http://127.0.0.1:{web.server_port}", media, s3, aws_url, keys)
        threading.Thread(target=web.serve_forever, daemon=True).start()
        yield Web.outside
        web.shutdown()
    enforcement(body="inf")
    aws.stop()


@pytest.fixture(scope="module")
def renderer(outside: Outside) -> Iterator[Renderer]:
    running = start_renderer(outside)
    yield running
    assert running.stop(10) == 0


@dataclass
class Made:
    """A film with everything in it, and what was said about it."""

    status: dict[str, Any]
    callbacks: list[dict[str, Any]]
    film: bytes
    poster: bytes
    types: list[str]


@pytest.fixture(scope="module")
def made(outside: Outside, renderer: Renderer) -> Made:
    body = edit(
        [
            clip(
                text("Happy 30th, {{name}}!", font={"family": "Fredoka One", "size": 80}),
                0,
                2,
                transition={"out": "fade"},
            )
        ],
        [clip({"type": "image", "src": f"{outside.url}/photo.jpg"}, 0, 3, effect="zoomIn", transition={"out": "fade"})],
        [clip({"type": "video", "src": f"{outside.url}/clip.mp4", "trim": 0.5}, 2, 3)],
        resolution="sd",
        merge=[{"find": "name", "replace": "Ben {{name}}"}],
        callback=f"{outside.url}/callback",
    )
    body["timeline"]["soundtrack"] = {"src": f"{outside.url}/tune.wav", "effect": "fadeOut", "volume": 0.1}
    status = renderer.finished(with_bucket(body, "renders/one"))
    callbacks = outside.callbacks_of(status["id"], 2)
    film, poster = (
        outside.s3.get_object(Bucket=BUCKET, Key=f"renders/one/{name}") for name in ("film.mp4", "film-poster.jpg")
    )
    return Made(
        status, callbacks, film["Body"].read(), poster["Body"].read(), [film["ContentType"], poster["ContentType"]]
    )


def test_film_is_h264_and_aac_of_the_size_and_length_asked_for(made: Made) -> None:
    printed = subprocess.run([FFMPEG, "-i", "-"], input=made.film, capture_output=True).stderr.decode()
    assert re.search(r"Video: h264 .*yuv420p.* 1024x576 .* 25 fps", printed)
    assert re.search(r"Audio: aac .* 48000 Hz, stereo", printed)
    assert "Duration: 00:00:05.0" in printed
    assert made.film.index(b"moov") < made.film.index(b"mdat")
    assert made.types == ["video/mp4", "image/jpeg"]


def test_layers_move_and_fade_into_each_other(made: Made) -> None:
    begin, zoomed, clip_alone, later = (frame(made.film, second) for second in (0.1, 1.9, 3.5, 4.5))
    assert difference(begin, zoomed) > 3
    assert difference(zoomed, clip_alone) > 20
    assert difference(clip_alone, later) > 2
    assert difference(Image.open(io.BytesIO(made.poster)), frame(made.film, 1)) < 3


def test_clip_is_heard_above_the_music_and_nothing_clips(made: Made) -> None:
    assert loudness(made.film, 0.2, 1.5) < loudness(made.film, 2.5, 2) - 6
    assert -30 < loudness(made.film, 0, 5) < -0.5


def test_callbacks_tell_of_the_film_then_of_its_copy(made: Made, outside: Outside, renderer: Renderer) -> None:
    told, copied = made.callbacks
    assert told == {
        "type": "edit",
        "action": "render",
        "id": made.status["id"],
        "owner": "local",
        "status": "done",
        "url": made.status["url"],
        "error": None,
        "completed": made.status["updated"],
    }
    assert (copied["type"], copied["action"], copied["status"]) == ("serve", "copy", "ready")
    assert copied["url"] == f"https://s3.eu-west-1.amazonaws.com/{BUCKET}/renders/one/film.mp4"
    assert renderer.get(f"/output/local/{made.status['id']}.mp4").data == made.film
    assets = renderer.get(f"/serve/v1/assets/render/{made.status['id']}").json()["data"]
    assert [asset["attributes"]["status"] for asset in assets] == ["ready"]


def test_status_shows_the_edit_only_when_asked(made: Made, renderer: Renderer) -> None:
    whole = renderer.get(f"/edit/v1/render/{made.status['id']}").json()["response"]
    assert whole["data"]["merge"] == [{"find": "name", "replace": "Ben {{name}}"}]
    assert "data" not in made.status
    assert made.status["duration"] == 5.0


@pytest.mark.parametrize("key", ["", "wrong", KEYS["stage"]])
def test_wrong_key_is_forbidden(renderer: Renderer, key: str) -> None:
    answer = renderer.post(edit([clip(text("Hi"))]), key=key)
    assert (answer.status, answer.json()) == (403, {"message": "Forbidden"})


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"{", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b'{"timeline": NaN}', "not valid JSON"),
        ([], '"value" must be an object'),
        ({"output": {"format": "mp4"}}, '"timeline" is required'),
        (edit([clip(text("Hi"), "soon")]), '"timeline.tracks[0].clips[0].start"'),
        (edit([clip(text("Hi"), 0, -1)]), '"timeline.tracks[0].clips[0].length"'),
        (edit([clip({"type": "hologram"})]), '"timeline.tracks[0].clips[0].asset" is of a type'),
        (edit([clip(text("Hi"), effect="explode")]), '"timeline.tracks[0].clips[0].effect" must be one of'),
        (edit([clip(text("Hi"), sparkle=1)]), '"timeline.tracks[0].clips[0].sparkle" is not allowed'),
        (edit([clip(text("Hi"))], callback="file:///etc/passwd"), '"callback" must be an http or https URL'),
        (edit([clip(text("Hi", font={"color": "red;x"}))]), "font.color"),
        (edit([]), '"timeline.tracks[0].clips" must have a length'),
        (edit(*[[clip(text("Hi"))]] * 201), '"timeline.tracks" must have'),
    ],
)
def test_invalid_edit_is_refused_with_the_field(renderer: Renderer, body: Any, problem: str) -> None:
    answer = renderer.post(body)
    assert (answer.status, answer.json()["success"], answer.json()["message"]) == (400, False, "Bad Request")
    assert problem in answer.json()["response"]["error"]


def test_body_without_bounds_is_refused_unread(renderer: Renderer) -> None:
    assert renderer.post(b" " * (1024 * 1024 + 1)).status == 413


def test_render_of_the_other_stage_is_unknown(made: Made, renderer: Renderer) -> None:
    assert renderer.get(f"/edit/stage/render/{made.status['id']}", stage="stage").status == 404


@pytest.mark.parametrize(
    ("kind", "name", "reason"),
    [
        ("image", "missing.jpg", "HTTP status 404"),
        ("image", "broken.jpg", "not a picture"),
        ("image", "clip.mp4", "not a picture"),
        ("video", "page.mp4", "not a video"),
        ("audio", "silent.webm", "not audio"),
    ],
)
def test_bad_asset_fails_the_render_and_is_named(
    outside: Outside, renderer: Renderer, kind: str, name: str, reason: str
) -> None:
    asset = {"type": kind, "src": f"{outside.url}/{name}?X-Amz-Signature=secret"}
    status = renderer.finished(edit([clip(asset)], callback=f"{outside.url}/callback"))
    assert status["status"] == "failed"
    assert f"/{name} " in status["error"]
    assert reason in status["error"]
    assert "secret" not in status["error"]
    (told,) = outside.callbacks_of(status["id"], 1)
    assert (told["status"], told["error"], told["url"]) == ("failed", status["error"], None)


@pytest.mark.parametrize(
    "src", ["file:///etc/passwd", "concat:/etc/passwd", "http://127.0.0.1:1/x.mp4", "http://[bad/"]
)
def test_asset_that_is_not_on_the_web_fails_the_render(renderer: Renderer, src: str) -> None:
    status = renderer.finished(edit([clip({"type": "video", "src": src})]))
    assert status["status"] == "failed"
    assert status["error"].startswith(f"The asset {src} ")


def test_denied_bucket_fails_the_copy_not_the_render(outside: Outside, renderer: Renderer) -> None:
    body = with_bucket(edit([clip(text("Hi"))], callback=f"{outside.url}/callback"), "elsewhere")
    status = renderer.finished(body)
    told, copied = outside.callbacks_of(status["id"], 2)
    assert (told["status"], copied["status"], copied["url"]) == ("done", "failed", None)
    assert "AccessDenied" in copied["error"]
    assert "Uploads" not in outside.s3.list_multipart_uploads(Bucket=BUCKET)


def test_callback_is_tried_again_when_refused(outside: Outside, renderer: Renderer) -> None:
    outside.refusals = 1
    status = renderer.finished(edit([clip(text("Hi"))], callback=f"{outside.url}/callback"))
    first, second = outside.callbacks_of(status["id"], 2)
    assert first == second


def test_sandbox_marks_its_film(renderer: Renderer) -> None:
    body = edit([clip(text("Hi"))])
    marked, plain = (renderer.finished(body, stage=stage) for stage in ("stage", "v1"))
    films = [renderer.pool.request("GET", status["url"]).data for status in (marked, plain)]
    assert difference(frame(films[0], 0.5), frame(films[1], 0.5)) > 1


def test_any_phone_s_media_and_any_text_render(outside: Outside, renderer: Renderer) -> None:
    hostile = "100% 'fun': [in]movie=x,\\;\n{{n}} 🎉 " + "long " * 180
    body = edit(
        [clip(text(hostile, background={"color": "#000000", "padding": 20, "borderRadius": 9}), 0, "end")],
        [
            clip(
                {"type": "image", "src": f"{outside.url}/badge.png"}, 0, 1, fit="none", position="topRight", opacity=0.5
            )
        ],
        [
            clip({"type": "video", "src": f"{outside.url}/silent.webm"}, 0, "auto", transition={"in": "slideLeft"}),
            clip({"type": "video", "src": f"{outside.url}/phone.mov"}, "auto", "auto", fit="contain", filter="muted"),
        ],
    )
    body["output"] |= {"aspectRatio": "9:16", "fps": 30}
    status = renderer.finished(body)
    assert (status["status"], status["error"]) == ("done", "")
    assert status["duration"] == pytest.approx(2, abs=0.1)
    film = renderer.pool.request("GET", status["url"]).data
    assert frame(film, 0.5).size == (288, 512)
    # Turned upright, the phone's clip fills the tall film; lying, it would leave black above and below.
    foot = frame(film, 1.5).crop((140, 490, 150, 500))
    assert min(ImageStat.Stat(foot).mean) > 40


def test_stop_ends_a_render_at_hand_and_leaves_no_ffmpeg(outside: Outside) -> None:
    running = start_renderer(outside)
    photo = {"type": "image", "src": f"{outside.url}/photo.jpg"}
    running.post(edit([clip(photo, 0, 60, effect="zoomIn")], resolution="mobile"))
    parent = psutil.Process(running.process.pid)
    while not (children := parent.children()):
        time.sleep(0.02)
    assert running.stop(20) == 0
    assert not any(child.is_running() for child in children)
