"""Files that do not arrive as they were announced."""

import socket
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest

from local.samples import sample_photo
from local.shop import Json
from local.stack import Stack
from tests.e2e.asking import ask
from tests.e2e.conftest import Product

PART = 8 * 1024 * 1024
JPEG = b"\xff\xd8\xff\xe0"


class Bucket:
    """What it holds of an upload."""

    def __init__(self, stack: Stack) -> None:
        self._s3 = boto3.client(
            "s3",
            endpoint_url=stack.env["AWS_ENDPOINT_URL"],
            region_name=stack.env["AWS_DEFAULT_REGION"],
            aws_access_key_id=stack.env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=stack.env["AWS_SECRET_ACCESS_KEY"],
        )

    def has_object(self, upload: Json) -> bool:
        address = self._address(upload)
        return "Contents" in self._s3.list_objects_v2(Bucket=address["Bucket"], Prefix=address["Key"])

    def has_parts(self, upload: Json) -> bool:
        try:
            self._s3.list_parts(**self._address(upload))  # type: ignore[arg-type]
        except self._s3.exceptions.NoSuchUpload:
            return False
        return True

    def _address(self, upload: Json) -> dict[str, str]:
        """As the URL of its first part has it."""
        url = urlsplit(upload["parts"][0]["url"])
        bucket, _, key = url.path.lstrip("/").partition("/")
        return {"Bucket": bucket, "Key": key, "UploadId": parse_qs(url.query)["uploadId"][0]}


@pytest.fixture(scope="module")
def bucket(stack: Stack) -> Bucket:
    return Bucket(stack)


def announce(product: Product, size: int) -> Json:
    announcement = {"filename": "cake.jpg", "content_type": "image/jpeg", "size": size}
    return product.shop.call("POST", "/v1/uploads", announcement)


def put(part: Json, content: bytes) -> Json:
    """The part's receipt."""
    answer = ask(part["url"], method="PUT", body=content)
    assert answer.status == 200, answer.data
    return {"number": part["number"], "etag": answer.headers["ETag"]}


def put_half(part: Json, content: bytes) -> None:
    """Announce the whole part, send half of it, and lose the connection."""
    url = urlsplit(part["url"])
    head = f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: {len(content)}\r\n\r\n"
    with socket.create_connection((url.hostname or "", url.port or 80)) as connection:
        connection.sendall(head.encode() + content[: len(content) // 2])


def complete(product: Product, upload: Json, receipts: list[Json]) -> tuple[int, str]:
    """Status and, if it was refused, the code; else the upload's status."""
    url = f"{product.shop.base_url}/v1/uploads/{upload['id']}/complete"
    answer = ask(url, method="POST", key=product.access.api_key, body={"parts": receipts})
    body = answer.json()
    return answer.status, body["code"] if answer.status >= 300 else body["status"]


def look(product: Product, upload: Json) -> Json:
    return product.shop.call("GET", f"/v1/uploads/{upload['id']}")


def test_a_part_that_was_cut_off_is_asked_for_again_and_then_all_is_well(
    product: Product, bucket: Bucket, tmp_path: Path
) -> None:
    photo = sample_photo(tmp_path / "cake.jpg").read_bytes()
    upload = announce(product, len(photo))
    put_half(upload["parts"][0], photo)

    missing = product.shop.call("POST", f"/v1/uploads/{upload['id']}/parts")["parts"]
    outcome = complete(product, upload, [put(part, photo) for part in missing])

    assert ([part["number"] for part in missing], outcome) == ([1], (200, "ready"))
    assert (bucket.has_object(upload), bucket.has_parts(upload)) == (True, False)


@pytest.mark.parametrize("is_begun", [False, True], ids=["never-sent", "cut-off"])
def test_an_upload_completed_without_a_part_is_refused_and_nothing_of_it_stays(
    product: Product, bucket: Bucket, is_begun: bool
) -> None:
    first, last = JPEG.ljust(PART, b"\0"), bytes(1000)
    upload = announce(product, len(first) + len(last))
    receipt = put(upload["parts"][0], first)
    if is_begun:
        put_half(upload["parts"][1], last)

    outcome = complete(product, upload, [receipt, {"number": 2, "etag": receipt["etag"]}])

    assert outcome == (422, "missing_part")
    assert (look(product, upload)["status"], look(product, upload)["failure"]) == (
        "refused",
        {"code": "missing_part", "detail": "Part 2 of 2 is missing."},
    )
    assert (bucket.has_object(upload), bucket.has_parts(upload)) == (False, False)


def test_a_whole_file_of_another_type_is_refused_and_nothing_of_it_stays(product: Product, bucket: Bucket) -> None:
    content = b"%PDF-1.7".ljust(1000)
    upload = announce(product, len(content))

    outcome = complete(product, upload, [put(upload["parts"][0], content)])

    assert outcome == (422, "wrong_type")
    assert look(product, upload)["failure"] == {"code": "wrong_type", "detail": "The file is not a JPEG picture."}
    assert (bucket.has_object(upload), bucket.has_parts(upload)) == (False, False)
