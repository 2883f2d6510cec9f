"""The account: who gets keys for it, and what is in it."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from local.cloud.inventory import inventory
from local.cloud.sso import PROFILE, log_in
from tests.local.cloud.harness import Cloud

WHO_AM_I = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"


def who_am_i(cloud: Cloud, home: Path) -> "subprocess.CompletedProcess[str]":
    env = {"HOME": str(home), "AWS_PROFILE": PROFILE, "AWS_ENDPOINT_URL": cloud.url}
    return subprocess.run([sys.executable, "-c", WHO_AM_I], env=env, capture_output=True, text=True, check=False)


def test_profile_with_a_session_gets_keys_and_stores_none(cloud: Cloud, tmp_path: Path) -> None:
    log_in(tmp_path, datetime.now(UTC) + timedelta(hours=1))

    answer = who_am_i(cloud, tmp_path)

    assert answer.stdout == f"arn:aws:sts::123456789012:assumed-role/Developer/{PROFILE}\n"
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and b"aws_secret" in file.read_bytes()]


@pytest.mark.parametrize(("lives", "reason"), [(-1, "Token has expired"), (None, "SSO session")])
def test_profile_without_a_session_gets_none(cloud: Cloud, tmp_path: Path, lives: int | None, reason: str) -> None:
    log_in(tmp_path, datetime.now(UTC) + timedelta(hours=lives or 1))
    if lives is None:  # one that the portal does not know
        [token] = (tmp_path / ".aws" / "sso" / "cache").iterdir()
        token.write_text(token.read_text().replace("local-sso-", "forged-"))

    answer = who_am_i(cloud, tmp_path)

    assert (answer.returncode, reason in answer.stderr) == (1, True)


def test_inventory_names_what_was_made_and_forgets_what_is_gone(cloud: Cloud) -> None:
    name = f"inventory-{uuid4().hex[:8]}"
    before = inventory(cloud.url)
    resources = {
        "Network": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.9.0.0/16"}},
        "Films": {"Type": "AWS::S3::Bucket"},
        "Alarms": {"Type": "AWS::SNS::Topic"},
        "Who": {"Type": "AWS::IAM::User"},
    }
    cloud.deploy(name, {"Resources": resources})
    during = inventory(cloud.url)

    cloud.client("cloudformation").delete_stack(StackName=name)

    new = {kind: len(names) - len(before.get(kind, [])) for kind, names in during.items()}
    assert {kind: count for kind, count in new.items() if count} == {
        "buckets": 1,
        "stacks": 1,
        "topics": 1,
        "users": 1,
        "vpcs": 1,
    }
    assert inventory(cloud.url) == before
