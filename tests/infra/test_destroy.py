"""Destroying leaves nothing of a stage, however often it was cut short, and never touches production."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra import smoke
from infra.app_secret import AppSecret
from infra.aws import Aws
from infra.deploy import Deploy
from infra.destroy import destroy
from infra.leftovers import wait_for_interfaces
from infra.outputs import read_outputs
from infra.stages import DeployError
from local.cloud.inventory import inventory
from tests.infra.account import DEV, connect, empty_account, local_cloud
from tests.infra.commands import red_line, run
from tests.infra.small_site import VENDORS, SmallSite, configure, edge_of

DOMAIN = "gifts.example.com"
READING = ("Describe", "Get", "List")
SERVICES = ("cloudformation", "cloudfront", "dynamodb", "iam", "logs", "rds", "s3", "secrets", "ssm")


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours catches it."""


@dataclass
class Used:
    """A stage that was deployed and used."""

    aws: Aws
    url: str


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Used]:
    monkeypatch.setattr(smoke, "PATIENCE_S", 30.0)
    with local_cloud(tmp_path) as url, edge_of(DOMAIN, url, tmp_path) as via:
        aws = connect(monkeypatch, url)
        configure(aws, DOMAIN)
        package = SmallSite(tmp_path).package("first")
        deploy = Deploy(aws, lambda _: None, via=via, make_package=lambda *_, **__: package)
        with pytest.raises(DeployError, match="lacks"):
            deploy.run()
        for name, value in VENDORS.items():
            AppSecret(aws.secrets, DEV).set(name, value)
        deploy.run()
        use(aws)
        yield Used(aws, url)


def use(aws: Aws) -> None:
    """What a stage comes to hold: films, unfinished uploads, a renderer's key, something handed over, logs."""
    outputs = read_outputs(aws)
    media = outputs["MediaBucket"]
    aws.s3.put_bucket_versioning(Bucket=media, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"one", b"two"):
        aws.s3.put_object(Bucket=media, Key="renders/film.mp4", Body=body)
    aws.s3.put_object(Bucket=media, Key="uploads/photo.jpg", Body=b"photo")
    aws.s3.delete_object(Bucket=media, Key="uploads/photo.jpg")
    aws.s3.create_multipart_upload(Bucket=media, Key="uploads/clip.mp4")
    aws.iam.create_access_key(UserName=outputs["RendererUser"])
    aws.secrets.create_secret(Name="giftflick/dev/handover/a-key", SecretString="handed-over")
    aws.logs.create_log_group(logGroupName="/aws/rds/cluster/giftflick-dev-data-databasecluster/postgresql")
    aws.rds.create_db_cluster_snapshot(
        DBClusterIdentifier=outputs["DatabaseCluster"], DBClusterSnapshotIdentifier="the-last-one"
    )


def test_nothing_is_left_however_often_it_was_killed(used: Used) -> None:
    kills = 0
    while _is_killed(after_calls=3 * kills):
        kills += 1
        used.aws.ssm.delete_parameters(Names=["/giftflick/dev/lock"])  # as the line about it says

    assert kills > 3
    assert inventory(used.url) == {}


def _is_killed(*, after_calls: int) -> bool:
    """Run it up to that many calls that change something; whether it was not through by then."""
    aws, left = Aws(DEV), after_calls

    def told(model: Any, **_: object) -> None:
        nonlocal left
        if not model.name.startswith(READING):
            if left == 0:
                raise Killed
            left -= 1

    for name in SERVICES:
        getattr(aws, name).meta.events.register("before-call", told)
    try:
        destroy(aws, lambda _: None)
    except Killed:
        return True
    return False


def test_the_roles_stay_until_lambda_has_removed_the_network_interfaces_that_it_made_by_them(used: Used) -> None:
    """Else it never could, and the network would stay for ever. It takes up to 20 minutes after a function's end."""
    aws, outputs, looks = used.aws, read_outputs(used.aws), 0
    subnet = outputs["PrivateSubnetIds"].split(",")[0]
    interface = aws.ec2.create_network_interface(SubnetId=subnet, Groups=[outputs["FunctionSecurityGroupId"]])
    role = outputs["FunctionRole"].rpartition("/")[2]

    def lambda_removes_it(**_: object) -> None:
        nonlocal looks
        looks += 1
        assert aws.iam.get_role(RoleName=role)
        if looks == 2:
            aws.ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterface"]["NetworkInterfaceId"])

    aws.ec2.meta.events.register("before-call.ec2.DescribeNetworkInterfaces", lambda_removes_it)
    destroy(aws, lambda _: None, interfaces_pause_s=0)

    assert looks >= 2
    assert inventory(used.url) == {}


def test_network_interfaces_that_stay_end_a_destroy_with_what_to_do(used: Used) -> None:
    aws, outputs = used.aws, read_outputs(used.aws)
    subnet = outputs["PrivateSubnetIds"].split(",")[0]
    interface = aws.ec2.create_network_interface(SubnetId=subnet, Groups=[outputs["FunctionSecurityGroupId"]])

    with pytest.raises(DeployError, match=f"{interface['NetworkInterface']['NetworkInterfaceId']}.*again in an hour"):
        wait_for_interfaces(aws, outputs["FunctionSecurityGroupId"], pause_s=0, patience_s=0)


def test_another_stages_things_are_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with local_cloud(tmp_path) as url:
        aws = connect(monkeypatch, url)
        aws.ssm.put_parameter(Name="/giftflick/development/ops-email", Value="ops@example.com", Type="String")
        aws.secrets.create_secret(Name="giftflick/development/app", SecretString="{}")
        aws.logs.create_log_group(logGroupName="/aws/lambda/giftflick-development")
        before = inventory(url)

        destroy(aws, lambda _: None)

        assert inventory(url) == before


def test_production_is_refused_before_anything_is_asked_of_aws() -> None:
    line = red_line(run("destroy", url="http://127.0.0.1:1", stage="production", CONFIRM="production"))

    assert line == "production is never destroyed by a command: docs/operations.md says how people do it"


@pytest.mark.parametrize("confirmed", [None, "", "staging", "yes"])
def test_without_the_stages_name_nothing_is_removed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, confirmed: str | None
) -> None:
    with empty_account() as url:
        aws = connect(monkeypatch, url)
        aws.ssm.put_parameter(Name="/giftflick/dev/ops-email", Value="ops@example.com", Type="String")

        line = red_line(run("destroy", url=url, **({} if confirmed is None else {"CONFIRM": confirmed})))

        assert line == "nothing was removed: repeat the stage's name, CONFIRM=dev, if it shall go"
        assert aws.ssm.get_parameter(Name="/giftflick/dev/ops-email")["Parameter"]["Value"] == "ops@example.com"
