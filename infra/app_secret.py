"""The secret `app` of a stage: one JSON object of strings, made by the data stack, filled here and by people."""

import base64
import binascii
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from infra.aws_errors import code_of
from infra.stages import DeployError, Stage

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

ABSENT = frozenset({"ResourceNotFoundException"})


@dataclass(frozen=True)
class Given:
    """A value that a person brings: where from, and whether it looks like one."""

    source: str
    is_valid: Callable[[str], bool]
    is_required: bool = True


def _looks_like(pattern: str) -> Callable[[str], bool]:
    return lambda value: re.fullmatch(pattern, value) is not None


def _is_webhook_key(value: str) -> bool:
    try:
        key = load_der_public_key(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return False
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)


GIVEN = {
    "RENDERER_API_KEY": Given("the renderer's dashboard, its production key", _looks_like(r"[\w-]{10,200}")),
    "RENDERER_SANDBOX_API_KEY": Given("the renderer's dashboard, its sandbox key", _looks_like(r"[\w-]{10,200}")),
    "SENDGRID_API_KEY": Given("SendGrid, Settings, API keys: SG.…", _looks_like(r"SG\.[\w.-]{10,200}")),
    "SENDGRID_WEBHOOK_PUBLIC_KEY": Given("SendGrid, Settings, Mail settings, signed event webhook", _is_webhook_key),
    "SENTRY_DSN": Given(
        "Sentry, the project's client keys: https://…@…/1",
        _looks_like(r"(https://\w+@[\w.:-]+/\d+)?"),
        is_required=False,
    ),
}
GENERATED: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(64),
    "EDGE_SECRET": lambda: secrets.token_urlsafe(32),
}
MEDIA = ("MEDIA_KEY_ID", "MEDIA_PRIVATE_KEY")  # a pair: CloudFront knows the public half by the id
NAMES = (*GENERATED, *MEDIA, *GIVEN, "SECRET_KEY_FALLBACKS", "EDGE_SECRET_NEXT")

Values = dict[str, str]


class AppSecret:
    """Reads and writes it as a whole. Whoever writes holds the stage's lock: two writers would undo each other."""

    def __init__(self, client: "SecretsManagerClient", stage: Stage) -> None:
        self.name = stage.secret("app")
        self._client = client
        self.stage = stage

    def exists(self) -> bool:
        """Whether the data stack has made it."""
        try:
            self._client.describe_secret(SecretId=self.name)
        except ClientError as error:
            if code_of(error) in ABSENT:
                return False
            raise
        return True

    def read(self, version: str | None = None) -> Values | None:
        """All values, of the current version or that one; None if there is none.

        Raises DeployError, with nothing of it, if it is no JSON.
        """
        try:
            if version is None:
                text = self._client.get_secret_value(SecretId=self.name)["SecretString"]
            else:
                text = self._client.get_secret_value(SecretId=self.name, VersionId=version)["SecretString"]
        except ClientError as error:
            if code_of(error) in ABSENT:
                return None
            raise
        try:
            values = json.loads(text)
        except ValueError:
            values = None
        if not isinstance(values, dict):
            raise DeployError(f"the secret {self.name} is no JSON object: mend it in the Secrets Manager console")
        return {str(name): str(value) for name, value in values.items()}

    def current(self) -> Values:
        """All values. Raises DeployError before the first deploy."""
        if not self.exists():
            stage = self.stage.name
            raise DeployError(
                f"there is no secret {self.name} yet: make deploy STAGE={stage} makes it, and asks for it"
            )
        return self.read() or {}

    def current_version(self) -> str:
        return self._client.get_secret_value(SecretId=self.name)["VersionId"]

    def write(self, values: Values) -> str:
        """Replace all values at once; the new version's id."""
        text = json.dumps(values)
        return self._client.put_secret_value(SecretId=self.name, SecretString=text)["VersionId"]

    def fill_generated(self) -> bool:
        """Give every value that needs no person one, if it has none; whether anything was lacking."""
        values = self.current()
        filled = {**dict.fromkeys(NAMES, ""), **values}
        for name, generate in GENERATED.items():
            filled[name] = filled[name] or generate()
        if filled == values:
            return False
        self.write(filled)
        return True

    def set(self, name: str, value: str) -> None:
        """Raises DeployError, without the value, if it is not one that a person brings, or does not look like one."""
        given = GIVEN.get(name)
        if given is None:
            raise DeployError(f"{name!r} is none of {', '.join(GIVEN)}: NAME= chooses one")
        if not given.is_valid(value):
            raise DeployError(f"that does not look like a {name} ({given.source}); nothing was changed")
        self.write({**self.current(), name: value})

    def lacking(self) -> list[str]:
        """What people still have to bring."""
        values = self.current()
        return [name for name, given in GIVEN.items() if given.is_required and not values.get(name)]
