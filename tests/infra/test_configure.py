"""What people tell a stage is checked before it is kept; what only they know is taken from stdin and never shown."""

import json
from collections.abc import Iterator

import pytest

from infra.app_secret import GENERATED, NAMES, AppSecret
from infra.aws import Aws
from infra.configure import parse
from infra.inputs import Inputs
from infra.media_keys import MediaKeys
from infra.parameters import PARAMETERS
from infra.stages import DeployError
from local.sendgrid.keys import generate
from tests.infra.account import DEV, connect, empty_account
from tests.infra.commands import red_line, run

CERTIFICATE = "certificate/01234567-89ab-cdef-0123-456789abcdef"
REQUIRED = {
    "alias-domain": "gifts.example.com",
    "certificate-arn": f"arn:aws:acm:us-east-1:123456789012:{CERTIFICATE}",
    "regional-certificate-arn": f"arn:aws:acm:ap-southeast-2:123456789012:{CERTIFICATE}",
    "ops-email": "ops@example.com",
    "mail-from": "Giftflick <gifts@example.com>",
}
CANARY = "SG.canary-canary-canary"


@pytest.fixture
def url() -> Iterator[str]:
    with empty_account() as url:
        yield url


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, url: str) -> Aws:
    return connect(monkeypatch, url)


@pytest.fixture
def secret(aws: Aws) -> AppSecret:
    """As the data stack makes it."""
    empty = {**dict.fromkeys(NAMES, ""), "SECRET_KEY": "made-by-cloudformation"}
    aws.secrets.create_secret(Name="giftflick/dev/app", SecretString=json.dumps(empty))
    return AppSecret(aws.secrets, DEV)


def as_set(values: dict[str, str]) -> str:
    return " ".join(f"'{name}={value}'" for name, value in values.items())


def test_configure_keeps_what_is_given_with_the_defaults(url: str, aws: Aws) -> None:
    ended = run("configure", "--set", as_set(REQUIRED), url=url)

    assert ended.returncode == 0, ended.stderr
    assert Inputs(aws).given().keys() == PARAMETERS.keys()
    assert Inputs(aws).given().items() >= REQUIRED.items()
    assert Inputs(aws).given()["database-max-capacity"] == "1"


def test_configure_without_anything_names_all_that_is_missing(url: str) -> None:
    line = red_line(run("configure", url=url))

    assert line.startswith(f"still missing: {', '.join(REQUIRED)}; the rest is kept. make configure STAGE=dev SET=")


def test_what_was_chosen_before_is_not_overwritten_by_a_default(aws: Aws) -> None:
    Inputs(aws).choose({**REQUIRED, "database-max-capacity": "4"})

    Inputs(aws).choose({"ops-email": "other@example.com"})

    assert Inputs(aws).complete()["database-max-capacity"] == "4"
    assert Inputs(aws).complete()["ops-email"] == "other@example.com"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (
            "alias-domain=https://gifts.example.com",
            "alias-domain (the domain at which the site is) looks like gifts.ex",
        ),
        ("alias-domian=gifts.example.com", "there is no parameter alias-domian"),
        ("ops-email", "SET has 'ops-email', which is no name=value of its own; - stands for no value"),
        ("ops-email=", "SET has 'ops-email=', which is no name=value"),
        (
            "ops-email=a@example.com ops-email=b@example.com",
            "SET has 'ops-email=b@example.com', which is no name=value",
        ),
        ("mail-from='Giftflick", "SET makes no sense: No closing quotation"),
    ],
)
def test_wrong_input_is_refused_in_one_line_and_nothing_kept(url: str, aws: Aws, given: str, why: str) -> None:
    line = red_line(run("configure", "--set", f"database-max-capacity=2 {given}", url=url))

    assert line.startswith(why)
    assert Inputs(aws).given() == {}


def test_a_stage_that_does_not_exist_is_refused(url: str) -> None:
    for command in ("configure", "plan", "deploy", "rollback", "logs", "destroy"):
        assert red_line(run(command, url=url, stage="prod")).startswith(
            "there is no stage 'prod': choose one with STAGE="
        )


