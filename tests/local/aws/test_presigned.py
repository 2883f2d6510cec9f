"""The local AWS takes a presigned URL for what it was signed for, and for nothing else."""

import time
from typing import Any

import pytest

from local.aws.identities import MEDIA_BUCKET
from tests.local.aws.harness import ELSEWHERE, HTTP, answer_to


def changed(url: str, old: str, new: str) -> str:
    assert old in url
    return url.replace(old, new)


def test_a_presigned_url_gives_the_object_and_its_ranges(app: Any, film: dict[str, str]) -> None:
    url = app.generate_presigned_url("get_object", Params={**film, "ResponseContentDisposition": "attachment"})

    whole, part = HTTP.request("GET", url), HTTP.request("GET", url, headers={"Range": "bytes=2-4"})

    assert (whole.status, whole.data, whole.headers["content-type"]) == (200, b"0123456789", "video/mp4")
    assert whole.headers["content-disposition"] == "attachment"
    assert (part.status, part.data, part.headers["content-range"]) == (206, b"234", "bytes 2-4/10")


def test_a_presigned_url_is_refused_once_it_has_expired(app: Any, film: dict[str, str]) -> None:
    url = app.generate_presigned_url("get_object", Params=film, ExpiresIn=1)
    deadline = time.monotonic() + 5
    while (answer := answer_to("GET", url)) == (200, "") and time.monotonic() < deadline:
        time.sleep(0.1)

    assert answer == (403, "AccessDenied")
    assert b"Request has expired" in HTTP.request("GET", url).data


@pytest.mark.parametrize(
    ("old", "new", "refusal"),
    [
        ("Ben", "Eve", (403, "SignatureDoesNotMatch")),
        ("X-Amz-Expires=600", "X-Amz-Expires=601", (403, "SignatureDoesNotMatch")),
        ("X-Amz-Expires=600", "X-Amz-Expires=9999999", (400, "AuthorizationQueryParametersError")),
        ("X-Amz-Expires=600", "X-Amz-Expires=soon", (400, "AuthorizationQueryParametersError")),
        ("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=", (403, "AccessDenied")),
        ("X-Amz-Signature=", "X-Amz-Signature=0", (403, "SignatureDoesNotMatch")),
        ("X-Amz-Signature=", "X-Amz-Signature=é", (403, "SignatureDoesNotMatch")),
        ("X-Amz-Signature=", "X-Amz-Signature=0&X-Amz-Signature=", (400, "AuthorizationQueryParametersError")),
        ("X-Amz-Algorithm=AWS4-HMAC-SHA256&", "", (400, "AuthorizationQueryParametersError")),
        ("Credential=AKIA", "Credential=AKIB", (403, "InvalidAccessKeyId")),
        ("X-Amz-Date=2", "X-Amz-Date=1", (400, "AuthorizationQueryParametersError")),
        ("X-Amz-Expires=600", "X-Amz-Expires=600&response-content-type=text/html", (403, "SignatureDoesNotMatch")),
    ],
)
def test_a_presigned_url_is_refused_when_anything_in_it_is_changed(
    app: Any, film: dict[str, str], old: str, new: str, refusal: tuple[int, str]
) -> None:
    url = app.generate_presigned_url("get_object", Params=film, ExpiresIn=600)

    assert answer_to("GET", changed(url, old, new)) == refusal


def test_a_presigned_get_is_good_for_nothing_else(app: Any, film: dict[str, str]) -> None:
    url = app.generate_presigned_url("get_object", Params=film)

    assert answer_to("PUT", url, body=b"other") == (403, "SignatureDoesNotMatch")
    assert answer_to("DELETE", url) == (403, "SignatureDoesNotMatch")
    assert answer_to("GET", url, headers={"x-amz-meta-more": "1"}) == (403, "AccessDenied")


def test_a_presigned_put_cannot_be_turned_into_a_copy(app: Any, film: dict[str, str]) -> None:
    url = app.generate_presigned_url("put_object", Params={"Bucket": MEDIA_BUCKET, "Key": "uploads/mine"})

    assert answer_to("PUT", url, headers={"x-amz-copy-source": f"{MEDIA_BUCKET}/{film['Key']}"}) == (
        403,
        "AccessDenied",
    )


def test_a_presigned_part_takes_the_signed_length_and_no_other(app: Any) -> None:
    address = ELSEWHERE
    upload = app.create_multipart_upload(**address)["UploadId"]
    part = {**address, "UploadId": upload, "PartNumber": 1, "ContentLength": 5}
    url = app.generate_presigned_url("upload_part", Params=part)

    assert answer_to("PUT", url, body=b"123456") == (403, "SignatureDoesNotMatch")
    assert answer_to("PUT", url, body=b"1234") == (403, "SignatureDoesNotMatch")
    assert answer_to("PUT", changed(url, "partNumber=1", "partNumber=2"), body=b"12345")[0] == 403
    accepted = HTTP.request("PUT", url, body=b"12345", headers={"Origin": "https://shop.example"})
    assert accepted.status == 200
    assert accepted.headers["access-control-expose-headers"] == "ETag"
    parts = [{"PartNumber": 1, "ETag": accepted.headers["etag"]}]
    app.complete_multipart_upload(**address, UploadId=upload, MultipartUpload={"Parts": parts})
    assert app.get_object(**address)["Body"].read() == b"12345"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic Z3Vlc3M6Z3Vlc3M="}])
def test_whoever_signs_nothing_gets_nothing(url: str, film: dict[str, str], headers: dict[str, str]) -> None:
    address = f"{url}/{MEDIA_BUCKET}/{film['Key'].replace(' ', '%20')}"
    for method, target in [("GET", address), ("HEAD", address), ("PUT", address), ("GET", f"{url}/{MEDIA_BUCKET}")]:
        assert answer_to(method, target, headers=headers)[0] == 403


def test_a_browser_may_ask_before_it_uploads(app: Any, film: dict[str, str]) -> None:
    url = app.generate_presigned_url("put_object", Params=film)
    wish = {"Origin": "https://shop.example", "Access-Control-Request-Method": "PUT"}

    answer = HTTP.request("OPTIONS", url, headers=wish)

    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert "PUT" in answer.headers["access-control-allow-methods"]
