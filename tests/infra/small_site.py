"""A site as small as a deploy will have it: listed commands, health, one call that needs a key. It fails on demand."""

import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.aws import Aws
from infra.inputs import Inputs
from infra.package import Package
from infra.stages import PROJECT
from local.processes import Process
from local.sendgrid.keys import generate
from tests.infra.account import environment

CERTIFICATE = "certificate/01234567-89ab-cdef-0123-456789abcdef"
VENDORS = {
    "RENDERER_API_KEY": "a-renderer-key",
    "RENDERER_SANDBOX_API_KEY": "a-sandbox-key",
    "SENDGRID_API_KEY": "SG.a-sendgrid-key",
    "SENDGRID_WEBHOOK_PUBLIC_KEY": generate()[1],
}
ENTRY = """
import json
import os

RELEASE, FAILING, READY = {release!r}, {failing!r}, {ready!r}
KEY = "a-key-for-the-smoke-test"


def handler(event, context):
    if "manage" in event:
        return manage(event["manage"])
    path, headers = event["rawPath"], event["headers"]
    if path == "/readyz":
        return answer(200 if READY else 503, {{"status": "ok", "database": "ok" if READY else "away"}})
    if path == "/healthz":
        return answer(200, {{"version": RELEASE}})
    return answer(200 if headers.get("x-api-key") == KEY else 401, {{}})


def manage(line):
    name = line.split()[0]
    print(f"{{name}} of {{RELEASE}}")
    if name == FAILING:
        raise RuntimeError(f"{{name}}: column gifts.mood does not exist")
    if name == "smoke_key":
        import boto3

        place = os.environ["HANDOVER_PREFIX"] + "smoke-key"
        secrets = boto3.client("secretsmanager")
        try:
            secrets.create_secret(Name=place, SecretString=KEY)
        except secrets.exceptions.ResourceExistsException:
            secrets.put_secret_value(SecretId=place, SecretString=KEY)
        return {{"secret": place}}
    return {{"command": name, "ok": True}}


def answer(status, body):
    return {{"statusCode": status, "headers": {{"content-type": "application/json"}}, "body": json.dumps(body)}}
"""
AUTHORIZER = """
def handler(event, context):
    return {"isAuthorized": True, "context": {}}
"""


class SmallSite:
    """Makes packages of it in `folder`: in place of `infra.package.build`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def package(self, release: str, *, failing: str = "", ready: bool = True) -> Package:
        """`failing` is the command that fails. Without `ready` the smoke test is red."""
        entry = ENTRY.format(release=release, failing=failing, ready=ready)
        site, authorizer = self._folder / "site.zip", self._folder / "authorizer.zip"
        _zip(site, {"giftflick/lambda_entry.py": entry, "giftflick/RELEASE": release})
        _zip(authorizer, {"accounts/authorizer.py": AUTHORIZER})
        static = self._folder / "static"
        (static / "css").mkdir(parents=True, exist_ok=True)
        (static / "css" / "site.0123456789ab.css").write_text("body {}")
        return Package(site=site, authorizer=authorizer, static=static, release=release)


def _zip(archive: Path, files: dict[str, str]) -> None:
    with zipfile.ZipFile(archive, "w") as made:
        for name, text in files.items():
            made.writestr(zipfile.ZipInfo(name), text)


def configure(aws: Aws, domain: str) -> None:
    """As people do it."""
    inputs = {
        "alias-domain": domain,
        "certificate-arn": f"arn:aws:acm:us-east-1:123456789012:{CERTIFICATE}",
        "regional-certificate-arn": f"arn:aws:acm:{aws.stage.region}:123456789012:{CERTIFICATE}",
        "ops-email": "ops@example.com",
        "mail-from": "Giftflick <gifts@example.com>",
    }
    assert Inputs(aws).choose(inputs) == []


@contextmanager
def edge_of(domain: str, url: str, folder: Path) -> Iterator[str]:
    """The URL at which the cloud's CloudFront serves that domain."""
    command = [sys.executable, "-m", "local.cloud.edge", "--alias", domain]
    edge = Process("edge", command, log=folder / "edge.log", env=environment(url), cwd=PROJECT)
    edge.start()
    try:
        yield f"http://127.0.0.1:{edge.wait_for_port()}"
    finally:
        edge.stop()
