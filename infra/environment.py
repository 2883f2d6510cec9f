"""What the site's function is told: variables, role, network, bucket, layers, concurrency; references, never a secret.

The one place that makes it, from the stage's inputs and the stacks' outputs in SSM.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from infra.stages import DeployError, Stage

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

OUTPUTS = "outputs/"
UNSET = "-"  # SSM keeps no empty value
DEV = "dev"
# A database that sleeps, which only dev's does, needs about 15 s to wake.
CONNECT_TIMEOUT_S = {DEV: 25}
ELSE_CONNECT_TIMEOUT_S = 5


@dataclass(frozen=True)
class Parameters:
    """A stage's parameters by their short names: what people chose, and what the stacks made."""

    inputs: Mapping[str, str]
    outputs: Mapping[str, str]


@dataclass(frozen=True)
class Environment:
    variables: dict[str, str]
    role: str
    subnets: list[str]
    security_groups: list[str]
    code_bucket: str
    layers: list[str]
    concurrency: int


def read_parameters(stage: Stage, ssm: "SSMClient") -> Parameters:
    """All of the stage's parameters by one (paginated) call. Lets botocore's errors through."""
    found: dict[str, str] = {}
    path = stage.parameter("")
    for page in ssm.get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True):
        found.update((entry["Name"].removeprefix(path), entry["Value"]) for entry in page["Parameters"])
    return Parameters(
        inputs={name: value for name, value in found.items() if not name.startswith(OUTPUTS)},
        outputs={name.removeprefix(OUTPUTS): value for name, value in found.items() if name.startswith(OUTPUTS)},
    )


def make_environment(stage: Stage, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> Environment:
    """Raises DeployError that names the first parameter that is missing or makes no sense, and what sets it."""
    read = _Reader(stage, inputs, outputs)
    extension = read.optional("secrets-extension")
    return Environment(
        variables=_variables(stage, read, has_extension=extension is not None),
        role=read.output("FunctionRole"),
        subnets=list(_words(read.output("PrivateSubnetIds"))),
        security_groups=[read.output("FunctionSecurityGroupId")],
        code_bucket=read.output("CodeBucket"),
        layers=[extension] if extension else [],
        concurrency=read.count("reserved-concurrency"),
    )


def _variables(stage: Stage, read: "_Reader", *, has_extension: bool) -> dict[str, str]:
    domain = read.input("alias-domain")
    base_url = read.optional("base-url") or f"https://{domain}"
    variables = {
        "DJANGO_SETTINGS_MODULE": "giftflick.settings",
        "PYTHONDONTWRITEBYTECODE": "1",  # there is no place to write it
        "STAGE": stage.name,
        "BASE_URL": base_url,
        "ALLOWED_HOSTS": ",".join(dict.fromkeys([domain, urlsplit(base_url).hostname or domain])),
        "MEDIA_BUCKET": read.output("MediaBucket"),
        "MEDIA_URL": f"{base_url}/media",
        "KEY_TABLE": read.output("KeyTable"),
        "APP_SECRET": read.output("AppSecret"),
        "DATABASE_SECRET": read.output("DatabaseSecret"),
        "CONSOLE_DATABASE_SECRET": read.output("ConsoleSecret"),
        "DATABASE_CONNECT_TIMEOUT_S": str(CONNECT_TIMEOUT_S.get(stage.name, ELSE_CONNECT_TIMEOUT_S)),
        "MAIL_FROM": read.input("mail-from"),
        "SENDGRID_URL": read.input("sendgrid-url"),
        "RENDERER_URL": read.input("renderer-url"),
        "RENDERER_USER": read.output("RendererUser"),
        "RENDERER_SECRET": read.output("RendererSecret"),
        "HANDOVER_PREFIX": stage.secret("handover/"),
        "WAKE_FUNCTION": stage.function,
    }
    if has_extension:
        # The code keeps secrets itself, and asks again when one is refused: the extension must not answer with the old.
        variables["PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED"] = "false"
    return variables


class _Reader:
    def __init__(self, stage: Stage, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> None:
        self._stage = stage
        self._inputs = inputs
        self._outputs = outputs

    def input(self, name: str) -> str:
        value = self._inputs.get(name, UNSET)
        if value == UNSET:
            raise DeployError(f"{self._stage.parameter(name)} is not set: {self._remedy(name, '…')}")
        return value

    def optional(self, name: str) -> str | None:
        value = self._inputs.get(name, UNSET)
        return None if value == UNSET else value

    def count(self, name: str) -> int:
        value = self.input(name)
        if not (value.isascii() and value.isdigit()) or int(value) < 1:
            name_and_value = f"{self._stage.parameter(name)} is {value!r}"
            raise DeployError(f"{name_and_value}, which is no number from 1 on: {self._remedy(name, '10')}")
        return int(value)

    def output(self, name: str) -> str:
        value = self._outputs.get(name)
        if not value:
            stage = self._stage
            raise DeployError(f"{stage.output(name)} is not there: `make deploy STAGE={stage.name}` makes it")
        return value

    def _remedy(self, name: str, value: str) -> str:
        return f'set it with `make configure STAGE={self._stage.name} SET="{name}={value}"`'


def _words(text: str) -> Iterator[str]:
    return (word.strip() for word in text.split(",") if word.strip())
