"""What the page may not send."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from api.viewing.models import Thanks
from tests.viewing.conftest import SentGift

WRONG_PROGRESS: list[tuple[Any, str, str]] = [
    ({}, "percent", "required"),
    ({"percent": None}, "percent", "null"),
    ({"percent": 24}, "percent", "invalid_choice"),
    ({"percent": 0}, "percent", "invalid_choice"),
    ({"percent": -25}, "percent", "invalid_choice"),
    ({"percent": 10**30}, "percent", "invalid_choice"),
    ({"percent": "25"}, "percent", "invalid_choice"),
    ({"percent": 25.0}, "percent", "invalid_choice"),
    ({"percent": True}, "percent", "invalid_choice"),
    ({"percent": [25]}, "percent", "invalid_choice"),
    ({"percent": {"value": 25}}, "percent", "invalid_choice"),
    ({"percent": 25, "seconds": 3}, "seconds", "unknown_field"),
]
WRONG_THANKS: list[tuple[Any, str, str]] = [
    ({}, "message", "required"),
    ({"message": None}, "message", "null"),
    ({"message": ""}, "message", "blank"),
    ({"message": " \n\t "}, "message", "blank"),
    ({"message": "x" * 1001}, "message", "max_length"),
    ({"message": 5}, "message", "invalid"),
    ({"message": True}, "message", "invalid"),
    ({"message": ["Thanks"]}, "message", "invalid"),
    ({"message": "Thanks\x00"}, "message", "control_character"),
    ({"message": "Thanks", "email": "ben@example.com"}, "email", "unknown_field"),
]


@pytest.mark.parametrize(("body", "field", "code"), WRONG_PROGRESS)
def test_wrong_progress_is_refused_by_field(
    body: Any, field: str, code: str, recipient: APIClient, sent_gift: SentGift
) -> None:
    gift = sent_gift()

    answer = recipient.post(f"/public/gifts/{gift.token}/progress", body)

    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]
    gift.refresh_from_db()
    assert (gift.status, gift.watched_percent) == ("sent", 0)


@pytest.mark.parametrize(("body", "field", "code"), WRONG_THANKS)
def test_wrong_thanks_are_refused_by_field(
    body: Any, field: str, code: str, recipient: APIClient, sent_gift: SentGift
) -> None:
    gift = sent_gift()

    answer = recipient.post(f"/public/gifts/{gift.token}/thanks", body)

    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]
    assert not Thanks.objects.exists()


@pytest.mark.parametrize("action", ["progress", "thanks"])
@pytest.mark.parametrize(
    ("raw", "content_type", "status"),
    [
        (b"[25]", "application/json", 400),
        (b'"Thanks"', "application/json", 400),
        (b'{"percent": 25', "application/json", 400),
        (b'{"percent": 25, "percent": 50}', "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b'{"percent": NaN}', "application/json", 400),
        (b'{"message": "' + b"x" * 300_000 + b'"}', "application/json", 413),
        (b"percent=25", "application/x-www-form-urlencoded", 415),
        (b'{"percent": 25}', "text/plain", 415),
    ],
)
def test_what_is_no_json_object_is_refused(
    action: str, raw: bytes, content_type: str, status: int, recipient: APIClient, sent_gift: SentGift
) -> None:
    answer = recipient.post(f"/public/gifts/{sent_gift().token}/{action}", raw, content_type=content_type)

    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")


def test_a_thousand_characters_of_any_script_are_thanks(recipient: APIClient, sent_gift: SentGift) -> None:
    gift = sent_gift()
    words = "🎁" * 998 + "\n🎂"

    answer = recipient.post(f"/public/gifts/{gift.token}/thanks", {"message": words})

    assert answer.status_code == 201
    assert Thanks.objects.get(gift=gift).message == words


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "/g/{}"),
        ("delete", "/public/gifts/{}"),
        ("get", "/public/gifts/{}/progress"),
        ("put", "/public/gifts/{}/thanks"),
    ],
)
def test_other_methods_are_refused(method: str, path: str, recipient: APIClient, sent_gift: SentGift) -> None:
    answer = getattr(recipient, method)(path.format(sent_gift().token))

    assert answer.status_code == 405
