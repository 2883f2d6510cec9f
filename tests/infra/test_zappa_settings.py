"""`zappa_settings.json`: what must hold in each stage."""

import json
import re
from typing import Any

import pytest

from infra.stages import BASE, PROJECT, read_settings, stage_called

TEXT = (PROJECT / "zappa_settings.json").read_text()
STAGES = ["dev", "staging", "production"]
# Twelve digits are an account; the others begin keys of AWS, SendGrid, Sentry, or a private key.
SECRETS = re.compile(r"\d{12}|AKIA|ASIA|arn:|SG\.|-----BEGIN|https?://|secret|password|token|_key", re.IGNORECASE)


def test_there_are_three_stages() -> None:
    assert list(json.loads(TEXT)) == [BASE, *STAGES]


def test_it_holds_no_secret_account_or_address() -> None:
    assert SECRETS.findall(TEXT) == []


@pytest.mark.parametrize("stage", STAGES)
def test_zappa_makes_the_function_alone_and_tells_no_stranger(stage: str) -> None:
    settings = read_settings(stage)

    switches = ("manage_roles", "apigateway_enabled", "debug", "use_precompiled_packages")
    assert [settings[name] for name in switches] == [False] * 4
    assert not settings.keys() & {"environment_variables", "aws_environment_variables", "remote_env", "s3_bucket"}


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_runs_the_same_function(stage: str) -> None:
    settings = read_settings(stage)

    told = ("lambda_handler", "django_settings", "aws_region", "architecture", "memory_size", "timeout_seconds")
    assert [settings[name] for name in told] == [
        "giftflick.lambda_entry.handler",
        "giftflick.settings",
        "ap-southeast-2",
        "x86_64",
        1024,
        60,
    ]
    assert settings["callbacks"] == {"settings": "infra.callbacks.configure", "post": "infra.callbacks.report"}
    assert settings["num_retained_versions"] == 5
    assert stage_called(stage).runtime == read_settings("production")["runtime"]


TICK: list[dict[str, Any]] = [{"function": "giftflick.lambda_entry.tick", "expression": "rate(1 minute)"}]


@pytest.mark.parametrize(
    ("stage", "pings", "events"), [("dev", False, []), ("staging", True, TICK), ("production", True, TICK)]
)
def test_devs_database_may_sleep_and_the_others_are_kept_warm(
    stage: str, pings: bool, events: list[dict[str, Any]]
) -> None:
    settings = read_settings(stage)

    assert settings["keep_warm"] is pings
    assert settings.get("events", []) == events
