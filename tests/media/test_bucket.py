"""The bucket behind presigned URLs that are verified as S3 verifies them."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from api.exceptions import BackendError
from api.media import bucket
from tests.media.conftest import HTTP, bucket_away, put

HOUR = timedelta(hours=1)


def stored(content: bytes) -> str:
    """The key of a new object."""
    key = f"uploads/tests/{uuid4()}"
    multipart_id = bucket.start_multipart(key, content_type="image/png")
    answer = put(bucket.presigned_part(key, multipart_id, 1, length=len(content), expires_in=HOUR), content)
    bucket.complete_multipart(key, multipart_id, {1: answer.headers["ETag"]})
    return key


def test_object_is_looked_at_and_read_by_range() -> None:
    key = stored(b"0123456789")

    found = bucket.look_at(key)

    assert found is not None
    assert (found.size, found.content_type) == (10, "image/png")
    assert bucket.read_range(key, 2, 3) == b"234"
    assert bucket.read_range(key, 8, 5) == b"89"


def test_presigned_get_serves_the_object_and_nothing_else_does() -> None:
    key = stored(b"film")
    url = bucket.presigned_get(key, expires_in=HOUR)

    assert HTTP.request("GET", url).data == b"film"
    assert HTTP.request("GET", url.partition("?")[0]).status == 403
    assert HTTP.request("GET", url.replace(key, f"{key}x")).status == 403


@pytest.mark.parametrize("content", [b"", b"1234", b"123456"])
def test_part_of_another_length_than_signed_is_refused(content: bytes) -> None:
    key = f"uploads/tests/{uuid4()}"
    multipart_id = bucket.start_multipart(key, content_type="image/png")
    url = bucket.presigned_part(key, multipart_id, 1, length=5, expires_in=HOUR)

    assert put(url, content).status == 403
    assert bucket.uploaded_parts(key, multipart_id) == {}
    assert put(url, b"12345").status == 200
    assert bucket.uploaded_parts(key, multipart_id)[1].size == 5


def test_deleted_object_is_not_there_and_may_be_deleted_again() -> None:
    keys = [stored(b"1"), stored(b"2")]

    bucket.delete(*keys, "uploads/tests/never-there")
    bucket.delete(*keys)

    assert [bucket.look_at(key) for key in keys] == [None, None]
    with pytest.raises(bucket.NoObjectError):
        bucket.read_range(keys[0], 0, 1)


def test_aborted_multipart_is_not_there_and_may_be_aborted_again() -> None:
    key = f"uploads/tests/{uuid4()}"
    multipart_id = bucket.start_multipart(key, content_type="image/png")

    bucket.abort_multipart(key, multipart_id)
    bucket.abort_multipart(key, multipart_id)

    with pytest.raises(bucket.NoMultipartError):
        bucket.uploaded_parts(key, multipart_id)


def test_parts_that_are_not_there_are_refused() -> None:
    key = f"uploads/tests/{uuid4()}"
    multipart_id = bucket.start_multipart(key, content_type="image/png")

    with pytest.raises(bucket.PartsRefusedError):
        bucket.complete_multipart(key, multipart_id, {1: "0" * 32})


def test_absent_bucket_is_a_backend_error_that_names_no_secret() -> None:
    bucket.check()
    calls: list[Callable[[], object]] = [
        bucket.check,
        lambda: bucket.look_at("key"),
        lambda: bucket.read_range("key", 0, 1),
        lambda: bucket.delete("key"),
        lambda: bucket.start_multipart("key", content_type="image/png"),
        lambda: bucket.uploaded_parts("key", "id"),
        lambda: bucket.complete_multipart("key", "id", {}),
        lambda: bucket.abort_multipart("key", "id"),
    ]
    errors = []
    with bucket_away():
        for call in calls:
            with pytest.raises(BackendError) as caught:
                call()
            errors.append(caught.value)

    assert {(error.code, error.retryable) for error in errors} == {("bucket_unavailable", True)}
    assert {error.detail for error in errors} == {
        "The media bucket did not answer as it should (EndpointConnectionError)."
    }


def test_presigned_urls_on_aws_name_the_bucket_in_its_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    bucket.client.cache_clear()
    try:
        url = bucket.presigned_part("uploads/a/b", "id", 1, length=5, expires_in=HOUR)
    finally:
        bucket.client.cache_clear()

    assert ".s3.eu-central-1.amazonaws.com/uploads/a/b?" in url
    assert "X-Amz-Expires=3600" in url
    assert "X-Amz-SignedHeaders=content-length%3Bhost" in url
    assert "checksum" not in url.lower()
