"""Uploads: what calls the bucket stands in no transaction, and a presigned URL is never stored."""

from collections.abc import Callable
from typing import Any

from rest_framework.test import APIClient

from api.idempotency.models import IdempotentCall
from api.media.models import Upload
from tests.idempotency.conftest import facts, post, problem
from tests.media.conftest import bucket_away, put_parts

UPLOADS = "/v1/uploads"
PHOTO = {"filename": "photo.jpg", "content_type": "image/jpeg", "size": 1000}


def test_a_replayed_create_is_the_same_upload_with_fresh_urls(
    api: APIClient, stored: Callable[[], IdempotentCall]
) -> None:
    first = post(api, UPLOADS, PHOTO)
    second = post(api, UPLOADS, PHOTO)

    assert (facts(first), facts(second)) == ((201, None), (201, "true"))
    assert without_urls(second) == without_urls(first)
    assert put_parts(second.json(), b"x" * 1000)[0]["number"] == 1
    assert (stored().body, str(stored().object_id)) == ("", first.json()["id"])
    assert Upload.objects.count() == 1


def test_a_replayed_create_of_an_upload_that_is_no_longer_open_has_no_parts(api: APIClient) -> None:
    first = post(api, UPLOADS, PHOTO).json()
    Upload.objects.update(status="expired")

    second = post(api, UPLOADS, PHOTO)

    assert facts(second) == (201, "true")
    assert second.json() == {**first, "status": "expired", "parts": []}


def test_a_replayed_create_of_a_deleted_upload_is_not_there(api: APIClient) -> None:
    upload = post(api, UPLOADS, PHOTO).json()
    api.delete(f"{UPLOADS}/{upload['id']}")

    assert problem(post(api, UPLOADS, PHOTO)) == (404, "not_found")


def test_parts_are_signed_afresh(api: APIClient, stored: Callable[[], IdempotentCall]) -> None:
    path = f"{UPLOADS}/{api.post(UPLOADS, PHOTO).json()['id']}/parts"

    first, second = post(api, path), post(api, path)

    assert (facts(first), facts(second)) == ((200, None), (200, "true"))
    assert len(second.json()["parts"]) == 1
    assert stored().body == ""


def test_a_refused_file_stays_refused_with_the_same_words(api: APIClient) -> None:
    opened = api.post(UPLOADS, PHOTO).json()
    parts, path = put_parts(opened, b"x" * 1000), f"{UPLOADS}/{opened['id']}/complete"

    first, second = post(api, path, {"parts": parts}), post(api, path, {"parts": parts})

    assert (facts(first), facts(second)) == ((422, None), (422, "true"))
    assert second.content == first.content


def test_a_bucket_that_is_away_is_not_remembered(api: APIClient) -> None:
    with bucket_away():
        assert problem(post(api, UPLOADS, PHOTO)) == (503, "unavailable")

    assert facts(post(api, UPLOADS, PHOTO)) == (201, None)


def without_urls(response: Any) -> dict[str, Any]:
    opened: dict[str, Any] = response.json()
    return {**opened, "parts": [part["number"] for part in opened["parts"]]}
