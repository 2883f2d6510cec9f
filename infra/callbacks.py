"""Zappa's callbacks: `configure` gives a deployment its environment from SSM, `report` writes back what came of it.

Zappa calls `configure` for every command, but only `deploy` and `update` are about the function's configuration, and
ask AWS here. By then Zappa has consumed its settings file, so its object is told, not the settings.
"""

import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError
from click import ClickException

sys.path.append(str(Path(__file__).resolve().parent.parent))  # Zappa loads this file by its path, wherever Python looks

from infra.environment import Environment, make_environment, read_parameters
from infra.stages import DeployError, Stage, stage_called

RELEASE = "giftflick/RELEASE"
IN_S3 = "s3://"
# A tick that comes late is followed by the next one, and so is a wake-up.
NO_RETRIES = {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}

Cli = Any  # zappa.cli.ZappaCLI, which is not typed


def configure(cli: Cli) -> None:
    """Raises ClickException, which Zappa shows in one line and exits with 1 for; no code is changed by then."""
    with _told_in_one_line():
        stage = stage_called(cli.api_stage)
        if cli.command == "package":
            raise DeployError("Zappa does not make the package: `make package` does")
        if cli.command in {"deploy", "update"}:
            _require_package_and_region(stage, cli)
            read = read_parameters(stage, cli.zappa.boto_client("ssm"))
            _apply(make_environment(stage, read.inputs, read.outputs), stage, cli)
            cli.giftflick_release = _release_in(cli.vargs["zip"], cli)  # `report` wants it
        if cli.command == "update":
            _prepare(cli)


def report(cli: Cli) -> None:
    """Raises ClickException; deploying again mends it."""
    with _told_in_one_line():
        stage = stage_called(cli.api_stage)
        cli.zappa.lambda_client.put_function_event_invoke_config(FunctionName=cli.lambda_name, **NO_RETRIES)
        ssm = cli.zappa.boto_client("ssm")
        for name, value in (("FunctionArn", _unqualified(cli.lambda_arn)), ("Release", cli.giftflick_release)):
            ssm.put_parameter(Name=stage.output(name), Value=value, Type="String", Overwrite=True)


def _require_package_and_region(stage: Stage, cli: Cli) -> None:
    if not cli.vargs["zip"]:
        raise DeployError(f"`make deploy STAGE={stage.name}` deploys; by hand, add --zip build/giftflick.zip")
    said = cli.zappa.boto_session.region_name
    if said != stage.region:
        raise DeployError(f"{stage.name} is in {stage.region}, and AWS_DEFAULT_REGION says {said}: unset it")


def _apply(environment: Environment, stage: Stage, cli: Cli) -> None:
    cli.aws_environment_variables = dict(environment.variables)
    cli.vpc_config = {"SubnetIds": environment.subnets, "SecurityGroupIds": environment.security_groups}
    cli.s3_bucket_name = environment.code_bucket
    cli.layers = environment.layers
    cli.lambda_concurrency = environment.concurrency  # without one, an update would take the limit away
    cli.zappa.credentials_arn = environment.role
    cli.zappa.tags = {"project": "giftflick", "stage": stage.name}


def _prepare(cli: Cli) -> None:
    """Add the variables that only the new code knows, to the old code that does not mind them.

    Zappa replaces the code first and the variables a few seconds later; in between, the new code would not start.
    """
    functions = cli.zappa.lambda_client
    running = functions.get_function_configuration(FunctionName=cli.lambda_name)
    there = running.get("Environment", {}).get("Variables", {})
    if not cli.aws_environment_variables.keys() <= there.keys():
        both = {**cli.aws_environment_variables, **there}
        functions.update_function_configuration(FunctionName=cli.lambda_name, Environment={"Variables": both})
        cli.zappa.wait_until_lambda_function_is_updated(cli.lambda_name)


def _release_in(source: str, cli: Cli) -> str:
    """The release in the zip itself, so that what is reported is what runs. Raises DeployError."""
    try:
        if not source.startswith(IN_S3):
            return _read_release(source)
        with TemporaryFile() as copy:
            place = urlsplit(source)
            cli.zappa.s3_client.download_fileobj(place.netloc, place.path.lstrip("/"), copy)
            return _read_release(copy)
    except (OSError, KeyError, zipfile.BadZipFile):
        raise DeployError(f"{source} is no package of ours: make one with `make package`") from None


def _read_release(package: str | IO[bytes]) -> str:
    with zipfile.ZipFile(package) as opened:
        return opened.read(RELEASE).decode().strip()


def _unqualified(arn: str) -> str:
    """Without a version: what calls the function calls the newest."""
    return ":".join(arn.split(":")[:7])


@contextmanager
def _told_in_one_line() -> Iterator[None]:
    try:
        yield
    except DeployError as error:
        raise ClickException(str(error)) from error
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise ClickException(
            f"AWS refused {error.operation_name} ({code}): look at AWS_PROFILE, or sign in with `aws sso login`"
        ) from error
    except BotoCoreError as error:
        raise ClickException(f"AWS cannot be asked ({error}): sign in with `aws sso login`") from error
