"""Secrets in the local Secrets Manager, and a process that reads them."""

import json
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from giftflick import env
from local.aws.identities import REGION, ROOT_KEY
from local.sendgrid.keys import generate
from local.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

MakeSecret = Callable[[Any], str]


@pytest.fixture(scope="session")
def manager(stack: Stack) -> "SecretsManagerClient":
    """As whoever keeps the secrets."""
    return boto3.client(
        "secretsmanager",
        endpoint_url=stack.env["AWS_ENDPOINT_URL"],
        region_name=REGION,
        aws_access_key_id=ROOT_KEY.id,
        aws_secret_access_key=ROOT_KEY.secret,
    )


@pytest.fixture
def make_secret(manager: "SecretsManagerClient") -> Iterator[MakeSecret]:
    """The ARN of a secret with this value: a text as it is, anything else as JSON, None for no value at all."""
    made: list[str] = []

    def make(value: Any) -> str:
        arn = manager.create_secret(Name=f"tests/{os.urandom(8).hex()}")["ARN"]
        made.append(arn)
        if value is not None:
            text = value if isinstance(value, str) else json.dumps(value)
            manager.put_secret_value(SecretId=arn, SecretString=text)
        return arn

    yield make
    for arn in made:
        manager.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)


@pytest.fixture
def forgotten() -> Iterator[None]:
    """What a test's process knows of secrets, the next one's does not."""
    yield
    env.take_secrets({})


def app_secret(**changes: str) -> dict[str, str]:
    """What the stages keep, with values that nothing else has."""
    return {
        "SECRET_KEY": os.urandom(32).hex(),
        "SECRET_KEY_FALLBACKS": "",
        "EDGE_SECRET": "",
        "EDGE_SECRET_NEXT": "",
        "RENDERER_API_KEY": os.urandom(20).hex(),
        "RENDERER_SANDBOX_API_KEY": os.urandom(20).hex(),
        "SENDGRID_API_KEY": f"SG.{os.urandom(20).hex()}",
        "SENDGRID_WEBHOOK_PUBLIC_KEY": generate()[1],
        "MEDIA_KEY_ID": "",
        "MEDIA_PRIVATE_KEY": "",
        "SENTRY_DSN": "",
        **changes,
    }
