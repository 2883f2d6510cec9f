"""What goes into the stage's buckets: code by the digest of its bytes, static files by their hashed names."""

import hashlib
import mimetypes
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from botocore.exceptions import ClientError

from infra.aws import Aws
from infra.aws_errors import code_of
from infra.functions import Code

FOR_EVER = "public, max-age=31536000, immutable"
STATIC_PREFIX = "static/"
UPLOADS_AT_ONCE = 8


def code_key(kind: str, digest: str) -> str:
    return f"{kind}/{digest}.zip"


def digest_of(archive: Path) -> str:
    with archive.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def upload_code(aws: Aws, bucket: str, kind: str, archive: Path, release: str) -> str:
    """Upload the zip unless the same one is there, and return its key. What is there of earlier releases stays."""
    key = code_key(kind, digest_of(archive))
    if _release_at(aws, bucket, key) is None:
        aws.s3.upload_file(str(archive), bucket, key, ExtraArgs={"Metadata": {"release": release}})
    return key


def release_of(aws: Aws, bucket: str, code: Code) -> str | None:
    """The release that a function's code is; None if its zip is no longer in the bucket."""
    return _release_at(aws, bucket, code_key("site", code.hex))


def upload_static(aws: Aws, bucket: str, folder: Path) -> int:
    """Upload the files that are not there yet and return their number; none is removed, old pages still name them."""
    pages = aws.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=STATIC_PREFIX)
    there = {item["Key"] for page in pages for item in page.get("Contents", [])}
    files = {STATIC_PREFIX + file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}
    missing = [key for key in files if key not in there]

    def upload(key: str) -> None:
        kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
        aws.s3.upload_file(str(files[key]), bucket, key, ExtraArgs={"ContentType": kind, "CacheControl": FOR_EVER})

    with ThreadPoolExecutor(UPLOADS_AT_ONCE) as pool:
        list(pool.map(upload, missing))
    return len(missing)


def _release_at(aws: Aws, bucket: str, key: str) -> str | None:
    try:
        metadata = aws.s3.head_object(Bucket=bucket, Key=key)["Metadata"]
    except ClientError as error:
        if code_of(error) in {"404", "NoSuchKey", "NotFound"}:
            return None
        raise
    return {name.lower(): value for name, value in metadata.items()}.get("release", "")  # a header's name has no case
