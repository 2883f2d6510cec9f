"""What people choose for a stage: everything wrong in it is named, and the database bears the load."""

import pytest

from api.outbox.drain import AT_ONCE
from infra.parameters import (
    CONNECTIONS_PER_FUNCTION,
    PARAMETERS,
    WRITTEN,
    completed,
    missing,
    problems,
    validate,
)
from infra.stages import DeployError, stage_called
from tests.infra.evaluation import STAGES

REQUIRED = {name: one.example for name, one in PARAMETERS.items() if not one.defaults}


@pytest.mark.parametrize("stage", STAGES)
def test_with_what_is_required_a_stage_is_complete(stage: str) -> None:
    values = validate(stage_called(stage), REQUIRED)

    assert values.keys() == PARAMETERS.keys()
    assert values["database-min-capacity"] == ("0" if stage == "dev" else "0.5")


def test_five_things_are_required() -> None:
    assert REQUIRED.keys() == {"alias-domain", "certificate-arn", "regional-certificate-arn", "ops-email", "mail-from"}


@pytest.mark.parametrize("name", PARAMETERS | WRITTEN)
def test_each_example_is_a_good_value(name: str) -> None:
    example = (PARAMETERS | WRITTEN)[name].example

    assert problems(stage_called("staging"), {name: example}) == []


@pytest.mark.parametrize("stage", STAGES)
def test_each_default_is_a_good_value(stage: str) -> None:
    assert problems(stage_called(stage), completed(stage_called(stage), {})) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alias-domain", "https://gifts.example.com"),
        ("alias-domain", "gifts"),
        ("alias-domain", "Gifts.example.com"),
        ("certificate-arn", "arn:aws:acm:ap-southeast-2:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"),
        (
            "regional-certificate-arn",
            "arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef",
        ),
        ("hosted-zone-id", ""),
        ("ops-email", "ops"),
        ("ops-email", "ops@example.com,cto@example.com"),
        ("mail-from", "Giftflick"),
        ("mail-from", "Giftflick\r\nBcc: eve@example.com <gifts@example.com>"),
        ("base-url", "gifts.example.com"),
        ("base-url", "https://gifts.example.com/"),
        ("database-min-capacity", "0.0"),
        ("database-min-capacity", "0.3"),
        ("database-max-capacity", "0.5"),
        ("reserved-concurrency", "0"),
        ("monthly-budget", "50 USD"),
        ("renderer-url", "api.shotstack.io"),
        ("secrets-extension", "arn:aws:lambda:ap-southeast-2:123456789012:function:other"),
        ("media-public-keys", "K1, K2"),
    ],
)
def test_a_bad_value_is_told_by_name(name: str, value: str) -> None:
    [told] = problems(stage_called("production"), {name: value})

    assert told.startswith(f"{name} ")


def test_a_parameter_that_nobody_knows_is_told() -> None:
    assert problems(stage_called("dev"), {"alias": "x"}) == ["there is no parameter alias"]


def test_everything_wrong_and_missing_is_told_at_once() -> None:
    with pytest.raises(DeployError) as raised:
        validate(stage_called("dev"), {"ops-email": "ops", "nothing": "1", "alias-domain": "gifts.example.com"})

    assert str(raised.value) == (
        "there is no parameter nothing; ops-email (who is told of alarms) looks like ops@example.com; missing: "
        "certificate-arn, regional-certificate-arn, mail-from. Set it with `make configure STAGE=dev "
        'SET="name=value"`'
    )


def test_defaults_do_not_stand_over_what_was_given() -> None:
    values = completed(stage_called("dev"), {"database-max-capacity": "4"})

    assert values["database-max-capacity"] == "4"
    assert missing(values) == list(REQUIRED)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"database-min-capacity": "4", "database-max-capacity": "2"}, "must not be below database-min-capacity"),
        ({"database-max-capacity": "12"}, "while database-min-capacity is below 1: take at most 11"),
        ({"database-min-capacity": "1", "database-max-capacity": "28"}, "take at most 27"),
        ({"database-max-capacity": "1", "reserved-concurrency": "11"}, "reserved-concurrency must be at most 10"),
    ],
)
def test_the_database_must_bear_every_function_that_may_run(given: dict[str, str], told: str) -> None:
    stage = stage_called("production")

    [problem] = problems(stage, completed(stage, given))
    assert told in problem


def test_a_function_has_a_connection_for_each_job_and_its_own() -> None:
    assert CONNECTIONS_PER_FUNCTION == AT_ONCE + 1
