"""The Shotstack backend against the local renderer over HTTP, and against servers that misbehave."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from api.exceptions import BackendError
from api.rendering.backends import get_backend
from api.rendering.backends.base import Progress, RenderOrder, RenderReport
from api.rendering.backends.shotstack import LONGEST_ANSWER, TOTAL_S, ShotstackBackend
from tests.rendering.films import PHOTO, edit_of, film

ORDER = RenderOrder(edit=edit_of(film()), livemode=True)
Answer = Callable[[BaseHTTPRequestHandler], None]


def broken_order(*, livemode: bool = True) -> RenderOrder:
    """An edit whose picture cannot be fetched: it fails soon instead of being rendered."""
    edit = edit_of(film(media=(PHOTO,), music_url=None, backdrop_url=None))
    text = json.dumps(edit).replace("https://media.example", "http://127.0.0.1:9")
    edit = json.loads(text)
    del edit["callback"]
    return RenderOrder(edit=edit, livemode=livemode)


def wait_for_end(backend: ShotstackBackend, provider_id: str, *, livemode: bool) -> RenderReport:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        report = backend.report(provider_id, livemode=livemode)
        if report.progress is not Progress.WORKING:
            return report
        time.sleep(0.1)
    raise AssertionError("the renderer did not end the render")


@pytest.mark.parametrize("livemode", [True, False])
def test_an_order_is_taken_and_its_failure_reported_without_the_urls_query(livemode: bool) -> None:
    backend = ShotstackBackend()

    provider_id = backend.submit(broken_order(livemode=livemode))
    report = wait_for_end(backend, provider_id, livemode=livemode)

    assert report.progress is Progress.FAILED
    assert "photo.jpg" in report.error
    assert "signature" not in report.error


def test_a_render_of_the_sandbox_is_unknown_to_production() -> None:
    backend = ShotstackBackend()
    provider_id = backend.submit(broken_order(livemode=False))

    with pytest.raises(BackendError) as raised:
        backend.report(provider_id, livemode=True)

    assert (raised.value.code, raised.value.retryable) == ("render_unknown", False)


@pytest.mark.parametrize("provider_id", ["0193f4b6-0000-7000-8000-000000000000", "", "../v1/render", "a?b", "x" * 65])
def test_an_unknown_or_impossible_id_is_not_asked_for_again(provider_id: str) -> None:
    with pytest.raises(BackendError) as raised:
        ShotstackBackend().report(provider_id, livemode=True)

    assert (raised.value.code, raised.value.retryable) == ("render_unknown", False)


@pytest.mark.parametrize("livemode", [True, False])
def test_a_wrong_key_is_refused_for_good(settings: Settings, livemode: bool) -> None:
    settings.RENDERER_API_KEY = settings.RENDERER_SANDBOX_API_KEY = "wrong-key"

    with pytest.raises(BackendError) as raised:
        ShotstackBackend().submit(broken_order(livemode=livemode))

    assert (raised.value.code, raised.value.retryable) == ("renderer_refused_key", False)
    assert not raised.value.outcome_unknown
    assert "wrong-key" not in str(raised.value)


def test_an_edit_that_the_renderer_does_not_understand_is_refused_with_its_reason() -> None:
    with pytest.raises(BackendError) as raised:
        ShotstackBackend().submit(RenderOrder(edit={"timeline": {"tracks": []}, "output": {}}, livemode=True))

    assert (raised.value.code, raised.value.retryable) == ("renderer_refused_edit", False)
    assert "timeline.tracks" in raised.value.detail


def test_the_backend_that_the_settings_name_is_made_once() -> None:
    assert isinstance(get_backend(), ShotstackBackend)
    assert get_backend() is get_backend()


@pytest.fixture
def misbehaving(settings: Settings) -> Iterator[Callable[[Answer], list[str]]]:
    """Point the backend to a server that answers every request with the given function; its list is what was asked."""
    servers: list[ThreadingHTTPServer] = []

    def start(answer: Answer) -> list[str]:
        asked: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.do_GET()

            def do_GET(self) -> None:
                asked.append(f"{self.command} {self.path} {self.headers['x-api-key']}")
                answer(self)

            def log_message(self, *arguments: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        settings.RENDERER_URL = f"http://127.0.0.1:{server.server_port}"
        return asked

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def answering(status: int, body: bytes | dict[str, Any], **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def error_of(call: Callable[[], object]) -> BackendError:
    with pytest.raises(BackendError) as raised:
        call()
    return raised.value


def submit() -> str:
    return ShotstackBackend().submit(ORDER)


def report() -> RenderReport:
    return ShotstackBackend().report("a-render", livemode=False)


def test_mode_decides_stage_and_key(settings: Settings, misbehaving: Callable[[Answer], list[str]]) -> None:
    settings.RENDERER_API_KEY, settings.RENDERER_SANDBOX_API_KEY = "live-key", "sandbox-key"
    asked = misbehaving(answering(201, {"success": True, "response": {"id": "a-render", "status": "queued"}}))

    ShotstackBackend().submit(ORDER)
    ShotstackBackend().submit(RenderOrder(ORDER.edit, livemode=False))
    report()

    assert asked == [
        "POST /edit/v1/render live-key",
        "POST /edit/stage/render sandbox-key",
        "GET /edit/stage/render/a-render?data=false sandbox-key",
    ]


@pytest.mark.parametrize(
    ("status", "progress"),
    [("queued", "working"), ("saving", "working"), ("brand-new", "working"), ("done", "done"), ("failed", "failed")],
)
def test_a_renders_state_in_our_words(misbehaving: Callable[[Answer], list[str]], status: str, progress: str) -> None:
    misbehaving(answering(200, {"response": {"status": status, "error": None}}))

    assert report() == RenderReport(Progress(progress))


def test_nobody_listening_is_certainly_not_an_order(settings: Settings) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        settings.RENDERER_URL = f"http://127.0.0.1:{unused.getsockname()[1]}"
        error = error_of(submit)

    assert (error.code, error.retryable, error.outcome_unknown) == ("renderer_away", True, False)


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def never_answer(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.recv(1)  # until the client gives up


def trickle(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(201)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    stopping = threading.Event()
    while not stopping.wait(0.05):
        try:
            handler.wfile.write(b" ")
        except OSError:
            return


@pytest.mark.parametrize("answer", [hang_up, never_answer, trickle])
def test_an_answer_that_does_not_come_leaves_the_outcome_of_an_order_open(
    monkeypatch: pytest.MonkeyPatch, misbehaving: Callable[[Answer], list[str]], answer: Answer
) -> None:
    monkeypatch.setattr("api.rendering.backends.shotstack.TOTAL_S", 0.5)
    asked = misbehaving(answer)
    begun = time.monotonic()

    order, question = error_of(submit), error_of(report)

    assert (order.code, order.retryable, order.outcome_unknown) == ("renderer_away", True, True)
    assert (question.code, question.retryable, question.outcome_unknown) == ("renderer_away", True, False)
    assert len(asked) == 2  # nothing is tried again by itself
    assert time.monotonic() - begun < TOTAL_S


RUBBISH = [
    b"",
    b"<html>gateway</html>",
    b"\xff\xfe\x00",
    b"[]",
    b"null",
    b'{"response": null}',
    b'{"response": {}}',
    b'{"response": {"id": 5, "status": 5}}',
    b'{"response": {"id": "../../secret", "status": null}}',
    b"[" * 100_000,
    b'{"response": {"id": "a", "status": "done", "x": "' + b"x" * LONGEST_ANSWER + b'"}}',
]


@pytest.mark.parametrize("body", RUBBISH, ids=range(len(RUBBISH)))
def test_a_rubbish_answer_is_asked_for_again(misbehaving: Callable[[Answer], list[str]], body: bytes) -> None:
    misbehaving(answering(200, body))

    order, question = error_of(submit), error_of(report)

    assert (order.code, order.retryable, order.outcome_unknown) == ("renderer_failed", True, True)
    assert (question.code, question.retryable, question.outcome_unknown) == ("renderer_failed", True, False)


@pytest.mark.parametrize("status", [301, 307, 500, 502, 503])
def test_a_failing_server_may_have_taken_the_order(misbehaving: Callable[[Answer], list[str]], status: int) -> None:
    misbehaving(answering(status, b"oops", Location="http://127.0.0.1:9/elsewhere"))

    error = error_of(submit)

    assert (error.code, error.retryable, error.outcome_unknown) == ("renderer_failed", True, True)


@pytest.mark.parametrize(
    ("given", "pause"), [("30", 30), ("999999999999", 3600), ("soon", None), ("-5", None), ("", None)]
)
def test_a_busy_renderer_says_when_to_come_back(
    misbehaving: Callable[[Answer], list[str]], given: str, pause: int | None
) -> None:
    misbehaving(answering(429, {"message": "Too Many Requests"}, Retry_After=given))

    error = error_of(submit)

    assert (error.code, error.retryable, error.outcome_unknown) == ("renderer_busy", True, False)
    assert error.retry_after == (None if pause is None else timedelta(seconds=pause))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"response": {"error": "no https://b.example/a?X-Amz-Signature=s3cret here"}}, "no https://b.example/a here"),
        ({"response": {"error": {"details": [{"message": "a"}, {"message": 5}, 7, {"message": "b"}]}}}, "a; b"),
        ({"message": "Bad\r\nRequest\x00"}, "Bad Request"),
        ({"message": {"x": 1}, "response": []}, "no reason given"),
        ({}, "no reason given"),
    ],
)
def test_why_an_edit_was_refused_is_told_without_signatures(
    misbehaving: Callable[[Answer], list[str]], body: dict[str, Any], reason: str
) -> None:
    misbehaving(answering(400, body))

    error = error_of(submit)

    assert error.code == "renderer_refused_edit"
    assert error.detail == f"HTTP 400: {reason}"
