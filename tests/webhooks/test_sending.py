"""One call, against real servers: what counts as an answer, and what ten seconds are."""

import socket
import time
from collections.abc import Sequence
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from api.webhooks import sending
from api.webhooks.addresses import Address
from api.webhooks.outcomes import Outcome
from api.webhooks.sending import post
from local.ports import free_port
from tests.webhooks.conftest import SHOP_HOST, Authority, to_loopback
from tests.webhooks.receivers import Answer, Receiver, receiving, says, sends

pytestmark = pytest.mark.usefixtures("loopback_too")

HEADERS = {"webhook-id": "1"}


@pytest.fixture
def short_patience(monkeypatch: pytest.MonkeyPatch) -> float:
    monkeypatch.setattr(sending, "TOTAL_S", 0.7)
    return 0.7


def told(answer: Answer) -> tuple[int | None, str, str]:
    """The outcome's code, error and what was kept of the body."""
    with receiving(answer) as receiver:
        outcome = post(receiver.url(), headers=HEADERS, body=b"{}")
    return outcome.code, outcome.error, outcome.response


def test_a_call_is_one_post_with_our_headers(receiver: Receiver) -> None:
    outcome = post(receiver.url("/hook/a?b=c"), headers=HEADERS, body=b'{"a":1}')

    assert (outcome.code, outcome.response, outcome.error) == (200, "thanks", "")
    assert 0 <= outcome.ms < 5000
    (request,) = receiver.received
    assert (request.method, request.path, request.body) == ("POST", "/hook/a?b=c", b'{"a":1}')
    assert request.headers == {
        "host": f"127.0.0.1:{receiver.port}",
        "accept-encoding": "identity",
        "content-length": "7",
        "webhook-id": "1",
        "connection": "close",
    }


@pytest.mark.parametrize("code", [200, 201, 202, 204, 299])
def test_2xx_is_success(code: int) -> None:
    with receiving(says(code)) as receiver:
        assert post(receiver.url(), headers=HEADERS, body=b"{}").is_success


def test_answers_that_only_announce_the_answer_are_passed_over() -> None:
    announced = b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"

    assert told(sends(announced + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nthanks")) == (200, "", "thanks")


@pytest.mark.parametrize("code", [300, 301, 302, 303, 304, 307, 308, 400, 401, 404, 410, 418, 429, 500, 502, 503, 599])
def test_anything_else_is_not(code: int) -> None:
    with receiving(says(code)) as receiver:
        outcome = post(receiver.url(), headers=HEADERS, body=b"{}")

    assert (outcome.code, outcome.error, outcome.is_success) == (code, "", False)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(code: int, receiver: Receiver) -> None:
    assert told(says(code, b"", f"Location: {receiver.url()}")) == (code, "", "")
    assert receiver.connections == 0


def test_proxies_of_the_environment_are_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving(says(200)) as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.url(""))
        assert post(receiver.url(), headers=HEADERS, body=b"{}").is_success

    assert (proxy.connections, receiver.connections) == (0, 1)


def test_a_kilobyte_of_a_huge_answer_is_kept_and_the_rest_not_waited_for() -> None:
    def pour(connected: socket.socket) -> None:
        connected.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
        while True:
            connected.sendall(b"x" * 65536)

    assert told(pour) == (200, "", "x" * 1024)


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b"\xff\xfe\x00ok", "\ufffd\ufffd\ufffdok"),
        ("ü".encode() * 513, "ü" * 512),
        (b"", ""),
    ],
)
def test_an_answer_of_any_bytes_is_kept_as_text(body: bytes, kept: str) -> None:
    assert told(says(200, body)) == (200, "", kept)


def test_a_chunked_answer_is_read() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"

    assert told(sends(chunked)) == (200, "", "abcde")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"hello\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 99 Low\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\na: " + b"b" * 70000 + b"\r\n\r\n",
        b"HTTP/1.1 " + b"2" * 70000,
    ],
)
def test_an_answer_that_makes_no_sense_is_a_failure(answer: bytes) -> None:
    code, error, _ = told(sends(answer))

    assert (code, error in {"answer_malformed", "connection_failed"}) == (None, True)


