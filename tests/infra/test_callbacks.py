"""Zappa itself, against moto: what a deployment makes of SSM's parameters, what it reports, what it refuses."""

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import urllib3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from infra.environment import make_environment
from infra.stages import PROJECT, stage_called
from local.environment import NOWHERE, inherited_environment
from local.ports import HOST
from tests.infra.parameters import INPUTS, OUTPUTS

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient

STAGE = stage_called("staging")
CODE, CONFIGURATION = f"/functions/{STAGE.function}/code", f"/functions/{STAGE.function}/configuration"


class Moto(DomainDispatcherApplication):
    """Remembers the calls that change a function, and answers one that moto does not know: it has no URL of its own."""

    def __init__(self) -> None:
        super().__init__(create_backend_app)
        self.changes: list[str] = []

    def __call__(self, environ: Any, start_response: Any) -> Any:
        path = environ["PATH_INFO"]
        if path.endswith("/urls"):
            start_response("200 OK", [("Content-Type", "application/json")])
            return [b'{"FunctionUrlConfigs": []}']
        if environ["REQUEST_METHOD"] == "PUT" and path.endswith((CODE, CONFIGURATION)):
            self.changes.append(path[path.index("/functions") :])
        return super().__call__(environ, start_response)


class Silent(WSGIRequestHandler):
    def log(self, *_arguments: object) -> None:
        """Say nothing."""


