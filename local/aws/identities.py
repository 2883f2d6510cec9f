"""Who may do what in the local AWS: what `infra/data.yaml` lets the function and the renderer do in the real one."""

import json
from dataclasses import dataclass
from typing import Final

from infra.policies import Statement, read_template, statements

REGION: Final = "ap-southeast-2"
ACCOUNT: Final = "123456789012"  # moto's
MEDIA_BUCKET = "giftflick-media"
BUCKET_ARN = f"arn:aws:s3:::{MEDIA_BUCKET}"
KEY_TABLE = "giftflick-keys"
TABLE_ARN = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{KEY_TABLE}"

APP_USER = "giftflick-app"
RENDERER_USER = "giftflick-renderer"
ROOT_USER = "root"


@dataclass(frozen=True)
class AccessKey:
    id: str
    secret: str


# Exists before all others, to set them up. No secret: it opens nothing but a server on this machine's loopback.
ROOT_KEY = AccessKey("AKIALOCALROOT0000000", "local-root-secret")


# What the template's references stand for here. There are no secrets, logs and functions: their ARNs lead nowhere.
NAMES = {
    "Stage": "local",
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "MediaBucket.Arn": BUCKET_ARN,
    "KeyTable.Arn": TABLE_ARN,
    "RendererUser.Arn": f"arn:aws:iam::{ACCOUNT}:user/{RENDERER_USER}",
    "SiteLogs.Arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/giftflick-local:*",
    **{
        secret: f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:giftflick/local/{secret}"
        for secret in ("AppSecret", "DatabaseSecret", "ConsoleSecret", "RendererSecret")
    },
}
TEMPLATE = read_template("data")
ANYTHING: Statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
# What moto asks for where AWS asks for s3:ListBucket, and for s3:DeleteObject of each object of a call.
MOTOS_OWN: Statement = {"Effect": "Allow", "Action": ["s3:HeadBucket", "s3:DeleteObject"], "Resource": BUCKET_ARN}


def _policy(*allowed: Statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(allowed)})


POLICIES = {
    ROOT_USER: _policy(ANYTHING),
    APP_USER: _policy(*statements(TEMPLATE, "FunctionRole", NAMES), MOTOS_OWN),
    RENDERER_USER: _policy(*statements(TEMPLATE, "RendererUser", NAMES)),
}