def test_a_value_with_blanks_is_quoted() -> None:
    assert parse("mail-from='Giftflick <gifts@example.com>' ops-email=a@b.example") == {
        "mail-from": "Giftflick <gifts@example.com>",
        "ops-email": "a@b.example",
    }


def test_a_key_comes_from_stdin_and_is_never_shown(url: str, secret: AppSecret) -> None:
    ended = run("secret", "--name", "SENDGRID_API_KEY", url=url, stdin=f"{CANARY}\n")

    assert ended.returncode == 0, ended.stderr
    assert secret.current()["SENDGRID_API_KEY"] == CANARY
    assert secret.current()["SECRET_KEY"] == "made-by-cloudformation"
    assert CANARY not in ended.stdout + ended.stderr
    assert ended.stdout.endswith(
        "still lacking: RENDERER_API_KEY, RENDERER_SANDBOX_API_KEY, SENDGRID_WEBHOOK_PUBLIC_KEY\n"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SENDGRID_API_KEY", "canary-without-its-beginning"),
        ("SENDGRID_API_KEY", ""),
        ("RENDERER_API_KEY", "canary with blanks in it"),
        ("SENDGRID_WEBHOOK_PUBLIC_KEY", "canary-that-is-no-key"),
        ("SENDGRID_WEBHOOK_PUBLIC_KEY", "Y2FuYXJ5"),
        ("SENTRY_DSN", "http://canary@sentry.example/1"),
    ],
)
def test_what_does_not_look_like_one_is_refused_without_repeating_it(
    url: str, secret: AppSecret, name: str, value: str
) -> None:
    before = secret.current()

    line = red_line(run("secret", "--name", name, url=url, stdin=value))

    assert line.startswith(f"that does not look like a {name} (")
    assert "canary" not in line
    assert secret.current() == before


def test_what_is_generated_is_not_taken_from_people(url: str, secret: AppSecret) -> None:
    line = red_line(run("secret", "--name", "SECRET_KEY", url=url, stdin="x" * 64))

    assert line.startswith("'SECRET_KEY' is none of RENDERER_API_KEY, ")


def test_a_key_before_the_first_deploy_has_no_place_yet(url: str) -> None:
    line = red_line(run("secret", "--name", "SENDGRID_API_KEY", url=url, stdin=CANARY))

    assert line.startswith("there is no secret giftflick/dev/app yet: make deploy STAGE=dev makes it")


def test_the_webhooks_public_key_is_taken(secret: AppSecret) -> None:
    secret.set("SENDGRID_WEBHOOK_PUBLIC_KEY", generate()[1])

    assert "SENDGRID_WEBHOOK_PUBLIC_KEY" not in secret.lacking()


def test_generated_values_are_made_once(secret: AppSecret) -> None:
    assert secret.fill_generated()
    filled = secret.current()

    assert not secret.fill_generated()
    assert secret.current() == filled
    assert filled["SECRET_KEY"] == "made-by-cloudformation"
    assert all(filled[name] for name in GENERATED)


def test_a_secret_that_is_no_json_is_told_without_its_content(aws: Aws) -> None:
    aws.secrets.create_secret(Name="giftflick/dev/app", SecretString="canary")

    with pytest.raises(DeployError) as refused:
        AppSecret(aws.secrets, DEV).current()

    assert (
        str(refused.value) == "the secret giftflick/dev/app is no JSON object: mend it in the Secrets Manager console"
    )


def test_the_first_media_key_is_made_once_and_trusted(aws: Aws, secret: AppSecret) -> None:
    secret.fill_generated()
    keys = MediaKeys(aws, secret)

    assert keys.ensure()
    first = secret.current()
    assert not keys.ensure()

    assert keys.trusted() == [first["MEDIA_KEY_ID"]]
    assert first["MEDIA_PRIVATE_KEY"].startswith("-----BEGIN PRIVATE KEY-----")
    assert secret.current() == first


def test_a_media_key_whose_trust_was_cut_short_is_trusted_next_time(aws: Aws, secret: AppSecret) -> None:
    secret.fill_generated()
    keys = MediaKeys(aws, secret)
    keys.sign_with(keys.create())

    keys.ensure()

    assert keys.trusted() == [keys.current_id()]
