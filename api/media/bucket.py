"""The media bucket: everything Giftflick asks of S3.

boto3 reads region, credentials and endpoint from its own environment (AWS_DEFAULT_REGION, AWS_ENDPOINT_URL, …). Nothing
here may be called inside a transaction. Whatever goes wrong is a BackendError, except that something is not there.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings

from api.exceptions import BackendError
from giftflick.vendor_calls import aws_call

if TYPE_CHECKING:
    from botocore.config import Config
    from mypy_boto3_s3 import S3Client

DELETED_AT_ONCE = 1000  # S3's limit for one call


class NoObjectError(Exception):
    """There is no object under this key."""


class NoMultipartError(Exception):
    """The multipart upload is not there: completed, aborted, or never begun."""


class PartsRefusedError(Exception):
    """The parts in the bucket are not the ones that were named."""


@dataclass(frozen=True)
class StoredObject:
    size: int
    content_type: str
    etag: str


@dataclass(frozen=True)
class Part:
    etag: str
    size: int


@cache
def client() -> "S3Client":
    """One for each process; whoever points AWS elsewhere afterwards calls `client.cache_clear()`."""
    import boto3

    return boto3.Session().client("s3", config=config())


def config() -> "Config":
    """Two tries, together shorter than a request may take, also when S3 takes the connection and says nothing."""
    from botocore.config import Config

    return Config(
        signature_version="s3v4",
        s3={"addressing_style": "virtual"},  # else presigned URLs name the global endpoint, which redirects
        request_checksum_calculation="when_required",  # what a browser puts has no checksum
        response_checksum_validation="when_required",
        connect_timeout=3,
        read_timeout=8,
        retries={"mode": "standard", "total_max_attempts": 2},
        max_pool_connections=20,
    )


def check() -> None:
    """Raises BackendError unless the bucket answers."""
    with translated("list_objects"):
        client().list_objects_v2(Bucket=settings.MEDIA_BUCKET, MaxKeys=1)


def look_at(key: str) -> StoredObject | None:
    """None when it is not there."""
    try:
        with translated("head_object", {"404": NoObjectError}):
            head = client().head_object(Bucket=settings.MEDIA_BUCKET, Key=key)
    except NoObjectError:
        return None
    return StoredObject(size=head["ContentLength"], content_type=head["ContentType"], etag=bare(head["ETag"]))


def read_range(key: str, start: int, length: int) -> bytes:
    """Fewer bytes than `length` where the object ends; NoObjectError when it is not there."""
    with translated("get_object", {"NoSuchKey": NoObjectError}):
        answer = client().get_object(Bucket=settings.MEDIA_BUCKET, Key=key, Range=f"bytes={start}-{start + length - 1}")
        return answer["Body"].read()


def delete(*keys: str) -> None:
    """Keys that are not there count as deleted."""
    for first in range(0, len(keys), DELETED_AT_ONCE):
        with translated("delete_objects"):
            answer = client().delete_objects(
                Bucket=settings.MEDIA_BUCKET,
                Delete={"Objects": [{"Key": key} for key in keys[first : first + DELETED_AT_ONCE]], "Quiet": True},
            )
        if answer.get("Errors"):
            raise _unavailable(answer["Errors"][0].get("Code", "unknown"))


def presigned_get(key: str, *, expires_in: timedelta, name: str = "", content_type: str = "") -> str:
    """With `name`, a browser saves it under that, as `content_type`, instead of showing it."""
    saved = {"ResponseContentDisposition": f'attachment; filename="{name}"', "ResponseContentType": content_type}
    with translated(None):
        return client().generate_presigned_url(
            "get_object",
            Params={"Bucket": settings.MEDIA_BUCKET, "Key": key, **(saved if name else {})},
            ExpiresIn=round(expires_in.total_seconds()),
        )


def presigned_put(key: str, *, length: int, expires_in: timedelta) -> str:
    """A URL to PUT exactly `length` bytes to: the length is signed."""
    with translated(None):
        return client().generate_presigned_url(
            "put_object",
            Params={"Bucket": settings.MEDIA_BUCKET, "Key": key, "ContentLength": length},
            ExpiresIn=round(expires_in.total_seconds()),
        )


def start_multipart(key: str, *, content_type: str) -> str:
    with translated("create_multipart_upload"):
        answer = client().create_multipart_upload(Bucket=settings.MEDIA_BUCKET, Key=key, ContentType=content_type)
        return answer["UploadId"]


def presigned_part(key: str, multipart_id: str, number: int, *, length: int, expires_in: timedelta) -> str:
    """A URL to PUT exactly `length` bytes to: the length is signed."""
    with translated(None):
        return client().generate_presigned_url(
            "upload_part",
            Params={
                "Bucket": settings.MEDIA_BUCKET,
                "Key": key,
                "UploadId": multipart_id,
                "PartNumber": number,
                "ContentLength": length,
            },
            ExpiresIn=round(expires_in.total_seconds()),
        )


def uploaded_parts(key: str, multipart_id: str) -> dict[int, Part]:
    """The parts that are there by number, the first thousand; NoMultipartError when the multipart is not."""
    with translated("list_parts", {"NoSuchUpload": NoMultipartError}):
        answer = client().list_parts(Bucket=settings.MEDIA_BUCKET, Key=key, UploadId=multipart_id)
    return {part["PartNumber"]: Part(etag=bare(part["ETag"]), size=part["Size"]) for part in answer.get("Parts", [])}


def complete_multipart(key: str, multipart_id: str, etags: Mapping[int, str]) -> None:
    """Join the parts into the object. PartsRefusedError leaves the multipart as it was."""
    refused = dict.fromkeys(("InvalidPart", "InvalidPartOrder", "EntityTooSmall"), PartsRefusedError)
    with translated("complete_multipart_upload", {"NoSuchUpload": NoMultipartError, **refused}):
        client().complete_multipart_upload(
            Bucket=settings.MEDIA_BUCKET,
            Key=key,
            UploadId=multipart_id,
            MultipartUpload={"Parts": [{"PartNumber": number, "ETag": etag} for number, etag in sorted(etags.items())]},
        )


def abort_multipart(key: str, multipart_id: str) -> None:
    """Remove the parts; one that was completed or aborted already is fine."""
    try:
        with translated("abort_multipart_upload", {"NoSuchUpload": NoMultipartError}):
            client().abort_multipart_upload(Bucket=settings.MEDIA_BUCKET, Key=key, UploadId=multipart_id)
    except NoMultipartError:
        return


def bare(etag: str) -> str:
    """S3 quotes ETags in headers, and callers pass them on with or without."""
    return etag.strip('"')


@contextmanager
def translated(call: str | None, expected: Mapping[str, type[Exception]] | None = None) -> Iterator[None]:
    """Around a call of S3, ours or Django's storage's: log it, None being none, and turn botocore's errors into
    ours; `expected` maps S3's error codes."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        with aws_call("s3", call) if call else nullcontext():
            yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        if expected and code in expected:
            raise expected[code] from error
        raise _unavailable(code) from error
    except BotoCoreError as error:
        raise _unavailable(type(error).__name__) from error


def _unavailable(reason: str) -> BackendError:
    return BackendError(
        "bucket_unavailable", f"The media bucket did not answer as it should ({reason}).", retryable=True
    )
