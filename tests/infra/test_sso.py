"""A developer signs in by AWS SSO: commands work with the profile, leave no key on disk, and say when it has ended."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.stages import PROJECT
from local.cloud.sso import PROFILE, TOKEN, log_in
from local.environment import INHERITED
from tests.infra.account import DEV, connect, local_cloud

SIGN_IN_AGAIN = "the AWS session has ended: aws sso login --profile giftflick-dev\n"


@pytest.fixture(scope="module")
def aws_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with local_cloud(tmp_path_factory.mktemp("aws")) as url:
        yield url


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """As `aws configure sso` and `aws sso login` leave it."""
    log_in(tmp_path / "home", datetime.now(UTC) + timedelta(hours=8))
    return tmp_path / "home"


def session_of(home: Path) -> Path:
    [file] = (home / ".aws" / "sso" / "cache").iterdir()
    return file


def run(
    command: str, *arguments: str, home: Path, aws_url: str, profile: str = PROFILE, **more: str
) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name in INHERITED}
    env = {
        **kept,
        "HOME": str(home),
        **({"AWS_PROFILE": profile} if profile else {}),
        "AWS_ENDPOINT_URL": aws_url,
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


def test_plan_with_a_profile_leaves_no_key_on_disk(home: Path, aws_url: str) -> None:
    before = tree(home)

    ended = run("plan", "--no-package", home=home, aws_url=aws_url)

    assert ended.stdout.startswith("account 123456789012, region ap-southeast-2\n")
    assert tree(home) == before
    for secret in ("ASIA", TOKEN):  # with which every key that the portal lends, and the session's token, begin
        assert secret not in ended.stdout + ended.stderr


def test_configure_works_with_a_profile(home: Path, aws_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run("configure", "--set", "ops-email=ops@example.com", home=home, aws_url=aws_url)

    ssm = connect(monkeypatch, aws_url, DEV).ssm
    assert ssm.get_parameter(Name="/giftflick/dev/ops-email")["Parameter"]["Value"] == "ops@example.com"


def test_an_ended_session_is_one_line_with_the_way_back_in(home: Path, aws_url: str) -> None:
    log_in(home, datetime.now(UTC) - timedelta(hours=1))

    ended = run("plan", "--no-package", home=home, aws_url=aws_url)

    assert (ended.returncode, ended.stderr) == (1, SIGN_IN_AGAIN)


def test_a_session_that_was_revoked_is_the_same_line(home: Path, aws_url: str) -> None:
    session_of(home).write_text(session_of(home).read_text().replace(TOKEN, "revoked-"))

    ended = run("plan", "--no-package", home=home, aws_url=aws_url)

    assert (ended.returncode, ended.stderr) == (1, SIGN_IN_AGAIN)


def test_a_profile_that_nobody_signed_in_to_is_the_same_line(home: Path, aws_url: str) -> None:
    session_of(home).unlink()

    ended = run("deploy", home=home, aws_url=aws_url)

    assert (ended.returncode, ended.stderr) == (1, SIGN_IN_AGAIN)


def test_a_profile_that_does_not_exist_is_one_line(home: Path, aws_url: str) -> None:
    ended = run("plan", home=home, aws_url=aws_url, profile="another")

    assert ended.returncode == 1
    assert ended.stderr.startswith("The config profile (another) could not be found: ")
    assert ended.stderr.count("\n") == 1


def test_no_credentials_at_all_is_one_line(tmp_path: Path, aws_url: str) -> None:
    ended = run("plan", home=tmp_path, aws_url=aws_url, profile="", AWS_EC2_METADATA_DISABLED="true")

    assert ended.returncode == 1
    assert ended.stderr == (
        "no AWS credentials: set AWS_PROFILE to a profile of yours, then aws sso login --profile with its name\n"
    )


def test_another_account_than_the_guards_is_refused(home: Path, aws_url: str) -> None:
    ended = run("deploy", home=home, aws_url=aws_url, GIFTFLICK_ACCOUNT="210987654321")

    assert ended.returncode == 1
    assert ended.stderr == (
        "these credentials are for account 123456789012, but GIFTFLICK_ACCOUNT says 210987654321: choose the other "
        "profile with AWS_PROFILE\n"
    )
