"""The backend against the local SendGrid over HTTP, and against servers that break in one way each."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import urllib3
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from api.delivery.backends import get_backend
from api.delivery.backends.base import Accepted, Address, Mail
from api.delivery.backends.sendgrid import SendGridBackend
from api.exceptions import BackendError
from local.ports import free_port
from tests.waiting import eventually

KEY = "SG.a-key-that-nobody-may-see"


@pytest.fixture
def mail() -> Mail:
    message_id = uuid4()
    return Mail(
        message_id=message_id,
        kind="gift",
        from_name="Ana via Giftflick",
        to=Address(f"ben+{message_id.hex}@example.com", "Ben"),
        reply_to=Address("ana@example.com", "Ana"),
        subject="Ben, Ana made you a video",
        html='<p>Watch it <a href="https://giftflick.example/g/token">here</a>.</p>',
        text="Watch it here: https://giftflick.example/g/token\n",
    )


@pytest.fixture
def backend() -> SendGridBackend:
    return SendGridBackend.from_settings()


def backend_at(port: int, *, scheme: str = "http", timeout: float = 5) -> SendGridBackend:
    sender = "gifts@giftflick.example"
    return SendGridBackend(url=f"{scheme}://127.0.0.1:{port}", api_key=KEY, sender=sender, timeout=timeout)


def failure_of(backend: SendGridBackend, mail: Mail) -> BackendError:
    with pytest.raises(BackendError) as failed:
        backend.send(mail)
    words = f"{failed.value} {failed.value.detail}"
    assert mail.to.email not in words
    assert KEY not in words
    return failed.value


def mailbox(to: str) -> list[dict[str, Any]]:
    answer = urllib3.request("GET", f"{settings.SENDGRID_URL}/mailbox.json", fields={"to": to}, timeout=30)
    mails: list[dict[str, Any]] = answer.json()
    return mails


@contextmanager
def server(treat: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server for one connection, which it treats as it is told; yields its port."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            treat(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            thread.join(10)


def read_request(connection: socket.socket) -> bytes:
    with connection.makefile("rb") as stream:
        head = b"".join(iter(stream.readline, b"\r\n"))
        length = next(
            int(line.split(b":")[1]) for line in head.splitlines() if line.lower().startswith(b"content-length")
        )
        return stream.read(length)


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def answering(answer: bytes) -> Callable[[socket.socket], None]:
    def treat(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(answer)

    return treat


def http(status: int, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def test_accepted_mail_is_in_the_mailbox_with_both_parts(backend: SendGridBackend, mail: Mail) -> None:
    accepted = backend.send(mail)

    [arrived] = mailbox(mail.to.email)
    assert accepted.provider_id
    assert (arrived["subject"], arrived["html"], arrived["text"]) == (mail.subject, mail.html, mail.text)


def test_mail_service_learns_nothing_of_us_but_the_messages_id(mail: Mail) -> None:
    seen: list[dict[str, Any]] = []

    def treat(connection: socket.socket) -> None:
        seen.append(json.loads(read_request(connection)))
        connection.sendall(http(202, "X-Message-Id: abc"))

    with server(treat) as port:
        assert backend_at(port).send(mail) == Accepted("abc")

    assert seen == [
        {
            "personalizations": [
                {"to": [{"email": mail.to.email, "name": "Ben"}], "custom_args": {"message_id": str(mail.message_id)}}
            ],
            "from": {"email": "gifts@giftflick.example", "name": "Ana via Giftflick"},
            "reply_to": {"email": "ana@example.com", "name": "Ana"},
            "subject": mail.subject,
            "content": [{"type": "text/plain", "value": mail.text}, {"type": "text/html", "value": mail.html}],
            "categories": ["gift"],
            "tracking_settings": {
                "click_tracking": {"enable": False, "enable_text": False},
                "open_tracking": {"enable": False},
                "subscription_tracking": {"enable": False},
            },
        }
    ]


@pytest.mark.parametrize("name", ['Müller, Ana; "the" <best>', "عمر 🎁", "Zoë 👩‍👩‍👧", ""])
def test_any_name_is_taken(backend: SendGridBackend, mail: Mail, name: str) -> None:
    mail = replace(mail, to=Address(mail.to.email, name), from_name=f"{name} via Giftflick")

    assert backend.send(mail).provider_id


def test_mail_that_is_not_valid_is_refused_for_good(backend: SendGridBackend, mail: Mail) -> None:
    error = failure_of(backend, replace(mail, to=Address("nobody at all", "Ben")))

    assert (error.code, error.retryable, error.outcome_unknown) == ("mail_refused", False, False)
    assert "Does not contain a valid address" in error.detail


def test_refusal_that_quotes_an_address_is_kept_without_it(mail: Mail) -> None:
    body = json.dumps({"errors": [{"message": f"Nothing for <{mail.to.email}>.", "field": "to"}]}).encode()
    with server(answering(http(400, body=body))) as port:
        assert "(address)" in failure_of(backend_at(port), mail).detail


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"errors": 1}', b'{"errors": [1]}', b'{"errors": []}', b"\xff"]
)
def test_refusal_without_a_reason_is_a_refusal(mail: Mail, body: bytes) -> None:
    with server(answering(http(413, body=body))) as port:
        error = failure_of(backend_at(port), mail)

    assert (error.code, error.retryable) == ("mail_refused", False)


def test_wrong_key_is_our_fault_and_loses_no_mail(mail: Mail) -> None:
    backend = SendGridBackend(url=settings.SENDGRID_URL, api_key=KEY, sender=settings.MAIL_FROM)

    error = failure_of(backend, mail)

    assert (error.code, error.retryable, error.outcome_unknown) == ("mail_service_refused_us", True, False)
    assert mailbox(mail.to.email) == []


@pytest.mark.parametrize("status", [307, 401, 403, 404, 405, 408, 429])
def test_what_is_our_fault_is_tried_again(mail: Mail, status: int) -> None:
    with server(answering(http(status))) as port:
        error = failure_of(backend_at(port), mail)

    assert (error.retryable, error.outcome_unknown) == (True, False)


@pytest.mark.parametrize(
    ("header", "wait"),
    [("17", timedelta(seconds=17)), ("999999", timedelta(hours=1)), ("soon", None), ("-1", None), ("9" * 500, None)],
)
def test_pace_that_sendgrid_asks_for_is_kept_within_reason(mail: Mail, header: str, wait: timedelta | None) -> None:
    with server(answering(http(429, f"Retry-After: {header}"))) as port:
        assert failure_of(backend_at(port), mail).retry_after == wait


def test_slow_answer_is_unknown_and_the_mail_may_have_been_taken(mail: Mail) -> None:
    slow = replace(mail, to=Address(f"slow@{mail.message_id.hex}.example.com", "Ben"))
    backend = SendGridBackend(
        url=settings.SENDGRID_URL, api_key=settings.SENDGRID_API_KEY, sender=settings.MAIL_FROM, timeout=0.5
    )

    error = failure_of(backend, slow)

    assert (error.code, error.retryable, error.outcome_unknown) == ("mail_outcome_unknown", True, True)
    assert len(eventually(lambda: mailbox(slow.to.email), 15)) == 1


def test_nobody_there_is_certainly_not_accepted(mail: Mail) -> None:
    error = failure_of(backend_at(free_port()), mail)

    assert (error.code, error.retryable, error.outcome_unknown) == ("mail_service_unreachable", True, False)
    assert error.detail == "SendGrid cannot be reached (ConnectionRefusedError)."


def test_no_tls_handshake_is_certainly_not_accepted(mail: Mail) -> None:
    def treat(connection: socket.socket) -> None:
        connection.recv(1024)
        connection.sendall(b"HTTP/1.1 400 This is no TLS\r\n\r\n")

    with server(treat) as port:
        error = failure_of(backend_at(port, scheme="https"), mail)

    assert (error.code, error.retryable, error.outcome_unknown) == ("mail_service_unreachable", True, False)


def test_request_that_never_left_whole_is_certainly_not_accepted(mail: Mail) -> None:
    def treat(connection: socket.socket) -> None:
        connection.recv(1024)
        reset(connection)

    with server(treat) as port:
        error = failure_of(backend_at(port), replace(mail, html="x" * 30_000_000))

    assert (error.code, error.retryable, error.outcome_unknown) == ("mail_service_unreachable", True, False)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"rubbish\r\n\r\n",
        b"HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\ncut off",
        http(200),
        http(500),
        http(502, body=b"<html>"),
        http(503, "Retry-After: 5"),
    ],
    ids=["closed", "rubbish", "cut-off", "200", "500", "502", "503"],
)
def test_answer_that_is_none_is_unknown(mail: Mail, answer: bytes) -> None:
    with server(answering(answer)) as port:
        error = failure_of(backend_at(port), mail)

    assert (error.code, error.retryable, error.outcome_unknown) == ("mail_outcome_unknown", True, True)


def test_reset_after_the_request_is_unknown(mail: Mail) -> None:
    def treat(connection: socket.socket) -> None:
        read_request(connection)
        reset(connection)

    with server(treat) as port:
        error = failure_of(backend_at(port), mail)

    assert (error.code, error.outcome_unknown) == ("mail_outcome_unknown", True)


@pytest.mark.parametrize("sender", ["", "Giftflick", "Giftflick <gifts>", "gifts@", "a@b.example\r\nBcc: c@d.example"])
def test_sender_that_is_no_address_stops_at_the_start(sender: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="MAIL_FROM"):
        SendGridBackend(url="http://127.0.0.1:1", api_key=KEY, sender=sender)


@pytest.mark.parametrize("key", ["", "two words", "SG.key\n", "SG.schlüssel"])
def test_key_that_fits_in_no_header_stops_at_the_start_unseen(key: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^SENDGRID_API_KEY must be one word of ASCII\.$"):
        SendGridBackend(url="http://127.0.0.1:1", api_key=key, sender="gifts@giftflick.example")


def test_backend_is_the_one_that_the_settings_name(mail_settings: Settings) -> None:
    assert isinstance(get_backend(), SendGridBackend)
    assert get_backend() is get_backend()
