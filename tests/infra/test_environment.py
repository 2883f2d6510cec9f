"""What the site's function is told, made from parameters."""

import re

import pytest

from infra.environment import make_environment
from infra.stages import DeployError, stage_called
from tests.infra.parameters import INPUTS, OUTPUTS

STAGING = stage_called("staging")


def test_the_function_gets_references_and_addresses() -> None:
    made = make_environment(STAGING, INPUTS, OUTPUTS)

    assert made.variables == {
        "DJANGO_SETTINGS_MODULE": "giftflick.settings",
        "PYTHONDONTWRITEBYTECODE": "1",
        "STAGE": "staging",
        "BASE_URL": "https://gifts.example.com",
        "ALLOWED_HOSTS": "gifts.example.com",
        "MEDIA_BUCKET": "media-bucket",
        "MEDIA_URL": "https://gifts.example.com/media",
        "KEY_TABLE": "giftflick-keys",
        "APP_SECRET": "arn:aws:secretsmanager:ap-southeast-2:123456789012:secret:giftflick/staging/app",
        "DATABASE_SECRET": "arn:aws:secretsmanager:ap-southeast-2:123456789012:secret:giftflick/staging/database",
        "CONSOLE_DATABASE_SECRET": OUTPUTS["ConsoleSecret"],
        "DATABASE_CONNECT_TIMEOUT_S": "5",
        "MAIL_FROM": "Giftflick <gifts@example.com>",
        "SENDGRID_URL": "https://api.sendgrid.com",
        "RENDERER_URL": "https://api.shotstack.io",
        "RENDERER_USER": "giftflick-staging-renderer",
        "RENDERER_SECRET": "arn:aws:secretsmanager:ap-southeast-2:123456789012:secret:giftflick/staging/renderer",
        "HANDOVER_PREFIX": "giftflick/staging/handover/",
        "WAKE_FUNCTION": "giftflick-staging",
    }
    assert (made.subnets, made.security_groups) == (["subnet-0a", "subnet-0b"], ["sg-0f"])
    assert (made.role, made.code_bucket) == (OUTPUTS["FunctionRole"], "code-bucket")
    assert (made.layers, made.concurrency) == ([], 10)


def test_a_site_under_another_address_answers_to_both() -> None:
    made = make_environment(STAGING, {**INPUTS, "base-url": "http://127.0.0.1:8000"}, OUTPUTS)

    assert made.variables["BASE_URL"] == "http://127.0.0.1:8000"
    assert made.variables["MEDIA_URL"] == "http://127.0.0.1:8000/media"
    assert made.variables["ALLOWED_HOSTS"] == "gifts.example.com,127.0.0.1"


def test_the_secrets_extension_keeps_no_secret() -> None:
    made = make_environment(STAGING, {**INPUTS, "secrets-extension": "arn:of:layer"}, OUTPUTS)

    assert made.layers == ["arn:of:layer"]
    assert made.variables["PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED"] == "false"


@pytest.mark.parametrize(("stage", "seconds"), [("dev", "25"), ("staging", "5"), ("production", "5")])
def test_only_devs_database_may_take_long_to_wake(stage: str, seconds: str) -> None:
    assert make_environment(stage_called(stage), INPUTS, OUTPUTS).variables["DATABASE_CONNECT_TIMEOUT_S"] == seconds


@pytest.mark.parametrize("name", ["alias-domain", "mail-from", "reserved-concurrency", "renderer-url", "sendgrid-url"])
@pytest.mark.parametrize("value", [None, "-"])
def test_a_missing_input_is_named_with_the_command_that_sets_it(name: str, value: str | None) -> None:
    inputs = {**INPUTS, name: value} if value else {key: INPUTS[key] for key in INPUTS.keys() - {name}}
    remedy = f'/giftflick/staging/{name} is not set: set it with `make configure STAGE=staging SET="{name}=…"`'

    with pytest.raises(DeployError, match=f"^{re.escape(remedy)}$"):
        make_environment(STAGING, inputs, OUTPUTS)


@pytest.mark.parametrize("name", sorted(OUTPUTS))
def test_a_missing_output_is_named_with_the_command_that_makes_it(name: str) -> None:
    remedy = f"/giftflick/staging/outputs/{name} is not there: `make deploy STAGE=staging` makes it"

    with pytest.raises(DeployError, match=f"^{re.escape(remedy)}$"):
        make_environment(STAGING, INPUTS, {key: OUTPUTS[key] for key in OUTPUTS.keys() - {name}})


@pytest.mark.parametrize("value", ["0", "-1", "ten", "1.5", "²"])
def test_a_limit_that_is_no_number_is_refused(value: str) -> None:
    with pytest.raises(
        DeployError, match=r"^/giftflick/staging/reserved-concurrency is .*: set it with `make configure"
    ):
        make_environment(STAGING, {**INPUTS, "reserved-concurrency": value}, OUTPUTS)
