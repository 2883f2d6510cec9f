"""Who may do what in the local AWS. `infra/` says the same for the real one."""

import json
from dataclasses import dataclass
from typing import Any, Final

REGION: Final = "ap-southeast-2"
MEDIA_BUCKET = "giftflick-media"
BUCKET_ARN = f"arn:aws:s3:::{MEDIA_BUCKET}"
KEY_TABLE = "giftflick-keys"
TABLE_ARN = f"arn:aws:dynamodb:{REGION}:123456789012:table/{KEY_TABLE}"

APP_USER = "giftflick-app"
RENDERER_USER = "giftflick-renderer"
ROOT_USER = "root"


@dataclass(frozen=True)
class AccessKey:
    id: str
    secret: str


# Exists before all others, to set them up. No secret: it opens nothing but a server on this machine's loopback.
ROOT_KEY = AccessKey("AKIALOCALROOT0000000", "local-root-secret")


def _allow(actions: list[str], resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


POLICIES = {
    ROOT_USER: _policy(_allow(["*"], "*")),
    APP_USER: _policy(
        # s3:HeadBucket is moto's name for what AWS allows by s3:ListBucket.
        _allow(["s3:ListBucket", "s3:HeadBucket"], BUCKET_ARN),
        _allow(
            [
                "s3:GetObject",
                "s3:PutObject",
                "s3:DeleteObject",
                "s3:AbortMultipartUpload",
                "s3:ListMultipartUploadParts",
            ],
            f"{BUCKET_ARN}/*",
        ),
        _allow(["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Scan"], TABLE_ARN),
    ),
    RENDERER_USER: _policy(
        _allow(["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"], f"{BUCKET_ARN}/renders/*"),
    ),
}
