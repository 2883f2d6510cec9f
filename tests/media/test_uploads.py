"""`/v1/uploads`, from the declaration to the ready file and its removal."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import Account
from api.media import bucket
from api.media.models import Upload
from api.media.states import UploadStatus
from tests.media.conftest import (
    MB,
    bucket_away,
    complete,
    declare,
    is_clean,
    problem,
    put,
    put_parts,
    row,
    upload,
)


def test_upload_in_one_part(api: APIClient, account: Account, samples: dict[str, bytes]) -> None:
    content = samples["photo.jpg"]

    opened = declare(api, content, "image/jpeg", filename="C:\\Users\\ana\\party.jpg")
    assert set(opened) == {
        "id", "livemode", "status", "filename", "content_type", "size", "failure", "created_at", "completed_at",
        "expires_at", "part_size", "parts",
    }  # fmt: skip
    assert (opened["status"], opened["livemode"], opened["filename"]) == ("pending", True, "party.jpg")
    assert [part["number"] for part in opened["parts"]] == [1]
    ready = complete(api, opened["id"], put_parts(opened, content)).json()

    assert (ready["status"], ready["size"], ready["failure"]) == ("ready", len(content), None)
    assert api.get(f"/v1/uploads/{opened['id']}").json() == ready
    assert row(opened["id"]).key == f"uploads/{account.pk}/{opened['id']}"
    stored = bucket.look_at(row(opened["id"]).key)
    assert stored is not None
    assert (stored.size, stored.content_type) == (len(content), "image/jpeg")


def test_upload_in_many_parts_is_resumed(api: APIClient, samples: dict[str, bytes]) -> None:
    content = samples["film.mp4"] + (9 * MB).to_bytes(4, "big") + b"free" + bytes(9 * MB - 8)
    opened = declare(api, content, "video/mp4")
    assert [part["number"] for part in opened["parts"]] == [1, 2]
    first = {"number": 1, "etag": put(opened["parts"][0]["url"], content[: 8 * MB]).headers["ETag"]}

    resumed = api.post(f"/v1/uploads/{opened['id']}/parts").json()
    assert [part["number"] for part in resumed["parts"]] == [2]
    assert (resumed["part_size"], resumed["expires_at"]) == (8 * MB, opened["expires_at"])
    second = put_parts(resumed, content)
    assert api.post(f"/v1/uploads/{opened['id']}/parts").json()["parts"] == []
    response = complete(api, opened["id"], [*second, first])

    assert (response.status_code, response.json()["status"]) == (200, "ready")


def test_largest_film_fits_into_63_parts(api: APIClient) -> None:
    opened = api.post("/v1/uploads", {"filename": "a.mp4", "content_type": "video/mp4", "size": 500 * MB}).json()

    assert [part["number"] for part in opened["parts"]] == list(range(1, 64))


def test_url_takes_no_other_length_and_lives_an_hour_at_most(api: APIClient) -> None:
    opened = declare(api, b"x" * 100, "image/png")
    url = opened["parts"][0]["url"]

    assert put(url, b"x" * 101).status == 403
    assert put(url, b"x" * 99).status == 403
    assert "X-Amz-Expires=3600" in url


def test_completing_twice_changes_nothing(api: APIClient, samples: dict[str, bytes]) -> None:
    ready = upload(api, samples["photo.png"], "image/png")

    again = complete(api, ready["id"], [])

    assert (again.status_code, again.json()) == (200, ready)
    assert problem(api.post(f"/v1/uploads/{ready['id']}/parts")) == (409, "invalid_state")


def test_completion_that_died_before_its_commit_is_taken_up(api: APIClient, samples: dict[str, bytes]) -> None:
    content = samples["photo.jpg"]
    opened = declare(api, content, "image/jpeg")
    receipts = put_parts(opened, content)
    record = row(opened["id"])
    bucket.complete_multipart(record.key, record.multipart_id, {1: receipts[0]["etag"]})

    assert api.post(f"/v1/uploads/{opened['id']}/parts").json()["parts"] == []
    assert complete(api, opened["id"], receipts).json()["status"] == "ready"


def test_parts_that_left_the_bucket_are_a_conflict(api: APIClient) -> None:
    opened = declare(api, bytes(100), "image/png")
    record = row(opened["id"])
    bucket.abort_multipart(record.key, record.multipart_id)

    assert problem(complete(api, opened["id"], [])) == (409, "invalid_state")
    assert problem(api.post(f"/v1/uploads/{opened['id']}/parts")) == (409, "invalid_state")


@pytest.mark.django_db(transaction=True)
def test_completing_at_once_makes_both_succeed(api: APIClient, samples: dict[str, bytes]) -> None:
    content = samples["photo.jpg"]
    opened = declare(api, content, "image/jpeg")
    receipts = put_parts(opened, content)

    def finish(_number: int) -> tuple[int, str]:
        try:
            response = complete(api, opened["id"], receipts)
        finally:
            connection.close()
        return response.status_code, response.json()["status"]

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(finish, range(4)))

    assert answers == [(200, "ready")] * 4


def test_upload_past_its_hour_takes_nothing(api: APIClient, samples: dict[str, bytes]) -> None:
    opened = declare(api, samples["photo.jpg"], "image/jpeg")
    Upload.objects.filter(pk=opened["id"]).update(expires_at=row(opened["id"]).created_at - timedelta(seconds=1))

    for response in (complete(api, opened["id"], []), api.post(f"/v1/uploads/{opened['id']}/parts")):
        assert problem(response) == (409, "invalid_state")
        assert "expired" in response.json()["detail"]


def test_bucket_away_is_503_and_nothing_stays_behind(api: APIClient, samples: dict[str, bytes]) -> None:
    content = samples["photo.jpg"]
    opened = declare(api, content, "image/jpeg")
    receipts = put_parts(opened, content)

    with bucket_away():
        answers = [
            api.post("/v1/uploads", {"filename": "a.jpg", "content_type": "image/jpeg", "size": 5}),
            complete(api, opened["id"], receipts),
            api.post(f"/v1/uploads/{opened['id']}/parts"),
        ]

    for response in answers:
        assert problem(response) == (503, "unavailable")
        assert int(response["Retry-After"]) > 0
    assert [record.status for record in Upload.objects.all()] == [UploadStatus.PENDING]
    assert complete(api, opened["id"], receipts).json()["status"] == "ready"


@pytest.mark.parametrize("finish", [True, False])
def test_deleted_upload_is_gone_with_its_bytes(api: APIClient, samples: dict[str, bytes], *, finish: bool) -> None:
    content = samples["photo.jpg"]
    opened = declare(api, content, "image/jpeg")
    receipts = put_parts(opened, content)
    if finish:
        complete(api, opened["id"], receipts)
    record = row(opened["id"])

    assert api.delete(f"/v1/uploads/{opened['id']}").status_code == 204

    assert is_clean(record)
    assert not Upload.objects.exists()
    assert problem(api.delete(f"/v1/uploads/{opened['id']}")) == (404, "not_found")
    assert problem(complete(api, opened["id"], receipts)) == (404, "not_found")


def test_upload_in_a_gift_is_not_deleted(api: APIClient, samples: dict[str, bytes], make_gift: Any) -> None:
    ready = upload(api, samples["photo.jpg"], "image/jpeg")
    gift = make_gift()
    gift.media.add(UUID(ready["id"]), through_defaults={"position": 0})

    assert problem(api.delete(f"/v1/uploads/{ready['id']}")) == (409, "in_use")
    assert api.get(f"/v1/uploads/{ready['id']}").json() == ready

    gift.media.clear()
    assert api.delete(f"/v1/uploads/{ready['id']}").status_code == 204


def test_reading_an_upload_costs_one_query_besides_the_key(
    api: APIClient, samples: dict[str, bytes], django_assert_num_queries: Any
) -> None:
    ready = upload(api, samples["photo.jpg"], "image/jpeg")

    with django_assert_num_queries(2):
        api.get(f"/v1/uploads/{ready['id']}")
