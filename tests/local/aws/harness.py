"""A local AWS of a test's own, and what calls it."""

import sys
from pathlib import Path
from typing import Any

import boto3
import urllib3
from botocore.config import Config

from local.aws.identities import MEDIA_BUCKET, REGION, AccessKey
from local.ports import HOST
from local.processes import Process

RENDER = {"Bucket": MEDIA_BUCKET, "Key": "renders/Käthe & Ben+1.mp4"}  # needs quoting in a URL
ELSEWHERE = {"Bucket": MEDIA_BUCKET, "Key": "uploads/clip.mp4"}
BUCKET = {"Bucket": MEDIA_BUCKET}
PART = b"p" * (5 * 1024 * 1024)  # S3's smallest, but for the last one
HTTP = urllib3.PoolManager(retries=False, timeout=20)


def start_aws(folder: Path) -> tuple[Process, str]:
    process = Process("aws", [sys.executable, "-m", "local.aws", "--data", folder / "data"], log=folder / "aws.log")
    process.start()
    return process, f"http://{HOST}:{process.wait_for_port()}"


def client(service: str, url: str, key: AccessKey) -> Any:
    config = Config(signature_version="s3v4" if service == "s3" else "v4", retries={"total_max_attempts": 1})
    make: Any = boto3.client  # its typed overloads want the service's name literally
    return make(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=key.id,
        aws_secret_access_key=key.secret,
        config=config,
    )


def answer_to(method: str, url: str, **options: Any) -> tuple[int, str]:
    """Status and, of an error, S3's code."""
    answer = HTTP.request(method, url, **options)
    _, _, rest = answer.data.decode(errors="replace").partition("<Code>")
    return answer.status, rest.partition("</Code>")[0]
