"""An AWS account with nothing in it, the vendors, and the commands that a developer runs against them."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import boto3

from infra.stages import PROJECT, Stage
from local.aws.identities import REGION, ROOT_KEY
from local.environment import inherited_environment
from local.errors import LocalError
from local.ports import HOST, free_port
from local.processes import Process
from local.secrets_file import kept_secrets
from local.tls import make_certificate

COMMAND_WITHIN_S = 300
CERTIFICATE = "123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"
VENDORS = ("RENDERER_API_KEY", "RENDERER_SANDBOX_API_KEY", "SENDGRID_API_KEY", "SENDGRID_WEBHOOK_PUBLIC_KEY")


class RehearsalError(LocalError):
    """Something is not as it must be; the message says what."""


class Account:
    """A context manager: on leaving, everything it started has stopped.

    `secrets` are what people bring: the vendors' keys. All that a command said is in `home`/log/commands.log.
    """

    def __init__(self, home: Path, stage: Stage, alias: str) -> None:
        self.home = home
        self.stage = stage
        self.alias = alias
        self.secrets = kept_secrets(home / "secrets.json")
        self.endpoint = ""
        self.renderer_port, self._edge_port, self._sendgrid_port = free_port(), free_port(), free_port()
        self.url = f"https://{HOST}:{self._edge_port}"
        self._certificate = make_certificate(home / "edge.pem", name=alias)
        self.sendgrid_url = f"http://{HOST}:{self._sendgrid_port}"
        self._processes: dict[str, Process] = {}

    def __enter__(self) -> Self:
        os.environ |= self._trust  # for the shop's and the callers' own calls
        try:
            cloud = self.start("cloud", ["local.cloud", "--data", self.home / "cloud"])
            self.endpoint = f"http://{HOST}:{cloud.wait_for_port()}"
            self.start(
                "edge",
                [
                    "local.cloud.edge",
                    "--alias",
                    self.alias,
                    "--port",
                    self._edge_port,
                    "--certificate",
                    self._certificate,
                ],
                self.aws_environment,
            ).wait_for_port()
            self.start_sendgrid()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *raised: object) -> None:
        self.stop()

    def stop(self) -> None:
        while self._processes:
            self._processes.popitem()[1].stop()

    @property
    def aws_environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ROOT_KEY.id,
            "AWS_SECRET_ACCESS_KEY": ROOT_KEY.secret,
        }

    @property
    def mailbox_url(self) -> str:
        return f"{self.sendgrid_url}/mailbox"

    @property
    def inputs(self) -> str:
        """What `make configure` is told; the capacity is not the default, to see whether it arrives."""
        return " ".join(
            [
                f"alias-domain={self.alias} base-url={self.url}",
                f"certificate-arn=arn:aws:acm:us-east-1:{CERTIFICATE}",
                f"regional-certificate-arn=arn:aws:acm:{REGION}:{CERTIFICATE}",
                "ops-email=ops@giftflick.example 'mail-from=Giftflick <gifts@giftflick.example>'",
                f"renderer-url=http://{HOST}:{self.renderer_port} sendgrid-url={self.sendgrid_url}",
                "database-max-capacity=3 reserved-concurrency=4",
            ]
        )

    def start(
        self, name: str, module: Sequence[str | Path | int], environment: Mapping[str, str] | None = None
    ) -> Process:
        """`python -m MODULE …`, in place of what ran under this name before."""
        if name in self._processes:
            self._processes.pop(name).stop()
        process = Process(
            name,
            [sys.executable, "-m", *map(str, module)],
            log=self.home / "log" / f"{name}.log",
            env={**inherited_environment(), **self._trust, **(environment or {})},
            cwd=PROJECT,
        )
        process.start()
        self._processes[name] = process
        return process

    def start_sendgrid(self) -> None:
        """With the key that `secrets` has now; the mailbox stays."""
        self.start(
            "sendgrid",
            ["local.sendgrid", "--port", self._sendgrid_port, "--data", self.home / "sendgrid"],
            {
                "SENDGRID_API_KEY": self.secrets["SENDGRID_API_KEY"],
                "SENDGRID_WEBHOOK_PRIVATE_KEY": self.secrets["SENDGRID_WEBHOOK_PRIVATE_KEY"],
                "SENDGRID_WEBHOOK_URL": f"{self.url}/hooks/sendgrid",
            },
        ).wait_for_port()

    def start_renderer(self) -> None:
        """With the access key that a command put into Secrets Manager for it."""
        key = json.loads(self.secret("renderer"))
        self.start(
            "renderer",
            ["local.renderer", "--port", self.renderer_port],
            {
                "AWS_ENDPOINT_URL": self.endpoint,
                "RENDERER_AWS_ACCESS_KEY_ID": key["access_key_id"],
                "RENDERER_AWS_SECRET_ACCESS_KEY": key["secret_access_key"],
                "RENDERER_API_KEY": self.secrets["RENDERER_API_KEY"],
                "RENDERER_SANDBOX_API_KEY": self.secrets["RENDERER_SANDBOX_API_KEY"],
            },
        ).wait_for_port()

    def run(self, *arguments: str, typed: str = "", checkout: Path = PROJECT) -> str:
        """What `python -m ARGUMENTS…` says; `typed` is its stdin. Raises RehearsalError if it fails."""
        code, said = self._run(arguments, typed, checkout)
        if code:
            raise RehearsalError(f"{' '.join(arguments)[:120]} ended with {code}: {_last_line(said)}")
        return said

    def refused(self, *arguments: str, words: str, typed: str = "", checkout: Path = PROJECT) -> None:
        """Raises RehearsalError unless it fails, and its last line has `words` in it and is its only red one."""
        code, said = self._run(arguments, typed, checkout)
        if code == 0 or words not in _last_line(said) or "Traceback" in said:
            raise RehearsalError(
                f"{' '.join(arguments)[:120]} ended with {code}, not refusing {words!r}: {_last_line(said)}"
            )

    def refused_remotely(self, *arguments: str, words: str) -> None:
        """Raises RehearsalError unless Zappa fails, and the function's own reason has `words` in it."""
        code, said = self._run(["zappa.cli", *arguments], "", PROJECT)
        if code == 0 or words not in said:
            raise RehearsalError(f"zappa {' '.join(arguments)} ended with {code}, not refusing {words!r}")

    def infra(self, command: str, *arguments: str, typed: str = "", checkout: Path = PROJECT) -> str:
        """One of the Makefile's commands on AWS, on this account's stage."""
        return self.run(f"infra.{command}", "--stage", self.stage.name, *arguments, typed=typed, checkout=checkout)

    def manage(self, line: str, *, by: str = "manage") -> dict[str, Any]:
        """The JSON object that `zappa manage STAGE LINE` ends with."""
        said = self.run("zappa.cli", by, self.stage.name, line)
        for text in reversed(said.splitlines()):
            if text.startswith("{"):
                answer: dict[str, Any] = json.loads(text)
                if "level" not in answer and "_aws" not in answer:
                    return answer
        raise RehearsalError(f"zappa {by} {line.split()[0]} ended without a JSON object")

    def client(self, service: str, region: str = REGION) -> Any:
        session = boto3.Session(ROOT_KEY.id, ROOT_KEY.secret, region_name=region)
        return session.client(service, endpoint_url=self.endpoint)  # type: ignore[call-overload]

    def secret(self, name: str) -> str:
        name = name if name.startswith("giftflick/") else self.stage.secret(name)
        return str(self.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])

    def output(self, name: str) -> str:
        """What a stack put out."""
        return str(self.client("ssm").get_parameter(Name=self.stage.output(name))["Parameter"]["Value"])

    @property
    def _trust(self) -> dict[str, str]:
        """Whom OpenSSL believes."""
        return {"SSL_CERT_FILE": str(self._certificate)}

    def _run(self, arguments: Sequence[str], typed: str, checkout: Path) -> tuple[int, str]:
        environment = {
            **inherited_environment(),
            **self.aws_environment,
            **self._trust,
            "GIFTFLICK_VIA": self.url,
            "NO_COLOR": "1",
            "PYTHONUNBUFFERED": "1",
        }
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=checkout,
            env=environment,
            input=typed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_WITHIN_S,
            check=False,
        )
        with (self.home / "log" / "commands.log").open("a") as log:
            log.write(f"$ python -m {' '.join(arguments)}\n{done.stdout}exit code {done.returncode}\n\n")
        return done.returncode, done.stdout


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1][:400] if lines else "it said nothing"
