"""The smoke test asks the site by its own name wherever that is reached, and says in one line what is wrong."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from infra.smoke import Site, _is_open_to, _is_ready, _is_release, _patiently, site_at
from infra.stages import DeployError

HOST = "gifts.example.com"
KEY = "gf_test_a-key"


class SmallSite(ThreadingHTTPServer):
    """Answers as `answers` say, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, tuple[int, Any]] = {}
        self.asked: list[tuple[str, str, str | None]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: SmallSite

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["Host"], self.headers["X-API-Key"]))
        status, value = self.server.answers.get(self.path, (404, None))
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def small() -> Iterator[SmallSite]:
    with SmallSite() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_site_is_asked_by_its_name_wherever_it_is_reached(small: SmallSite) -> None:
    small.answers["/readyz"] = (200, {"status": "ok"})

    assert _is_ready(site_at(HOST, small.url, None)) is None

    assert small.asked == [("/readyz", HOST, None)]


def test_what_is_away_is_named(small: SmallSite) -> None:
    small.answers["/readyz"] = (503, {"status": "unavailable", "database": "away", "bucket": "ok"})

    assert _is_ready(Site(HOST, small.url)) == "/readyz answers 503: database away"


@pytest.mark.parametrize("body", [b"<html>Bad gateway</html>", b"[]", b'"x"'])
def test_a_strangers_answer_is_red_and_no_crash(small: SmallSite, body: bytes) -> None:
    small.answers = {"/readyz": (502, body), "/healthz": (200, body)}

    assert _is_ready(Site(HOST, small.url)) == "/readyz answers 502"
    assert _is_release(Site(HOST, small.url), "abc1234") == "/healthz answers 200 with version None, not abc1234"


def test_another_release_is_red(small: SmallSite) -> None:
    small.answers["/healthz"] = (200, {"status": "ok", "version": "0000000"})

    assert _is_release(Site(HOST, small.url), "abc1234") == "/healthz answers 200 with version 0000000, not abc1234"
    assert _is_release(Site(HOST, small.url), "0000000") is None


def test_the_authorised_call_carries_the_key_in_its_header_only(small: SmallSite) -> None:
    small.answers["/v1/account"] = (200, {"id": "x"})

    assert _is_open_to(Site(HOST, small.url), KEY) is None

    assert small.asked == [("/v1/account", HOST, KEY)]


def test_a_refused_key_is_red_and_not_told(small: SmallSite) -> None:
    small.answers["/v1/account"] = (403, {"message": "Forbidden"})

    assert _is_open_to(Site(HOST, small.url), KEY) == "GET /v1/account with a valid key answers 403"


def test_a_redirect_is_not_followed(small: SmallSite) -> None:
    small.answers["/readyz"] = (302, None)

    assert _is_ready(Site(HOST, small.url)) == "/readyz answers 302"


def test_patience_ends_with_what_is_wrong(small: SmallSite) -> None:
    with pytest.raises(DeployError, match="/readyz answers 404"):
        _patiently(lambda: _is_ready(Site(HOST, small.url)), 0.0)


def test_a_site_out_of_reach_is_told_so() -> None:
    with pytest.raises(DeployError, match=r"the site is out of reach: .*Connection refused"):
        _patiently(lambda: _is_ready(Site(HOST, "http://127.0.0.1:1")), 0.0)


def test_a_name_without_dns_record_is_reached_through_the_distribution() -> None:
    assert site_at("gifts.invalid", None, "d111111abcdef8.cloudfront.net") == Site(
        "gifts.invalid", "https://d111111abcdef8.cloudfront.net"
    )


@pytest.mark.parametrize("via", ["d111111abcdef8.cloudfront.net", "ftp://there", "https://"])
def test_what_is_no_url_is_refused(via: str) -> None:
    with pytest.raises(DeployError, match="is no URL to reach the site by"):
        site_at(HOST, via, None)
