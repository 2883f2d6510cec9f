"""A deploy brings a stage to a version in one order; whatever fails on the way leaves the version that ran running."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from infra import templates
from infra.app_secret import AppSecret
from infra.aws import Aws
from infra.deploy import Deploy
from infra.deploy_lock import DeployLock
from infra.functions import running, said
from infra.outputs import read_outputs
from infra.package import Package
from infra.release import take_back
from infra.rollback import rollback
from infra.smoke import Site
from infra.stacks import Wanted, bring_up
from infra.stages import DeployError
from infra.uploads import FOR_EVER
from tests.infra.account import DEV, connect, empty_account, local_cloud
from tests.infra.commands import red_line, run
from tests.infra.small_site import VENDORS, SmallSite, configure, edge_of

DOMAIN = "gifts.example.com"
PATIENCE_S = 3.0  # with a site that is up
STAGING = replace(DEV, name="staging")


@dataclass
class Cloud:
    """An account in which dev runs the small site."""

    aws: Aws
    url: str
    via: str
    made: SmallSite

    def deploy(self, package: Package, aws: Aws | None = None) -> list[str]:
        """What it tells. Raises DeployError."""
        told: list[str] = []
        deploy = Deploy(
            aws or self.aws,
            told.append,
            via=self.via,
            make_package=lambda *_, **__: package,
            patience_s=PATIENCE_S,
        )
        try:
            deploy.run()
        finally:
            self.told = told
        return told

    @property
    def release(self) -> str:
        _, health = Site(DOMAIN, self.via).get("/healthz")
        return str(health["version"])


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Each test goes on from where the one before has left it: dev always runs something that works."""
    folder = tmp_path_factory.mktemp("deploy")
    with pytest.MonkeyPatch.context() as monkeypatch, local_cloud(folder) as url, edge_of(DOMAIN, url, folder) as via:
        aws = connect(monkeypatch, url)
        configure(aws, DOMAIN)
        cloud = Cloud(aws, url, via, SmallSite(folder))
        with pytest.raises(DeployError, match="lacks RENDERER_API_KEY"):
            cloud.deploy(cloud.made.package("first"))
        give_vendors_keys(aws)
        cloud.deploy(cloud.made.package("first"))
        yield cloud


def give_vendors_keys(aws: Aws) -> None:
    for name, value in VENDORS.items():
        AppSecret(aws.secrets, aws.stage).set(name, value)


def done(told: list[str]) -> list[str]:
    """The steps, without how long they took."""
    return [line.removeprefix("✓ ").rpartition(" s")[0].rpartition(" ")[0] for line in told if line.startswith("✓ ")]


def test_everything_happens_in_the_order_that_breaks_nothing(cloud: Cloud) -> None:
    told = cloud.deploy(cloud.made.package("ordered"))

    assert done(told) == [
        "account 123456789012, ap-southeast-2",
        "giftflick-dev-network",
        "giftflick-dev-data",
        "secret giftflick/dev/app",
        "code uploaded",
        "giftflick-dev-release",
        "environment of giftflick-dev-release",
        "prepare_database in giftflick-dev-release",
        "check in giftflick-dev-release",
        "migrate in giftflick-dev-release",
        "prepare_console in giftflick-dev-release",
        "static files",
        "zappa update dev",
        "giftflick-dev-edge",
        "giftflick-dev-watch",
        "smoke test of gifts.example.com",
    ]
    assert told[-1] == "dev runs ordered"
    assert "  migrate of ordered" in told
    assert cloud.release == "ordered"
    assert read_outputs(cloud.aws)["Release"] == "ordered"


def test_deploying_the_same_again_changes_nothing(cloud: Cloud) -> None:
    cloud.deploy(cloud.made.package("same"))
    before = running(cloud.aws, DEV.function)

    told = cloud.deploy(cloud.made.package("same"))

    assert running(cloud.aws, DEV.function) == before
    assert not any("update_complete" in line or "create_complete" in line for line in told)
    assert "  0 new ones" in told


def test_static_files_are_kept_for_ever_by_their_hashed_names(cloud: Cloud) -> None:
    bucket = read_outputs(cloud.aws)["StaticBucket"]

    found = cloud.aws.s3.head_object(Bucket=bucket, Key="static/css/site.0123456789ab.css")

    assert found["CacheControl"] == FOR_EVER
    assert found["ContentType"] == "text/css"