def test_a_status_counts_though_the_body_breaks_off() -> None:
    assert told(sends(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")) == (200, "", "abc")


def test_a_connection_that_is_reset_is_a_failure() -> None:
    def reset(connected: socket.socket) -> None:
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")

    code, error, _ = told(reset)

    assert (code, error) in {(None, "connection_failed"), (None, "answer_malformed")}


def test_a_port_where_nobody_listens_is_a_failure() -> None:
    outcome = post(f"http://127.0.0.1:{free_port()}/", headers=HEADERS, body=b"{}")

    assert (outcome.code, outcome.error) == (None, "connection_failed")


def test_a_name_that_does_not_resolve_is_a_failure() -> None:
    outcome = post("https://nobody.invalid/", headers=HEADERS, body=b"{}")

    assert (outcome.code, outcome.error) == (None, "name_not_found")


def test_a_server_that_says_nothing_is_cut_off(short_patience: float) -> None:
    with receiving(says_nothing) as receiver:
        outcome = post(receiver.url(), headers=HEADERS, body=b"{}")

    assert (outcome.code, outcome.error) == (None, "timeout")
    assert short_patience * 1000 <= outcome.ms


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nx: "])
def test_a_server_that_drips_its_head_gains_no_time(start: bytes, short_patience: float) -> None:
    outcome = drip(start)

    assert (outcome.code, outcome.error) == (None, "timeout")
    assert short_patience * 1000 <= outcome.ms


def test_a_server_that_drips_its_body_has_succeeded_and_gains_no_time(short_patience: float) -> None:
    outcome = drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")

    assert (outcome.code, outcome.error, outcome.response.strip("H")) == (200, "", "")
    assert short_patience * 1000 <= outcome.ms


def test_a_server_that_says_continue_for_ever_gains_no_time(short_patience: float) -> None:
    outcome = drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n")

    assert (outcome.code, outcome.error) == (None, "timeout")


def says_nothing(connected: socket.socket) -> None:
    connected.recv(1)


def drip(start: bytes, drop: bytes = b"H") -> Outcome:
    def answer(connected: socket.socket) -> None:
        connected.sendall(start)
        while True:
            connected.sendall(drop)
            time.sleep(0.05)

    with receiving(answer) as receiver:
        return post(receiver.url(), headers=HEADERS, body=b"{}")


def test_a_name_is_verified_and_sent_though_the_connection_goes_to_an_address(trusted_authority: Authority) -> None:
    with receiving(says(200), tls=trusted_authority.server(SHOP_HOST)) as receiver:
        url = receiver.url(scheme="https", host=SHOP_HOST)
        assert post(url, headers=HEADERS, body=b"{}", resolve=to_loopback).code == 200

    assert receiver.received[0].headers["host"] == f"{SHOP_HOST}:{receiver.port}"


def test_an_address_may_have_a_certificate(trusted_authority: Authority) -> None:
    for host in ("127.0.0.1", "::1"):
        with receiving(says(200), host=host, tls=trusted_authority.server(host)) as receiver:
            url = f"https://{f'[{host}]' if ':' in host else host}:{receiver.port}/"
            assert post(url, headers=HEADERS, body=b"{}").code == 200


@pytest.mark.parametrize(
    ("names", "starts_in"),
    [
        (("other.shop.example",), timedelta(days=-1)),
        (("127.0.0.1",), timedelta(days=-1)),
        ((SHOP_HOST,), timedelta(days=1)),
        ((SHOP_HOST,), timedelta(days=-30)),
    ],
    ids=["another name", "the address", "not yet valid", "expired"],
)
def test_a_wrong_certificate_gets_no_request(
    names: tuple[str, ...], starts_in: timedelta, trusted_authority: Authority
) -> None:
    with receiving(says(200), tls=trusted_authority.server(*names, starts_in=starts_in)) as receiver:
        url = receiver.url(scheme="https", host=SHOP_HOST)
        outcome = post(url, headers=HEADERS, body=b"{}", resolve=to_loopback)

    assert (outcome.code, outcome.error, receiver.received) == (None, "tls_failed", [])


def test_an_unknown_authority_gets_no_request(authority: Authority) -> None:
    with receiving(says(200), tls=authority.server(SHOP_HOST)) as receiver:
        url = receiver.url(scheme="https", host=SHOP_HOST)
        outcome = post(url, headers=HEADERS, body=b"{}", resolve=to_loopback)

    assert (outcome.code, outcome.error, receiver.received) == (None, "tls_failed", [])


def test_a_server_that_never_finishes_its_handshake_is_cut_off(short_patience: float) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        outcome = post(f"https://127.0.0.1:{silent.getsockname()[1]}/", headers=HEADERS, body=b"{}")

    assert (outcome.code, outcome.error) == (None, "timeout")


def test_the_next_address_of_a_name_is_tried() -> None:
    def both(host: str, port: int) -> Sequence[Address]:
        return [IPv6Address("::1"), IPv4Address("127.0.0.1")]

    with receiving(says(200)) as receiver:
        assert post(receiver.url(host=SHOP_HOST), headers=HEADERS, body=b"{}", resolve=both).code == 200


def test_one_address_that_is_refused_refuses_the_name() -> None:
    def mixed(host: str, port: int) -> Sequence[Address]:
        return [IPv4Address("127.0.0.1"), ip_address("10.0.0.1")]

    with receiving(says(200)) as receiver:
        outcome = post(receiver.url(host=SHOP_HOST), headers=HEADERS, body=b"{}", resolve=mixed)

    assert (outcome.code, outcome.error, receiver.connections) == (None, "address_refused", 0)