class Aws:
    """An account with the stage's parameters, the function's role and the code bucket in it."""

    def __init__(self, url: str, moto: Moto, folder: Path) -> None:
        self.moto = moto
        self.folder = folder
        keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
        self.env = {**inherited_environment(), **keys, "AWS_ENDPOINT_URL": url}
        session = boto3.Session("testing", "testing", region_name=STAGE.region)
        self.ssm: SSMClient = session.client("ssm", endpoint_url=url)
        self.functions: LambdaClient = session.client("lambda", endpoint_url=url)
        self.events: EventBridgeClient = session.client("events", endpoint_url=url)
        self.s3: S3Client = session.client("s3", endpoint_url=url)
        role = OUTPUTS["FunctionRole"].rpartition("/")[2]
        session.client("iam", endpoint_url=url).create_role(RoleName=role, AssumeRolePolicyDocument="{}")
        self.s3.create_bucket(
            Bucket=OUTPUTS["CodeBucket"], CreateBucketConfiguration={"LocationConstraint": "ap-southeast-2"}
        )
        for name, value in INPUTS.items():
            self.set(STAGE.parameter(name), value)
        for name, value in OUTPUTS.items():
            self.set(STAGE.output(name), value)

    def set(self, name: str, value: str) -> None:
        self.ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)

    def output(self, name: str) -> str:
        return self.ssm.get_parameter(Name=STAGE.output(name))["Parameter"]["Value"]

    def package(self, release: str) -> Path:
        file = self.folder / f"{release}.zip"
        with zipfile.ZipFile(file, "w") as made:
            made.writestr("giftflick/RELEASE", f"{release}\n")
        return file

    def zappa(self, *arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [Path(sys.executable).with_name("zappa"), *arguments, "--json"],
            cwd=PROJECT,
            env={**self.env, **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    def deploy(self, release: str = "abc") -> None:
        done = self.zappa("deploy", STAGE.name, "--zip", self.package(release))
        assert done.returncode == 0, done.stderr

    @property
    def configuration(self) -> Any:
        return self.functions.get_function_configuration(FunctionName=STAGE.function)

    @property
    def has_function(self) -> bool:
        return bool(self.functions.list_functions()["Functions"])


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Aws]:
    moto = Moto()
    server = make_server(HOST, 0, moto, threaded=True, request_handler=Silent)
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://{HOST}:{server.server_port}"
    urllib3.request("POST", f"{url}/moto-api/reset", timeout=30)  # what it knows outlives the server
    yield Aws(url, moto, tmp_path)
    server.shutdown()
    server.server_close()


def test_a_deployment_is_configured_from_ssm(aws: Aws) -> None:
    layer = aws.functions.publish_layer_version(LayerName="extension", Content={"ZipFile": b"zip"})["LayerVersionArn"]
    aws.set(STAGE.parameter("secrets-extension"), layer)
    wanted = make_environment(STAGE, {**INPUTS, "secrets-extension": layer}, OUTPUTS)

    aws.deploy()

    made = aws.configuration
    assert made["Environment"]["Variables"] == wanted.variables
    assert [used["Arn"] for used in made["Layers"]] == [layer]
    assert made["Role"] == OUTPUTS["FunctionRole"]
    assert made["VpcConfig"]["SubnetIds"] == ["subnet-0a", "subnet-0b"]
    assert made["VpcConfig"]["SecurityGroupIds"] == ["sg-0f"]
    assert (made["Handler"], made["Runtime"]) == ("giftflick.lambda_entry.handler", STAGE.runtime)
    assert (made["MemorySize"], made["Timeout"], made["Architectures"]) == (1024, 60, ["x86_64"])
    limit = aws.functions.get_function_concurrency(FunctionName=STAGE.function)
    assert limit["ReservedConcurrentExecutions"] == 10
    tags = aws.functions.list_tags(Resource=made["FunctionArn"])["Tags"]
    assert tags == {"project": "giftflick", "stage": "staging"}


def test_a_deployment_reports_back_and_is_not_called_again_when_it_fails(aws: Aws) -> None:
    aws.deploy("abc123")

    assert aws.output("Release") == "abc123"
    assert aws.output("FunctionArn") == aws.configuration["FunctionArn"]
    calls = aws.functions.get_function_event_invoke_config(FunctionName=STAGE.function)
    assert (calls["MaximumRetryAttempts"], calls["MaximumEventAgeInSeconds"]) == (0, 60)


def test_the_tick_and_the_pings_are_scheduled(aws: Aws) -> None:
    aws.deploy()

    rules = {rule["Name"]: rule["ScheduleExpression"] for rule in aws.events.list_rules()["Rules"]}
    assert rules == {
        "giftflick-staging-giftflick.lambda_entry.tick": "rate(1 minute)",
        "giftflick-staging-zappa-keep-warm-handler.keep_warm_callback": "rate(4 minutes)",
    }


def test_an_update_takes_up_what_changed_and_keeps_the_limit(aws: Aws) -> None:
    aws.deploy("first")
    aws.set(STAGE.parameter("base-url"), "https://other.example.com")
    aws.set(STAGE.parameter("reserved-concurrency"), "7")

    done = aws.zappa("update", STAGE.name, "--zip", aws.package("second"))

    assert done.returncode == 0, done.stderr
    assert aws.output("Release") == "second"
    assert aws.output("FunctionArn") == aws.configuration["FunctionArn"]
    assert aws.configuration["Environment"]["Variables"]["BASE_URL"] == "https://other.example.com"
    limit = aws.functions.get_function_concurrency(FunctionName=STAGE.function)
    assert limit["ReservedConcurrentExecutions"] == 7
    assert aws.moto.changes == [CODE, CONFIGURATION]


def test_a_new_variable_is_there_before_the_code_that_needs_it(aws: Aws) -> None:
    aws.deploy("first")
    variables = aws.configuration["Environment"]["Variables"]
    older = {name: value for name, value in variables.items() if name != "MEDIA_URL"} | {"MAIL_FROM": "old@example.com"}
    aws.functions.update_function_configuration(FunctionName=STAGE.function, Environment={"Variables": older})
    aws.moto.changes.clear()

    done = aws.zappa("update", STAGE.name, "--zip", aws.package("second"))

    assert done.returncode == 0, done.stderr
    assert aws.moto.changes == [CONFIGURATION, CODE, CONFIGURATION]
    assert aws.configuration["Environment"]["Variables"] == variables


def test_a_package_in_the_bucket_is_deployed_under_its_own_release(aws: Aws) -> None:
    aws.s3.upload_file(str(aws.package("from-s3")), OUTPUTS["CodeBucket"], "site/1.zip")

    done = aws.zappa("deploy", STAGE.name, "--zip", f"s3://{OUTPUTS['CodeBucket']}/site/1.zip")

    assert done.returncode == 0, done.stderr
    assert aws.output("Release") == "from-s3"


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        (STAGE.parameter("mail-from"), 'is not set: set it with `make configure STAGE=staging SET="mail-from=…"`'),
        (STAGE.output("FunctionRole"), "is not there: `make deploy STAGE=staging` makes it"),
    ],
)
def test_a_missing_parameter_is_named_with_what_sets_it(aws: Aws, name: str, remedy: str) -> None:
    aws.ssm.delete_parameter(Name=name)

    refused = aws.zappa("deploy", STAGE.name, "--zip", aws.package("abc"))

    assert (refused.returncode, refused.stderr) == (1, f"Error: {name} {remedy}\n")
    assert not aws.has_function


