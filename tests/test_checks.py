"""`manage.py check --deploy`: everything that is wrong with a stage, in one run and one line each."""

import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from local.environment import inherited_environment, throwaway_environment
from local.migrations import PROJECT
from local.stack import Stack
from tests.secrets.conftest import MakeSecret, app_secret, make_secret, manager

__all__ = ["make_secret", "manager"]


def check(variables: dict[str, str]) -> tuple[int, list[str]]:
    """Its exit code, and the errors without their numbers."""
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy"],
        env={**inherited_environment(), **variables},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stderr.splitlines()
    return done.returncode, sorted(line.partition(") ")[2] for line in lines if line.startswith("?: (giftflick."))


@pytest.fixture
def stage(stack: Stack, make_secret: MakeSecret) -> dict[str, str]:
    """What a stage has, with its secrets where they belong."""
    login = {"username": "giftflick_a", "password": "x", "host": "127.0.0.1", "port": 5432, "dbname": "giftflick"}
    plain = {name: value for name, value in throwaway_environment().items() if name not in app_secret()}
    del plain["DATABASE_URL"]
    return plain | {
        "AWS_ENDPOINT_URL": stack.env["AWS_ENDPOINT_URL"],
        "STAGE": "staging",
        "APP_SECRET": make_secret(complete()),
        "DATABASE_SECRET": make_secret(login),
        "MEDIA_URL": "https://giftflick.example/media",
        "WAKE_FUNCTION": "giftflick-staging",
    }


def complete(**changes: str) -> dict[str, str]:
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return app_secret(EDGE_SECRET="e" * 40, MEDIA_KEY_ID="K2JCJMDEHXQW5F", MEDIA_PRIVATE_KEY=pem, **changes)


def test_a_stage_that_has_everything_passes(stage: dict[str, str]) -> None:
    assert check(stage) == (0, [])


def test_all_that_is_missing_or_malformed_is_named_at_once(stage: dict[str, str], make_secret: MakeSecret) -> None:
    slips = {
        "SENDGRID_API_KEY": "",
        "SENDGRID_WEBHOOK_PUBLIC_KEY": "gf-canary",
        "MEDIA_PRIVATE_KEY": "gf-canary",
        "EDGE_SECRET": "",
    }
    stage["APP_SECRET"] = make_secret(complete() | slips)
    stage["DATABASE_SECRET"] = make_secret({})
    del stage["MEDIA_BUCKET"], stage["WAKE_FUNCTION"]
    stage |= {"RENDERER_URL": "renderer.example", "MAIL_FROM": "nobody", "DATABASE_CONNECT_TIMEOUT_S": "soon"}

    code, errors = check(stage)

    assert code == 1
    assert errors == [
        "DATABASE_CONNECT_TIMEOUT_S must be a whole number from 1 on",
        "DATABASE_SECRET holds no login yet: run prepare_database",
        "EDGE_SECRET is not set, which the stage staging needs",
        "MAIL_FROM must be an address, or a name and <an address>.",
        "MEDIA_BUCKET is not set; .env.example says what it is for",
        "MEDIA_PRIVATE_KEY is not a private key in PEM.",
        "RENDERER_URL must start with http:// or https://",
        "SENDGRID_API_KEY is not set; .env.example says what it is for",
        "SENDGRID_WEBHOOK_PUBLIC_KEY is not a public key in base64.",
        "WAKE_FUNCTION is not set, which the stage staging needs",
    ]


def test_what_a_laptop_does_without_is_not_asked_of_it(stage: dict[str, str]) -> None:
    assert check(throwaway_environment()) == (0, [])


def test_a_command_other_than_check_does_not_start_and_names_all_that_is_missing(stage: dict[str, str]) -> None:
    del stage["MEDIA_BUCKET"], stage["KEY_TABLE"]

    done = subprocess.run(
        [sys.executable, "manage.py", "migrate"],
        env={**inherited_environment(), **stage},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "MEDIA_BUCKET is not set; .env.example says what it is for",
        "KEY_TABLE is not set; .env.example says what it is for",
    ]


def test_a_secret_that_cannot_be_read_is_named(stage: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy"],
        env={**inherited_environment(), **stage, "APP_SECRET": "nowhere"},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr == "APP_SECRET cannot be read: Secrets Manager answered ResourceNotFoundException\n"
