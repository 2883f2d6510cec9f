"""Mail Send: what is accepted, by whom, and what the mailbox then holds."""

import json
import time
from collections.abc import Callable

import pytest

from tests.local.sendgrid.service import API_KEY, Receiver, Service, client_of, mail_to, message, to


def test_the_official_client_sends_and_the_mailbox_shows_the_mail(quiet: Service) -> None:
    quiet.call("DELETE", "/mailbox.json")

    response = client_of(quiet).send(mail_to("ben@example.com"))

    assert (response.status_code, response.body) == (202, b"")
    assert response.headers["X-Message-Id"]
    [mail] = quiet.mails
    assert mail == {
        "id": mail["id"],
        "at": mail["at"],
        "to": "ben@example.com",
        "from": {"email": "gifts@example.com", "name": "Ana via Giftflick"},
        "reply_to": {"email": "ana@example.com", "name": "Ana"},
        "subject": "A gift from Ana",
        "text": "Watch: https://gifts.example/g/abc",
        "html": '<a href="https://gifts.example/g/abc?x=1&amp;y=2">Watch</a> <a href="mailto:a@b.c">-</a>',
        "links": ["https://gifts.example/g/abc?x=1&y=2"],
        "headers": {},
        "custom_args": {"message_id": "0193-aa"},
        "state": "delivered",
    }
    assert mail["at"].endswith("Z")
    assert quiet.call("GET", f"/mailbox/{mail['id']}.json").json == mail


def test_each_recipient_gets_a_mail_and_events_of_its_own(service: Service, receiver: Receiver) -> None:
    first = {"to": [{"email": "a@example.com"}], "cc": [{"email": "b@example.com"}], "custom_args": {"n": "1"}}
    second = {"to": [{"email": "c@example.com"}], "subject": "Hi -who-", "substitutions": {"-who-": "Cem"}}

    answer = service.post(message(personalizations=[first, second], custom_args={"n": "0", "m": "9"}))

    assert [(mail["to"], mail["subject"], mail["custom_args"]) for mail in reversed(service.mails)] == [
        ("a@example.com", "A gift from Ana", {"n": "1", "m": "9"}),
        ("b@example.com", "A gift from Ana", {"n": "1", "m": "9"}),
        ("c@example.com", "Hi Cem", {"n": "0", "m": "9"}),
    ]
    ids = {receiver.events_for(f"{name}@example.com", 2)[0]["sg_message_id"] for name in "abc"}
    assert len(ids) == 3
    assert {each.partition(".")[0] for each in ids} == {answer.headers["X-Message-Id"]}


def test_slow_address_is_accepted_although_the_client_gives_up(
    start: Callable[[], Service], receiver: Receiver
) -> None:
    service = start()
    client = client_of(service)
    client.client.timeout = 0.5

    with pytest.raises(TimeoutError):
        client.send(mail_to("slow@example.com"))

    assert len(receiver.events_for("slow@example.com", 2)) == 2
    assert service.post(message(personalizations=to("quick@example.com"))).status == 202  # nobody else waits
    assert [mail["to"] for mail in service.mails] == ["quick@example.com", "slow@example.com"]
    started = time.monotonic()
    assert service.stop() == 0
    assert time.monotonic() - started < 5


def test_sandbox_mode_validates_and_sends_nothing(quiet: Service) -> None:
    before = quiet.mails
    sandbox = {"mail_settings": {"sandbox_mode": {"enable": True}}}

    assert quiet.post(message(**sandbox)).status == 200
    assert quiet.post(message(subject=..., **sandbox)).status == 400

    assert quiet.mails == before


@pytest.mark.parametrize("authorization", ["", "Bearer", f"Bearer {API_KEY}x", f"Basic {API_KEY}", API_KEY])
def test_a_wrong_key_is_refused(quiet: Service, authorization: str) -> None:
    answer = quiet.post(message(), Authorization=authorization)

    assert (answer.status, answer.json) == (
        401,
        {
            "errors": [
                {
                    "message": "The provided authorization grant is invalid, expired, or revoked",
                    "field": None,
                    "help": None,
                }
            ]
        },
    )


@pytest.mark.parametrize(
    ("status", "body", "content_type"),
    [
        (400, b"", "application/json"),
        (400, b"{", "application/json"),
        (400, b'{"a": NaN}', "application/json"),
        (400, b"[" * 100_000, "application/json"),
        (400, b'{"send_at": ' + b"9" * 5000 + b"}", "application/json"),
        (415, b'{"subject": "\xff"}', "application/json"),
        (415, json.dumps(message()).encode(), "text/plain"),
        (413, b" " * (30 * 1024 * 1024 + 1), "application/json"),
    ],
    ids=["empty", "cut", "nan", "deep", "huge number", "not utf-8", "content type", "too large"],
)
def test_what_is_not_a_json_request_is_refused(quiet: Service, status: int, body: bytes, content_type: str) -> None:
    assert quiet.post(body, Content_Type=content_type).status == status


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v3/mail/send", 405),
        ("PUT", "/mailbox.json", 405),
        ("GET", "/v3/other", 404),
        ("GET", "/mailbox/00000000-0000-7000-8000-000000000000", 404),
        ("GET", "/mailbox/00000000-0000-7000-8000-000000000000.json", 404),
        ("GET", "/mailbox/..%2f..%2fetc", 404),
        ("GET", "/assets/..", 404),
        ("GET", "/mailbox.json?limit=x", 400),
    ],
)
def test_other_calls_get_a_clear_error(quiet: Service, method: str, path: str, status: int) -> None:
    answer = quiet.call(method, path, b"" if method == "PUT" else None)

    assert answer.status == status
    assert list(answer.json) == ["errors"]
