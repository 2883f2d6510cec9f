"""What `/v1/uploads` refuses: bodies, parts, files and callers."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from accounts.models import Account, Scope
from api.media import bucket
from api.media.models import Upload
from api.media.states import UploadStatus
from tests.conftest import client_for
from tests.media.conftest import (
    MB,
    complete,
    declare,
    errors,
    is_clean,
    problem,
    put_parts,
    row,
    upload,
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"filename": None}, {"filename": "null"}),
        ({"filename": ""}, {"filename": "blank"}),
        ({"filename": "x" * 256}, {"filename": "max_length"}),
        ({"filename": "a\nb.jpg"}, {"filename": "control_character"}),
        ({"filename": ["a.jpg"]}, {"filename": "invalid"}),
        ({"filename": "folder/"}, {"filename": "invalid"}),
        ({"content_type": "image/gif"}, {"content_type": "invalid_choice"}),
        ({"content_type": "text/html"}, {"content_type": "invalid_choice"}),
        ({"content_type": 5}, {"content_type": "invalid_choice"}),
        ({"content_type": {"a": 1}}, {"content_type": "invalid_choice"}),
        ({"size": 0}, {"size": "min_value"}),
        ({"size": -1}, {"size": "min_value"}),
        ({"size": "100"}, {"size": "invalid"}),
        ({"size": 1.5}, {"size": "invalid"}),
        ({"size": True}, {"size": "invalid"}),
        ({"size": 20 * MB + 1}, {"size": "max_value"}),
        ({"size": 10**30}, {"size": "max_value"}),
        ({"key": "../../x"}, {"key": "unknown_field"}),
    ],
)
def test_bad_declaration_is_refused_by_field(api: APIClient, changes: dict[str, Any], expected: dict[str, str]) -> None:
    body = {"filename": "a.jpg", "content_type": "image/jpeg", "size": 100, **changes}

    assert errors(api.post("/v1/uploads", body)) == expected
    assert not Upload.objects.exists()


def test_missing_fields_are_named(api: APIClient) -> None:
    assert errors(api.post("/v1/uploads", {})) == dict.fromkeys(("filename", "content_type", "size"), "required")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {"parts": "required"}),
        ({"parts": None}, {"parts": "null"}),
        ({"parts": "1"}, {"parts": "not_a_list"}),
        ({"parts": [{"number": 1}]}, {"parts.0.etag": "required"}),
        ({"parts": [{"number": 1, "etag": ""}]}, {"parts.0.etag": "blank"}),
        ({"parts": [{"number": 1, "etag": "x" * 101}]}, {"parts.0.etag": "max_length"}),
        ({"parts": [{"number": "1", "etag": "x"}]}, {"parts.0.number": "invalid"}),
        ({"parts": [{"number": 1, "etag": "x"}, 7]}, {"parts.1": "invalid"}),
        ({"parts": [{"number": 1, "etag": "x", "size": 5}]}, {"parts.0.size": "unknown_field"}),
        ({"parts": [{"number": 1, "etag": "x"}] * 1001}, {"parts": "max_length"}),
        ({"parts": [], "force": True}, {"force": "unknown_field"}),
    ],
)
def test_malformed_completion_leaves_the_upload_pending(
    api: APIClient, body: dict[str, Any], expected: dict[str, str]
) -> None:
    opened = declare(api, b"x" * 100, "image/png")

    assert errors(api.post(f"/v1/uploads/{opened['id']}/complete", body)) == expected
    assert row(opened["id"]).status == UploadStatus.PENDING


def test_parts_takes_no_body(api: APIClient) -> None:
    opened = declare(api, b"x" * 100, "image/png")

    assert errors(api.post(f"/v1/uploads/{opened['id']}/parts", {"all": True})) == {"all": "unknown_field"}


@pytest.mark.parametrize(
    ("tamper", "code"),
    [
        (lambda receipts: receipts[:0], "missing_part"),
        (lambda receipts: receipts[:1], "missing_part"),
        (lambda receipts: [*receipts, receipts[0]], "duplicate_part"),
        (lambda receipts: [*receipts, {"number": 3, "etag": "x"}], "unknown_part"),
        (lambda receipts: [*receipts, {"number": 0, "etag": "x"}], "unknown_part"),
        (lambda receipts: [receipts[0], {"number": 2, "etag": receipts[0]["etag"]}], "wrong_etag"),
    ],
)
def test_parts_that_do_not_match_end_the_upload(
    api: APIClient, tamper: Callable[[list[dict[str, Any]]], list[dict[str, Any]]], code: str
) -> None:
    content = bytes(8 * MB + 10)
    opened = declare(api, content, "image/png")
    receipts = put_parts(opened, content)

    response = complete(api, opened["id"], tamper(receipts))

    assert problem(response) == (422, code)
    assert row(opened["id"]).status == UploadStatus.REFUSED
    assert is_clean(row(opened["id"]))


def test_part_that_was_named_but_never_came_ends_the_upload(api: APIClient) -> None:
    opened = declare(api, bytes(100), "image/png")

    response = complete(api, opened["id"], [{"number": 1, "etag": "0" * 32}])

    assert problem(response) == (422, "missing_part")
    assert is_clean(row(opened["id"]))


@pytest.mark.parametrize(
    ("name", "declared", "code"),
    [
        ("photo.png", "image/jpeg", "wrong_type"),
        ("sound.m4a", "video/mp4", "wrong_type"),
        ("half", "image/jpeg", "truncated"),
    ],
)
def test_file_that_is_not_what_it_says_is_refused_and_gone(
    api: APIClient, samples: dict[str, bytes], name: str, declared: str, code: str
) -> None:
    content = {**samples, "half": samples["photo.jpg"][:800]}[name]
    opened = declare(api, content, declared)

    response = complete(api, opened["id"], put_parts(opened, content))

    assert problem(response) == (422, code)
    assert is_clean(row(opened["id"]))
    shown = api.get(f"/v1/uploads/{opened['id']}").json()
    assert (shown["status"], shown["failure"]) == ("refused", {"code": code, "detail": response.json()["detail"]})
    again = complete(api, opened["id"], [])
    assert problem(again) == (409, "invalid_state")
    assert "refused" in again.json()["detail"]


def test_object_of_another_size_than_declared_is_refused_and_gone(api: APIClient, samples: dict[str, bytes]) -> None:
    content = samples["photo.jpg"]
    opened = declare(api, content, "image/jpeg")
    record = row(opened["id"])
    receipts = put_parts(opened, content)
    bucket.complete_multipart(record.key, record.multipart_id, {1: receipts[0]["etag"]})
    Upload.objects.filter(pk=record.pk).update(size=len(content) + 1)

    assert problem(complete(api, opened["id"], receipts)) == (422, "wrong_size")
    assert is_clean(record)


def test_others_and_the_other_mode_find_nothing(
    api: APIClient, test_api: APIClient, other_api: APIClient, samples: dict[str, bytes]
) -> None:
    ready = upload(api, samples["photo.jpg"], "image/jpeg")

    for stranger in (test_api, other_api):
        for upload_id in (ready["id"], uuid4(), "rubbish", "1"):
            path = f"/v1/uploads/{upload_id}"
            answers = [
                stranger.get(path),
                stranger.delete(path),
                stranger.post(f"{path}/parts"),
                stranger.post(f"{path}/complete", {"parts": []}),
            ]
            assert [problem(answer) for answer in answers] == [(404, "not_found")] * 4
    assert api.get(f"/v1/uploads/{ready['id']}").json() == ready


def test_key_without_the_scope_may_do_nothing(account: Account) -> None:
    reader = client_for(account, scopes=[Scope.GIFTS_READ, Scope.GIFTS_WRITE])
    path = f"/v1/uploads/{uuid4()}"

    for response in (
        reader.post("/v1/uploads", {}),
        reader.get(path),
        reader.delete(path),
        reader.post(f"{path}/parts"),
        reader.post(f"{path}/complete", {}),
    ):
        assert problem(response) == (403, "missing_scope")


@pytest.mark.django_db
def test_no_key_is_401() -> None:
    assert APIClient().post("/v1/uploads", {}).status_code == 401


def test_odd_bodies_are_400(api: APIClient) -> None:
    for body in ("", "[]", "{", "5", '{"size": 1, "size": 2}', '{"filename": "a\\u0000b"}'):
        response = api.generic("POST", "/v1/uploads", body, content_type="application/json")
        assert response.status_code == 400
        assert response["Content-Type"] == "application/problem+json"
