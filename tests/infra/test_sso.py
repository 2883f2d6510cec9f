"""A developer signs in by AWS SSO: commands work with the profile, leave no key on disk, and say when it has ended."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from infra.stages import PROJECT
from local.environment import INHERITED
from tests.infra.account import DEV, connect, empty_account

TOKEN = "a-token-of-the-session"
KEY_ID, KEY_SECRET, KEY_TOKEN = "ASIAIOSFODNN7EXAMPLE", "secret-half-of-the-key", "token-of-the-key"
PROFILE = "giftflick-dev"
CONFIG = """
[sso-session giftflick]
sso_start_url = https://giftflick.awsapps.com/start
sso_region = ap-southeast-2
sso_registration_scopes = sso:account:access

[profile giftflick-dev]
sso_session = giftflick
sso_account_id = 123456789012
sso_role_name = Deploy
region = ap-southeast-2
"""


class Portal(ThreadingHTTPServer):
    """SSO's GetRoleCredentials: keys for an hour, for whoever has a session."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.given = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Portal

    def do_GET(self) -> None:
        is_known = self.headers["x-amz-sso_bearer_token"] == TOKEN
        expires = datetime.now(UTC) + timedelta(hours=1)
        keys = {
            "accessKeyId": KEY_ID,
            "secretAccessKey": KEY_SECRET,
            "sessionToken": KEY_TOKEN,
            "expiration": int(expires.timestamp() * 1000),
        }
        body = json.dumps({"roleCredentials": keys} if is_known else {"message": "Session token not found"}).encode()
        self.server.given += is_known
        self.send_response(200 if is_known else 401)
        if not is_known:
            self.send_header("x-amzn-ErrorType", "UnauthorizedException")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def portal() -> Iterator[Portal]:
    with Portal() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def aws_url() -> Iterator[str]:
    with empty_account() as url:
        yield url


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """As `aws configure sso` and `aws sso login` leave it."""
    folder = tmp_path / "home"
    (folder / ".aws").mkdir(parents=True)
    (folder / ".aws" / "config").write_text(CONFIG)
    sign_in(folder, token=TOKEN, expires=datetime.now(UTC) + timedelta(hours=8))
    return folder


def sign_in(home: Path, *, token: str, expires: datetime) -> None:
    cache = home / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    session = {
        "startUrl": "https://giftflick.awsapps.com/start",
        "region": "ap-southeast-2",
        "accessToken": token,
        "expiresAt": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    name = hashlib.sha1(b"giftflick").hexdigest()  # noqa: S324  the AWS CLI's name for the file
    (cache / f"{name}.json").write_text(json.dumps(session))


def run(
    command: str, *arguments: str, home: Path, portal: Portal, aws_url: str, profile: str = PROFILE, **more: str
) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name in INHERITED}
    env = {
        **kept,
        "HOME": str(home),
        **({"AWS_PROFILE": profile} if profile else {}),
        "AWS_ENDPOINT_URL": aws_url,
        "AWS_ENDPOINT_URL_SSO": portal.url,
        "PYTHONDONTWRITEBYTECODE": "1",
        **more,
    }
    return subprocess.run(
        [sys.executable, "-m", f"infra.{command}", "--stage", "dev", *arguments],
        cwd=PROJECT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


def tree(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_plan_with_a_profile_leaves_no_key_on_disk(home: Path, portal: Portal, aws_url: str) -> None:
    before = tree(home)

    ended = run("plan", "--no-package", home=home, portal=portal, aws_url=aws_url)

    assert portal.given >= 1
    assert ended.stdout.startswith("account 123456789012, region ap-southeast-2\n")
    assert tree(home) == before
    for secret in (KEY_ID, KEY_SECRET, KEY_TOKEN, TOKEN):
        assert secret not in ended.stdout + ended.stderr


def test_configure_works_with_a_profile(
    home: Path, portal: Portal, aws_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("configure", "--set", "ops-email=ops@example.com", home=home, portal=portal, aws_url=aws_url)

    ssm = connect(monkeypatch, aws_url, DEV).ssm
    assert ssm.get_parameter(Name="/giftflick/dev/ops-email")["Parameter"]["Value"] == "ops@example.com"


@pytest.mark.parametrize("token", [TOKEN, "a-token-that-was-revoked"])
def test_an_ended_session_is_one_line_with_the_way_back_in(
    home: Path, portal: Portal, aws_url: str, token: str
) -> None:
    hours = -1 if token == TOKEN else 8
    sign_in(home, token=token, expires=datetime.now(UTC) + timedelta(hours=hours))

    ended = run("plan", "--no-package", home=home, portal=portal, aws_url=aws_url)

    assert ended.returncode == 1
    assert ended.stderr == "the AWS session has ended: aws sso login --profile giftflick-dev\n"


def test_a_profile_that_nobody_signed_in_to_is_one_line(home: Path, portal: Portal, aws_url: str) -> None:
    for file in (home / ".aws" / "sso" / "cache").iterdir():
        file.unlink()

    ended = run("deploy", home=home, portal=portal, aws_url=aws_url)

    assert ended.returncode == 1
    assert ended.stderr == "the AWS session has ended: aws sso login --profile giftflick-dev\n"


def test_a_profile_that_does_not_exist_is_one_line(home: Path, portal: Portal, aws_url: str) -> None:
    ended = run("plan", home=home, portal=portal, aws_url=aws_url, profile="another")

    assert ended.returncode == 1
    assert ended.stderr.startswith("The config profile (another) could not be found: ")
    assert ended.stderr.count("\n") == 1


def test_no_credentials_at_all_is_one_line(tmp_path: Path, portal: Portal, aws_url: str) -> None:
    ended = run("plan", home=tmp_path, portal=portal, aws_url=aws_url, profile="", AWS_EC2_METADATA_DISABLED="true")

    assert ended.returncode == 1
    assert ended.stderr == (
        "no AWS credentials: set AWS_PROFILE to a profile of yours, then aws sso login --profile with its name\n"
    )


def test_another_account_than_the_guards_is_refused(home: Path, portal: Portal, aws_url: str) -> None:
    ended = run("deploy", home=home, portal=portal, aws_url=aws_url, GIFTFLICK_ACCOUNT="210987654321")

    assert ended.returncode == 1
    assert ended.stderr == (
        "these credentials are for account 123456789012, but GIFTFLICK_ACCOUNT says 210987654321: choose the other "
        "profile with AWS_PROFILE\n"
    )
