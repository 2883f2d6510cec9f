"""An AWS account of a test's own, with nothing in it.

`empty_account` is moto in this process, so that a test can put a stack in any state; `local_cloud` is what we deploy to
on a laptop, which makes what a template says.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import urllib3
from moto.cloudformation.models import CloudFormationBackend, Stack, cloudformation_backends
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.server import ThreadedMotoServer

from infra.aws import Aws
from infra.stages import PROJECT, Stage
from local.environment import inherited_environment
from local.processes import Process

DEV = Stage("dev", "ap-southeast-2", "python3.11")
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-a-secret"}


@contextmanager
def empty_account() -> Iterator[str]:
    """The URL of an AWS with nothing in it."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    urllib3.request("POST", f"{url}/moto-api/reset", timeout=30)
    try:
        yield url
    finally:
        server.stop()


@contextmanager
def local_cloud(folder: Path) -> Iterator[str]:
    """The URL of an AWS with nothing in it."""
    log = folder / "cloud.log"
    cloud = Process("AWS", [sys.executable, "-m", "local.cloud", "--data", folder / "cloud"], log=log, cwd=PROJECT)
    cloud.start()
    try:
        yield f"http://127.0.0.1:{cloud.wait_for_port()}"
    finally:
        cloud.stop()


def environment(url: str) -> dict[str, str]:
    """For a command that is to deploy there, whatever profile the developer has."""
    return {**inherited_environment(), **KEYS, "AWS_ENDPOINT_URL": url}


def connect(monkeypatch: pytest.MonkeyPatch, url: str, stage: Stage = DEV) -> Aws:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "GIFTFLICK_ACCOUNT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment(url).items():
        monkeypatch.setenv(name, value)
    return Aws(stage)


def cloudformation(stage: Stage = DEV) -> CloudFormationBackend:
    """moto's own."""
    return cloudformation_backends[DEFAULT_ACCOUNT_ID][stage.region]


def stack_called(name: str) -> Stack:
    """moto's own object, to be put in another state."""
    return next(stack for stack in cloudformation().stacks.values() if stack.name == name)
