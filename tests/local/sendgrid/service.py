"""The stand-in as a process of its own, a receiver of its events, and the requests that the tests send."""

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import Content, CustomArg, From, Mail, ReplyTo, To

from local.sendgrid.keys import generate

ROOT = Path(__file__).parents[3]
API_KEY = "SG.local.test"
PRIVATE_KEY, PUBLIC_KEY = generate()
PATIENCE_S = 10.0


@dataclass
class Posting:
    headers: dict[str, str]
    body: bytes

    @property
    def events(self) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = json.loads(self.body)
        return events


@dataclass
class Receiver:
    """A webhook receiver that keeps what it is sent and answers what it is told to."""

    refusals: int = 0
    postings: list[Posting] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    url: str = ""

    def answer(self, posting: Posting) -> int:
        with self.changed:
            self.postings.append(posting)
            self.changed.notify_all()
            self.refusals -= 1
            return 503 if self.refusals >= 0 else 204

    def forget(self) -> None:
        with self.changed:
            self.postings.clear()
            self.refusals = 0

    def events_for(self, email: str, count: int) -> list[dict[str, Any]]:
        """Wait for `count` events about `email`."""

        def events() -> list[dict[str, Any]]:
            return [event for posting in self.postings for event in posting.events if event["email"] == email]

        with self.changed:
            assert self.changed.wait_for(lambda: len(events()) >= count, PATIENCE_S), f"{email}: {events()}"
            return events()


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Service:
    """One process of the stand-in."""

    def __init__(self, data: Path, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "local.sendgrid", "--port", "0", "--data", str(data)],
            env={"PATH": os.environ["PATH"], "SENDGRID_API_KEY": API_KEY, **environment},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        word, port = self.process.stdout.readline().split()
        assert word == "listening"
        self.url = f"http://127.0.0.1:{port}"

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal and return the exit code; harmless for one that has ended."""
        self.process.send_signal(how)
        with self.process:
            return self.process.wait(PATIENCE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.url + path, body, names, method=method)  # noqa: S310  its own URL
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310
                return Answer(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), error.read())

    def post(self, body: Any, **headers: str) -> Answer:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        names = {"Authorization": f"Bearer {API_KEY}", "Content_Type": "application/json", **headers}
        return self.call("POST", "/v3/mail/send", raw, **names)

    @property
    def mails(self) -> list[dict[str, Any]]:
        mails: list[dict[str, Any]] = self.call("GET", "/mailbox.json").json
        return mails


def message(**changes: Any) -> dict[str, Any]:
    """A valid request; a change to `...` leaves the field out."""
    request = {
        "personalizations": [{"to": [{"email": "ben@example.com"}]}],
        "from": {"email": "gifts@example.com", "name": "Ana via Giftflick"},
        "subject": "A gift from Ana",
        "content": [{"type": "text/plain", "value": "Hello"}, {"type": "text/html", "value": "<p>Hello</p>"}],
    }
    return {name: value for name, value in {**request, **changes}.items() if value is not ...}


def to(*emails: str, **changes: Any) -> list[dict[str, Any]]:
    return [{"to": [{"email": email} for email in emails], **changes}]


def client_of(service: Service) -> SendGridAPIClient:
    return SendGridAPIClient(API_KEY, host=service.url)


def mail_to(email: str) -> Mail:
    mail = Mail(
        from_email=From("gifts@example.com", "Ana via Giftflick"),
        to_emails=To(email, "Ben"),
        subject="A gift from Ana",
    )
    mail.reply_to = ReplyTo("ana@example.com", "Ana")
    mail.content = [
        Content("text/plain", "Watch: https://gifts.example/g/abc"),
        Content(
            "text/html", '<a href="https://gifts.example/g/abc?x=1&amp;y=2">Watch</a> <a href="mailto:a@b.c">-</a>'
        ),
    ]
    mail.custom_arg = CustomArg("message_id", "0193-aa")
    return mail
