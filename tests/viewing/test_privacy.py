"""What the recipient sees, and what must not be there although it could."""

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from api.gifts.models import Gift
from tests.viewing.conftest import SentGift

LEAKY: dict[str, Any] = {
    "sender": {"name": "Ana", "email": "secret-ana@example.com"},
    "recipient": {"name": "Ben", "email": "secret-ben@example.com"},
    "message": "Happy 30th!\nSee you at the lake.",
    "product": {
        "name": "Espresso set",
        "url": "https://shop.example/espresso",
        "image_url": "https://shop.example/espresso.jpg",
        "price": {"amount": "49.00", "currency": "AUD"},
    },
    "order": {"required": False, "reference": "SECRET-SO-1001"},
    "metadata": {"cart": "secret-cart"},
    "fields": {"headline": "SECRET-HEADLINE"},
}


@pytest.fixture
def gift(sent_gift: SentGift) -> Gift:
    return sent_gift(**LEAKY)


def page(recipient: APIClient, gift: Gift) -> str:
    return str(recipient.get(f"/g/{gift.token}").content, "utf-8")


def test_the_json_has_these_fields_and_no_other(recipient: APIClient, gift: Gift) -> None:
    body = recipient.get(f"/public/gifts/{gift.token}").json()

    video = body.pop("video")
    assert body == {
        "sender_name": "Ana",
        "recipient_name": "Ben",
        "message": "Happy 30th!\nSee you at the lake.",
        "occasion": "birthday",
        "product": LEAKY["product"],
        "expires_at": gift.expires_at.isoformat().replace("+00:00", "Z") if gift.expires_at else None,
        "can_thank": True,
        "thanks_left": 3,
    }
    assert sorted(video) == ["duration_s", "expires_at", "height", "poster_url", "url", "width"]
    assert (video["duration_s"], video["width"], video["height"]) == (31.4, 1280, 720)


def test_a_gift_without_extras_has_nulls(recipient: APIClient, sent_gift: SentGift) -> None:
    gift = sent_gift(message="")
    body = recipient.get(f"/public/gifts/{gift.token}").json()

    assert (body["message"], body["product"]) == ("", None)
    assert 'class="card letter"' not in page(recipient, gift)
    assert 'class="card product"' not in page(recipient, gift)


@pytest.mark.parametrize("path", ["/g/{}", "/public/gifts/{}"])
def test_nothing_else_leaks(path: str, recipient: APIClient, gift: Gift) -> None:
    text = recipient.get(path.format(gift.token)).content.decode()

    assert "secret" not in text.lower()
    assert "Confetti Shop" not in text
    assert "@" not in text
    for own_id in (gift.pk, gift.account_id, gift.template_id):
        assert str(own_id) not in text


@pytest.mark.parametrize("state", ["withdrawn", "draft"])
def test_a_closed_page_names_nobody(state: str, recipient: APIClient, gift: Gift) -> None:
    Gift.objects.filter(pk=gift.pk).update(
        **{"status": "canceled"} if state == "withdrawn" else {"status": "draft", "sent_at": None}
    )

    for path in (f"/g/{gift.token}", f"/public/gifts/{gift.token}"):
        text = recipient.get(path).content.decode()
        assert not re.search(r"\bAna\b|\bBen\b|30th|Espresso", text)


def test_signed_addresses_live_an_hour_at_most(recipient: APIClient, gift: Gift) -> None:
    asked_at = timezone.now()
    video = recipient.get(f"/public/gifts/{gift.token}").json()["video"]

    assert gift.film is not None
    for url, key in ((video["url"], gift.film.key), (video["poster_url"], gift.film.poster_key)):
        query = parse_qs(urlsplit(url).query)
        assert urlsplit(url).path.endswith(key)
        assert 0 < int(query["X-Amz-Expires"][0]) <= 3600
    expires_at = parse_datetime(video["expires_at"])
    assert expires_at is not None
    assert timedelta(0) <= expires_at - asked_at - timedelta(hours=1) < timedelta(minutes=1)


def test_the_page_plays_the_signed_film(recipient: APIClient, gift: Gift) -> None:
    text = page(recipient, gift)

    assert gift.film is not None
    assert re.search(rf'<video id="film" src="http[^"]*/{re.escape(gift.film.key)}\?[^"]*X-Amz-Signature=', text)
    assert 'width="1280" height="720"' in text


