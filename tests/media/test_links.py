"""Films' URLs for people: CloudFront's, verified with the public key as CloudFront does it, or S3's."""

import base64
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from accounts.models import Account
from api.media import bucket
from api.media.links import get_signer, link_to
from api.templates.models import Template
from tests import build

HOUR = timedelta(hours=1)
SITE = "https://gifts.example.com/media"
KEY_ID = "K2JCJMDEHXQW5F"


@pytest.fixture
def now() -> datetime:
    """What is asked for looks at the clock itself."""
    return timezone.now()


class Refused(Exception):  # noqa: N818 - what CloudFront answers, with 403
    pass


def pem(key: Any) -> str:
    text: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return text.decode()


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def signed_by(settings: Settings, key: rsa.RSAPrivateKey) -> Iterator[Settings]:
    get_signer.cache_clear()
    settings.SIGNED_MEDIA_URL, settings.MEDIA_KEY_ID, settings.MEDIA_PRIVATE_KEY = SITE, KEY_ID, pem(key)
    yield settings
    get_signer.cache_clear()


def admit(url: str, key: rsa.RSAPrivateKey, *, now: datetime) -> None:
    """What CloudFront does with a canned policy: it makes the policy again from the URL and the time in it."""
    bare, _, query = url.partition("?")
    given = {name: values[0] for name, values in parse_qs(query, strict_parsing=True).items()}
    if given.keys() != {"Expires", "Signature", "Key-Pair-Id"} or given["Key-Pair-Id"] != KEY_ID:
        raise Refused
    condition = {"DateLessThan": {"AWS:EpochTime": int(given["Expires"])}}
    policy = json.dumps({"Statement": [{"Resource": bare, "Condition": condition}]}, separators=(",", ":"))
    signature = base64.b64decode(given["Signature"].translate(str.maketrans("-_~", "+=/")), validate=True)
    try:
        key.public_key().verify(signature, policy.encode(), PKCS1v15(), SHA1())  # noqa: S303 - CloudFront's
    except InvalidSignature:
        raise Refused from None
    if now.timestamp() >= int(given["Expires"]):
        raise Refused


def test_a_link_shows_its_film_for_as_long_as_it_lives(
    signed_by: Settings, key: rsa.RSAPrivateKey, now: datetime
) -> None:
    url = link_to("renders/a.mp4", now=now, lives=HOUR)

    assert url.startswith(f"{SITE}/renders/a.mp4?Expires={int((now + HOUR).timestamp())}&Signature=")
    admit(url, key, now=now)
    admit(url, key, now=now + HOUR - timedelta(seconds=1))
    with pytest.raises(Refused):
        admit(url, key, now=now + HOUR)


def test_a_link_shows_nothing_else(signed_by: Settings, key: rsa.RSAPrivateKey, now: datetime) -> None:
    url = link_to("renders/a.mp4", now=now, lives=HOUR)
    expires = str(int((now + HOUR).timestamp()))

    for tampered in (
        url.replace("a.mp4", "b.mp4"),
        url.replace("gifts.example.com", "other.example.com"),
        url.replace(expires, str(int(expires) + 3600)),
        url.replace(KEY_ID, "K1"),
    ):
        assert tampered != url
        with pytest.raises(Refused):
            admit(tampered, key, now=now)


def test_a_link_of_another_key_is_none(signed_by: Settings, now: datetime) -> None:
    with pytest.raises(Refused):
        admit(link_to("renders/a.mp4", now=now, lives=HOUR), rsa.generate_private_key(65537, 2048), now=now)


def test_a_key_that_needs_quoting_is_quoted(signed_by: Settings, key: rsa.RSAPrivateKey, now: datetime) -> None:
    url = link_to("renders/Käthe & Ben+1.mp4", now=now, lives=HOUR)

    assert unquote(urlsplit(url).path) == "/media/renders/Käthe & Ben+1.mp4"
    admit(url, key, now=now)


def test_a_key_in_one_line_is_a_key(signed_by: Settings, key: rsa.RSAPrivateKey, now: datetime) -> None:
    signed_by.MEDIA_PRIVATE_KEY = pem(key).replace("\n", "\\n")

    admit(link_to("renders/a.mp4", now=now, lives=HOUR), key, now=now)


@pytest.mark.parametrize("missing", ["SIGNED_MEDIA_URL", "MEDIA_KEY_ID", "MEDIA_PRIVATE_KEY"])
def test_without_one_of_the_three_s3_shows_the_film(signed_by: Settings, now: datetime, missing: str) -> None:
    setattr(signed_by, missing, "")

    url = link_to("renders/a.mp4", now=now, lives=HOUR)

    assert urlsplit(url)[:3] == urlsplit(bucket.presigned_get("renders/a.mp4", expires_in=HOUR))[:3]
    assert "X-Amz-Signature" in url


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("gf-canary", "MEDIA_PRIVATE_KEY is not a private key in PEM."),
        (pem(ec.generate_private_key(ec.SECP256R1())), "MEDIA_PRIVATE_KEY is not an RSA key."),
    ],
)
def test_what_is_no_key_is_named_and_not_shown(signed_by: Settings, text: str, problem: str) -> None:
    signed_by.MEDIA_PRIVATE_KEY = text

    with pytest.raises(ImproperlyConfigured) as refusal:
        get_signer()

    assert str(refusal.value) == problem


def test_the_api_and_the_watch_page_give_such_links(
    signed_by: Settings, key: rsa.RSAPrivateKey, api: APIClient, account: Account, template: Template, now: datetime
) -> None:
    gift = build.sent(account, now)

    videos = [
        api.get(f"/v1/gifts/{gift.pk}").json()["video"],
        Client().get(f"/public/gifts/{gift.token}").json()["video"],
    ]

    for video in videos:
        expires_at = datetime.fromisoformat(video["expires_at"])
        for url in filter(None, (video["url"], video["poster_url"])):
            assert url.startswith(f"{SITE}/renders/")
            admit(url, key, now=expires_at - timedelta(seconds=1))
            with pytest.raises(Refused):
                admit(url, key, now=expires_at)
