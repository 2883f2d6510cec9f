"""Copies a finished film and its poster into the customer's bucket by S3 multipart upload.

Every object goes up by CreateMultipartUpload, UploadPart and CompleteMultipartUpload, and a failed one is aborted: the
renderer's IAM user may do that and nothing else.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.renderer.edits import S3Options

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

PART_BYTES = 8 * 1024 * 1024
POSTER_SUFFIX = "-poster"


class DestinationError(Exception):
    """A copy that did not arrive; the text is what the serve callback says."""


@dataclass(frozen=True)
class Credentials:
    """The renderer's own IAM user; `endpoint_url` is None on AWS itself."""

    access_key_id: str
    secret_access_key: str
    endpoint_url: str | None = None


def copy_to_s3(options: S3Options, credentials: Credentials, film: Path, poster: Path | None, default_name: str) -> str:
    """Upload the poster, then the film, so that whoever sees the film finds its poster. Returns the film's URL."""
    client = _client(options.region, credentials)
    folder = f"{options.prefix.strip('/')}/" if options.prefix.strip("/") else ""
    stem = f"{folder}{options.filename or default_name}"
    try:
        if poster:
            _upload(client, options, f"{stem}{POSTER_SUFFIX}.jpg", poster, "image/jpeg")
        _upload(client, options, f"{stem}.mp4", film, "video/mp4")
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "Unknown")
        raise DestinationError(f"The file could not be copied to the bucket {options.bucket}: {code}") from None
    except BotoCoreError as error:
        reason = type(error).__name__
        raise DestinationError(f"The file could not be copied to the bucket {options.bucket}: {reason}") from None
    return f"https://s3.{options.region}.amazonaws.com/{options.bucket}/{stem}.mp4"


def _client(region: str, credentials: Credentials) -> "S3Client":
    config = Config(
        connect_timeout=5,
        read_timeout=30,
        retries={"mode": "standard", "max_attempts": 3},
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.client(
        "s3",
        region_name=region,
        endpoint_url=credentials.endpoint_url,
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key,
        config=config,
    )


def _upload(client: "S3Client", options: S3Options, key: str, path: Path, content_type: str) -> None:
    # An ACL needs a permission of its own, so none is named unless the edit does.
    acl: dict[str, Any] = {"ACL": options.acl} if options.acl else {}
    upload = client.create_multipart_upload(Bucket=options.bucket, Key=key, ContentType=content_type, **acl)
    upload_id = upload["UploadId"]
    try:
        parts: list[CompletedPartTypeDef] = []
        with path.open("rb") as file:
            for number, chunk in enumerate(iter(lambda: file.read(PART_BYTES), b""), start=1):
                part = client.upload_part(
                    Bucket=options.bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=chunk
                )
                parts.append({"PartNumber": number, "ETag": part["ETag"]})
        client.complete_multipart_upload(
            Bucket=options.bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": parts}
        )
    except (ClientError, BotoCoreError):
        client.abort_multipart_upload(Bucket=options.bucket, Key=key, UploadId=upload_id)
        raise