def test_no_secret_is_told(cloud: Cloud) -> None:
    told = "\n".join(cloud.deploy(cloud.made.package("silent")))

    values = AppSecret(cloud.aws.secrets, DEV).current()
    assert [name for name, value in values.items() if value and value in told] == []
    assert "a-key-for-the-smoke-test" not in told


@pytest.mark.parametrize("command", ["prepare_database", "check", "migrate", "prepare_console"])
def test_a_failing_command_stops_before_the_running_version_is_touched(cloud: Cloud, command: str) -> None:
    before = running(cloud.aws, DEV.function)

    with pytest.raises(DeployError) as failed:
        cloud.deploy(cloud.made.package(f"no-{command}", failing=command))

    assert str(failed.value) == (
        f"{command} failed in giftflick-dev-release: {command}: column gifts.mood does not exist"
    )
    assert running(cloud.aws, DEV.function) == before
    assert not any("zappa" in line or "Traceback" in line for line in cloud.told)


def test_a_red_smoke_test_rolls_back_and_says_so(cloud: Cloud) -> None:
    cloud.deploy(cloud.made.package("good"))
    before = running(cloud.aws, DEV.function)

    with pytest.raises(DeployError) as failed:
        cloud.deploy(cloud.made.package("bad", ready=False))

    assert str(failed.value) == "/readyz answers 503: database away; rolled back to good, which runs now"
    assert running(cloud.aws, DEV.function) == before
    assert cloud.release == "good"
    assert read_outputs(cloud.aws)["Release"] == "good"


def test_a_red_version_that_ran_already_is_named_with_the_way_back(cloud: Cloud) -> None:
    """As after a deploy that was killed between the update and the smoke test."""
    cloud.deploy(cloud.made.package("good"))
    before = running(cloud.aws, cloud.aws.stage.function)

    outcome = take_back(cloud.aws, read_outputs(cloud.aws)["CodeBucket"], before, lambda _: None)

    assert outcome == "good ran before and runs on: make rollback STAGE=dev has the version before it run"