@pytest.mark.parametrize("path", ["/g/{}", "/public/gifts/{}"])
def test_two_queries_are_enough(
    path: str, recipient: APIClient, gift: Gift, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    recipient.get("/public/nothing")  # calls of the address's minute are taken

    with django_assert_num_queries(2):
        recipient.get(path.format(gift.token))


def test_no_answer_with_a_token_may_be_kept_or_passed_on(recipient: APIClient, gift: Gift) -> None:
    answers = [
        recipient.get(f"/g/{gift.token}"),
        recipient.get("/g/nobodys"),
        recipient.get(f"/public/gifts/{gift.token}"),
        recipient.get("/public/gifts/nobodys"),
        recipient.post(f"/public/gifts/{gift.token}/progress", {"percent": 25}),
        recipient.post(f"/public/gifts/{gift.token}/progress", {"percent": 1}),
        recipient.post(f"/public/gifts/{gift.token}/thanks", {"message": "Thanks"}),
    ]

    for answer in answers:
        assert answer["Cache-Control"] == "no-store"
        assert answer["Referrer-Policy"] == "no-referrer"
        assert answer["X-Robots-Tag"] == "noindex"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert not answer.cookies


def test_the_page_loads_only_from_here_the_bucket_and_the_shop(recipient: APIClient, gift: Gift) -> None:
    answer = recipient.get(f"/g/{gift.token}")
    film_url = urlsplit(recipient.get(f"/public/gifts/{gift.token}").json()["video"]["url"])
    bucket = f"{film_url.scheme}://{film_url.netloc}"

    assert answer["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        f"img-src 'self' {bucket} https:; media-src 'self' {bucket}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    text = answer.content.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)|\bstyle=|\bon\w+=", text)
    loaded = re.findall(r'<(?:script|link|img|video)[^>]*(?:src|href)="([^"]+)"', text)
    assert {urlsplit(url).netloc for url in loaded} == {"", film_url.netloc, "shop.example"}


@pytest.mark.parametrize(
    ("picture", "allowed"),
    [
        ("http://pictures.example:8080/a.jpg", " http://pictures.example:8080"),
        ("https://pictures.example/a.jpg", ""),
        ("http://pictures.example;script-src *;/a.jpg", ""),
        ("http://bücher.example/a.jpg", ""),
    ],
)
def test_a_picture_by_http_is_allowed_from_its_own_host_only(
    picture: str, allowed: str, recipient: APIClient, gift: Gift
) -> None:
    Gift.objects.filter(pk=gift.pk).update(product={"name": "Espresso set", "image_url": picture})

    policy = recipient.get(f"/g/{gift.token}")["Content-Security-Policy"]

    images = next(part for part in policy.split("; ") if part.startswith("img-src"))
    assert images.partition("https:")[2] == allowed
    assert "script-src *" not in policy


def test_link_previews_name_nobody(recipient: APIClient, gift: Gift) -> None:
    head = page(recipient, gift).partition("<body")[0]

    assert "<title>A video gift for you</title>" in head
    assert gift.token not in head
    assert not re.search(r"Ana|Ben|30th|Espresso|og:image|og:url", head)


HOSTILE = "</h1><script>alert(1)</script>\"'&{{ gift }}"


def test_hostile_words_stay_words(recipient: APIClient, sent_gift: SentGift, now: datetime) -> None:
    gift = sent_gift(
        sender={"name": HOSTILE, "email": "a@example.com"},
        recipient={"name": HOSTILE, "email": "b@example.com"},
        message=HOSTILE,
        occasion="<b>birthday",
        product={"name": HOSTILE, "url": 'https://shop.example/"><script>'},
    )
    Gift.objects.filter(pk=gift.pk).update(
        product={"name": HOSTILE, "url": "javascript:alert(1)", "image_url": "data:image/svg+xml,<svg onload=alert(1)>"}
    )

    text = page(recipient, gift)

    assert "<script>" not in text
    assert "<b>birthday" not in text
    assert "javascript:" not in text
    assert "data:" not in text
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#x27;&amp;{{ gift }}") >= 4
    product = recipient.get(f"/public/gifts/{gift.token}").json()["product"]
    assert (product["url"], product["image_url"]) == (None, None)


def test_the_product_link_tells_the_shop_nothing(recipient: APIClient, gift: Gift) -> None:
    assert 'href="https://shop.example/espresso" target="_blank" rel="noopener noreferrer nofollow"' in page(
        recipient, gift
    )
