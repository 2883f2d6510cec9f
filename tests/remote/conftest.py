"""AWS as the commands meet it on a stage: a prefix for handing over, the renderer's user and secret."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest
from pytest_django import Settings

from giftflick import aws_clients
from local.aws.identities import REGION, ROOT_KEY
from local.stack import Stack
from tests.system import System, url_of_test_database

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_secretsmanager import SecretsManagerClient


class Console:
    """What somebody with AWS's console sees and does."""

    def __init__(self, endpoint_url: str) -> None:
        session = boto3.Session(ROOT_KEY.id, ROOT_KEY.secret, region_name=REGION)
        self.secrets: SecretsManagerClient = session.client("secretsmanager", endpoint_url=endpoint_url)
        self.iam: IAMClient = session.client("iam", endpoint_url=endpoint_url)
        self.stage = f"test-{uuid4().hex}"
        self.prefix = f"giftflick/{self.stage}/handover/"
        self.renderer_user = f"renderer-{self.stage}"
        self.renderer_secret = f"giftflick/{self.stage}/renderer"
        self.iam.create_user(UserName=self.renderer_user)
        self.secrets.create_secret(Name=self.renderer_secret, SecretString="{}")

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HANDOVER_PREFIX": self.prefix,
            "RENDERER_USER": self.renderer_user,
            "RENDERER_SECRET": self.renderer_secret,
        }

    def secret(self, name: str) -> str:
        return self.secrets.get_secret_value(SecretId=name)["SecretString"]

    def handed_over(self) -> dict[str, str]:
        """Every secret of this stage that is there, by name."""
        pages = self.secrets.get_paginator("list_secrets").paginate()
        names = [secret["Name"] for page in pages for secret in page["SecretList"]]
        return {name: self.secret(name) for name in names if name.startswith(self.prefix)}


@pytest.fixture(scope="package")
def system(stack: Stack, django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> System:
    """For programs of their own against the test database."""
    return System(stack, url_of_test_database(stack), tmp_path_factory.mktemp("system"))


@pytest.fixture
def console(stack: Stack) -> Console:
    return Console(stack.env["AWS_ENDPOINT_URL"])


@pytest.fixture
def stage(console: Console, settings: Settings) -> Console:
    """This process is one of the stage's."""
    for name, value in console.environment.items():
        setattr(settings, name, value)
    return console


@pytest.fixture
def aws_away(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Secrets Manager and IAM answer nobody."""
    for client in (aws_clients.secrets_manager, aws_clients.iam):
        client.cache_clear()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL_IAM", "http://127.0.0.1:9")
    yield
    for client in (aws_clients.secrets_manager, aws_clients.iam):
        client.cache_clear()
