"""The signed post: what is let in, and what is not."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from api.delivery.events import FeedVerifier
from api.delivery.models import MailEvent, Message
from api.outbox.models import Job
from local.sendgrid.events import SIGNATURE_HEADER, TIMESTAMP_HEADER, sign
from local.sendgrid.keys import generate, load_private_key
from tests.delivery.conftest import event

Post = Callable[..., Any]


@pytest.fixture
def post(client: Client, webhook_private_key: str, db: None) -> Post:
    """Post as SendGrid does; `signed` is what the signature is for, if not what is sent."""

    def send(body: bytes, *, signed: bytes | None = None, at: float | None = None, **headers: str) -> Any:
        timestamp = str(int(time.time() if at is None else at))
        signature = sign(load_private_key(webhook_private_key), timestamp, body if signed is None else signed)
        all_headers = {SIGNATURE_HEADER: signature, TIMESTAMP_HEADER: timestamp} | headers
        return client.post("/hooks/sendgrid", body, content_type="application/json", headers=all_headers)

    return send


def test_signed_post_is_stored_and_answered_with_nothing(post: Post, message: Message) -> None:
    response = post(json.dumps([event(message, "delivered"), event(message, "open"), 7]).encode())

    assert (response.status_code, response.content) == (204, b"")
    assert sorted(MailEvent.objects.values_list("type", flat=True)) == ["delivered", "opened"]


def test_post_larger_than_a_callers_body_is_taken(post: Post, message: Message) -> None:
    body = json.dumps([event(message, "processed", reason="x" * 500) for _ in range(900)]).encode()
    assert 700_000 < len(body) < 1_000_000

    assert post(body).status_code == 204
    assert MailEvent.objects.count() == 900


def test_post_over_a_megabyte_is_refused(post: Post) -> None:
    response = post(b" " * (1024 * 1024) + b"[]")

    assert (response.status_code, json.loads(response.content)["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "headers",
    [
        {SIGNATURE_HEADER: ""},
        {SIGNATURE_HEADER: "rubbish"},
        {SIGNATURE_HEADER: "===="},
        {SIGNATURE_HEADER: "é"},
        {SIGNATURE_HEADER: base64.b64encode(b"no DER").decode()},
        {TIMESTAMP_HEADER: ""},
        {TIMESTAMP_HEADER: "now"},
        {TIMESTAMP_HEADER: "-5"},
        {TIMESTAMP_HEADER: "9" * 11},
        {TIMESTAMP_HEADER: "9" * 400},
        {TIMESTAMP_HEADER: "\u0661\u0662"},
    ],
)
def test_post_without_a_right_signature_is_refused(post: Post, message: Message, headers: dict[str, str]) -> None:
    response = post(json.dumps([event(message, "bounce")]).encode(), **headers)

    assert (response.status_code, json.loads(response.content)["code"]) == (403, "bad_signature")
    assert response["Content-Type"] == "application/problem+json"
    assert MailEvent.objects.count() == 0


def test_post_changed_on_its_way_is_refused(post: Post, message: Message) -> None:
    body = json.dumps([event(message, "bounce")]).encode()

    assert post(body, signed=body.replace(b"bounce", b"processed")).status_code == 403
    assert post(b"\xff", signed=b"\xff").status_code == 403


def test_post_signed_by_somebody_else_is_refused(post: Post, message: Message) -> None:
    body, timestamp = json.dumps([event(message, "bounce")]).encode(), str(int(time.time()))
    signature = sign(load_private_key(generate()[0]), timestamp, body)

    assert post(body, **{SIGNATURE_HEADER: signature}).status_code == 403


@pytest.mark.parametrize(("age", "status"), [(24.9 * 3600, 204), (25.1 * 3600, 403), (-4 * 60, 204), (-6 * 60, 403)])
def test_post_counts_for_a_day(post: Post, age: float, status: int) -> None:
    assert post(b"[]", at=time.time() - age).status_code == status


def test_replayed_post_changes_nothing(post: Post, message: Message) -> None:
    body = json.dumps([event(message, "delivered")]).encode()

    assert [post(body).status_code, post(body).status_code] == [204, 204]
    assert (MailEvent.objects.count(), Job.objects.count()) == (1, 1)


@pytest.mark.parametrize("body", [b"", b"{}", b"rubbish", b'[{"event":'])
def test_signed_rubbish_is_refused(post: Post, body: bytes) -> None:
    response = post(body)

    assert (response.status_code, json.loads(response.content)["code"]) == (400, "malformed")


def test_only_posts_are_taken(client: Client, db: None) -> None:
    assert client.get("/hooks/sendgrid").status_code == 405


def test_public_key_that_is_none_stops_at_the_start() -> None:
    not_for_ecdsa = Ed25519PrivateKey.generate().public_key()
    der = not_for_ecdsa.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    for key in ("", "rubbish", "====", base64.b64encode(der).decode()):
        with pytest.raises(ImproperlyConfigured, match="SENDGRID_WEBHOOK_PUBLIC_KEY"):
            FeedVerifier(key)