def test_a_stack_that_fails_after_the_code_went_live_rolls_the_code_back(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cloud.deploy(cloud.made.package("good"))
    for template in templates.FOLDER.glob("*.yaml"):
        shutil.copy(template, tmp_path)
    with (tmp_path / "edge.yaml").open("a") as edge:
        edge.write("  Broken:\n    Value: !GetAtt Api.Nothing\n")
    monkeypatch.setattr(templates, "FOLDER", tmp_path)

    with pytest.raises(DeployError, match="rolled back to good, which runs now"):
        cloud.deploy(cloud.made.package("unseen"))

    assert cloud.release == "good"


def test_rollback_has_the_version_before_run_again(cloud: Cloud) -> None:
    cloud.deploy(cloud.made.package("one"))
    cloud.deploy(cloud.made.package("two"))
    told: list[str] = []

    rollback(cloud.aws, told.append, via=cloud.via)

    assert told[-1] == "dev runs one"
    assert cloud.release == "one"
    assert read_outputs(cloud.aws)["Release"] == "one"


def test_rollback_never_returns_to_a_version_that_was_taken_back(cloud: Cloud) -> None:
    for release in ("older", "good"):
        cloud.deploy(cloud.made.package(release))
    with pytest.raises(DeployError, match="rolled back to good"):
        cloud.deploy(cloud.made.package("bad", ready=False))

    rollback(cloud.aws, lambda _: None, via=cloud.via)

    assert cloud.release == "older"


def test_a_rollback_to_what_does_not_work_either_says_what_runs(cloud: Cloud) -> None:
    cloud.deploy(cloud.made.package("fair"))
    cloud.deploy(cloud.made.package("fairer"))

    with pytest.raises(DeployError, match="; fair runs now: make rollback goes further back, make deploy forward"):
        rollback(cloud.aws, lambda _: None, via="http://127.0.0.1:1", patience_s=0)


def test_redeploying_after_a_rollback_goes_forward_again(cloud: Cloud) -> None:
    cloud.deploy(cloud.made.package("one"))
    cloud.deploy(cloud.made.package("two"))
    rollback(cloud.aws, lambda _: None, via=cloud.via)

    cloud.deploy(cloud.made.package("two"))

    assert cloud.release == "two"


def test_a_first_deploy_that_is_red_has_nothing_to_roll_back_to(cloud: Cloud) -> None:
    staging = Aws(STAGING)
    configure(staging, "staging.example.com")
    with pytest.raises(DeployError) as lacking:
        cloud.deploy(cloud.made.package("first"), staging)
    give_vendors_keys(staging)

    with pytest.raises(DeployError) as red:
        cloud.deploy(cloud.made.package("first"), staging)  # nothing serves staging.example.com here

    assert str(lacking.value).startswith(
        f"giftflick/staging/app lacks {', '.join(VENDORS)}: make secret STAGE=staging NAME=… for each"
    )
    assert str(red.value).endswith(
        "; there is no version before this one to roll back to; mend it, then run make deploy again"
    )
    with pytest.raises(DeployError, match="no earlier version of giftflick-staging is kept to roll back to"):
        rollback(staging, lambda _: None, via=cloud.via)


def test_a_stage_that_another_command_changes_is_left_alone(cloud: Cloud) -> None:
    with DeployLock(cloud.aws.ssm, DEV).held("make rotate SECRET=edge"):
        line = red_line(run("deploy", url=cloud.url))

    assert line.startswith("dev is being changed by make rotate SECRET=edge of ")


def test_the_lock_is_free_after_a_failure(cloud: Cloud) -> None:
    with pytest.raises(DeployError):
        cloud.deploy(cloud.made.package("no-migrate", failing="migrate"))

    with DeployLock(cloud.aws.ssm, DEV).held("make deploy"):
        pass


def test_a_secret_that_vanished_stops_the_deploy_at_once(cloud: Cloud) -> None:
    secret = AppSecret(cloud.aws.secrets, DEV)
    before = secret.current()
    secret.write({**before, "SENDGRID_API_KEY": "", "RENDERER_API_KEY": ""})

    line = red_line(run("deploy", url=cloud.url))

    secret.write(before)
    assert line.startswith("giftflick/dev/app lacks RENDERER_API_KEY, SENDGRID_API_KEY: make secret STAGE=dev NAME=…")


def test_plan_tells_what_would_change_and_changes_nothing(cloud: Cloud) -> None:
    cloud.aws.ssm.put_parameter(Name="/giftflick/dev/monthly-budget", Value="70", Overwrite=True)
    before = running(cloud.aws, DEV.function)

    ended = run("plan", "--no-package", url=cloud.url)

    assert ended.returncode == 0, ended.stderr
    assert "stack giftflick-dev-network: no changes\n" in ended.stdout
    assert "stack giftflick-dev-watch: 1 changes\n  Modify Budget (AWS::Budgets::Budget)\n" in ended.stdout
    assert running(cloud.aws, DEV.function) == before


def test_a_stack_of_production_cannot_be_deleted_by_mistake(cloud: Cloud) -> None:
    template = "Resources: {Logs: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: kept}}}"
    production = Wanted("giftflick-production-network", template, {}, {"stage": "production"}, is_protected=True)

    bring_up(cloud.aws.cloudformation, production, lambda _: None)
    bring_up(cloud.aws.cloudformation, production, lambda _: None)

    with pytest.raises(ClientError, match="TerminationProtection"):
        cloud.aws.cloudformation.delete_stack(StackName=production.name)


def test_only_productions_stacks_are_protected(cloud: Cloud) -> None:
    found = {
        name: templates.wanted(cloud.aws.cloudformation, replace(DEV, name=name), "network", {}).is_protected
        for name in ("dev", "staging", "production")
    }

    assert found == {"dev": False, "staging": False, "production": True}


def test_all_inputs_that_are_missing_are_named_at_once() -> None:
    with empty_account() as url:
        line = red_line(run("deploy", url=url))

    assert line == (
        "missing: alias-domain, certificate-arn, regional-certificate-arn, ops-email, mail-from. "
        'Set it with `make configure STAGE=dev SET="name=value"`'
    )


def test_rollback_of_a_stage_that_was_never_deployed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with empty_account() as url:
        configure(connect(monkeypatch, url), DOMAIN)
        line = red_line(run("rollback", url=url))

    assert line == "there is no function giftflick-dev: make deploy STAGE=dev makes it"


def test_an_aws_out_of_reach_is_one_line() -> None:
    line = red_line(run("deploy", url="http://127.0.0.1:1", AWS_MAX_ATTEMPTS="1"))

    assert line.startswith("AWS is out of reach, nothing more was done; run the command again: ")


def test_what_a_function_said_is_told_without_aws_lines_and_tracebacks() -> None:
    log = (
        "START RequestId: 1 Version: $LATEST\nhello\n  indented\n[ERROR] Oops: no\nTraceback (most recent call last):\n"
        '  File "a.py", line 1\n    raise Oops\n\nafter\nEND RequestId: 1\nREPORT RequestId: 1\n'
    )

    assert said(log) == ["hello", "  indented", "[ERROR] Oops: no", "after"]