def test_a_refused_update_leaves_the_running_version_alone(aws: Aws) -> None:
    aws.deploy("first")
    before = aws.configuration
    aws.set(STAGE.parameter("mail-from"), "new@example.com")
    aws.ssm.delete_parameter(Name=STAGE.output("KeyTable"))

    refused = aws.zappa("update", STAGE.name, "--zip", aws.package("second"))

    assert refused.returncode == 1
    assert aws.moto.changes == []
    assert aws.configuration["Environment"] == before["Environment"]
    assert aws.output("Release") == "first"


def test_what_is_no_package_of_ours_is_refused(aws: Aws) -> None:
    other = aws.folder / "other.zip"
    with zipfile.ZipFile(other, "w") as made:
        made.writestr("app.py", "")

    for source in (other, PROJECT / "README.md", aws.folder / "missing.zip"):
        refused = aws.zappa("deploy", STAGE.name, "--zip", source)
        assert refused.returncode == 1
        assert refused.stderr == f"Error: {source} is no package of ours: make one with `make package`\n"
    assert not aws.has_function


@pytest.mark.parametrize(
    ("arguments", "variables", "reason"),
    [
        (["deploy", "staging"], {}, "`make deploy STAGE=staging` deploys; by hand, add --zip build/giftflick.zip"),
        (["update", "staging"], {}, "`make deploy STAGE=staging` deploys; by hand, add --zip build/giftflick.zip"),
        (["package", "staging"], {}, "Zappa does not make the package: `make package` does"),
        (["deploy", "base", "--zip", "x.zip"], {}, "there is no stage 'base': choose one with STAGE="),
        (
            ["deploy", "staging", "--zip", "x.zip"],
            {"AWS_DEFAULT_REGION": "us-east-1"},
            "staging is in ap-southeast-2, and AWS_DEFAULT_REGION says us-east-1: unset it",
        ),
        (["deploy", "staging", "--zip", "x.zip"], {"AWS_ENDPOINT_URL": f"http://{NOWHERE}"}, "AWS cannot be asked"),
        (
            ["deploy", "staging", "--zip", "x.zip"],
            {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"},
            "AWS cannot be asked (Unable to locate credentials): sign in with `aws sso login`",
        ),
        (["deploy", "staging", "--zip", "s3://code-bucket/none.zip"], {}, "AWS refused HeadObject (404)"),
    ],
)
def test_a_command_that_cannot_go_on_says_why_in_one_line(
    aws: Aws, arguments: list[str], variables: dict[str, str], reason: str
) -> None:
    refused = aws.zappa(*arguments, **variables)

    assert refused.returncode == 1, refused.stdout
    assert refused.stderr.startswith(f"Error: {reason}")
    assert refused.stderr.count("\n") == 1
    assert not aws.has_function


def test_a_command_about_the_running_function_needs_no_parameter(aws: Aws) -> None:
    aws.deploy()
    for page in aws.ssm.get_paginator("get_parameters_by_path").paginate(Path=STAGE.parameter(""), Recursive=True):
        for parameter in page["Parameters"]:
            aws.ssm.delete_parameter(Name=parameter["Name"])

    done = aws.zappa("undeploy", STAGE.name, "--yes")

    assert done.returncode == 0, done.stderr
    assert not aws.has_function
