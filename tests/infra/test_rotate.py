"""Each rotation is cut short before each of its calls: the site works at that point, and the next run finishes it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from infra import templates
from infra.app_secret import NAMES, AppSecret
from infra.aws import Aws
from infra.media_keys import MediaKeys
from infra.outputs import read_outputs, write_outputs
from infra.rotate import rotate
from infra.rotations import ROTATIONS
from infra.stacks import bring_up
from infra.stages import DeployError, Stage
from tests.infra.account import DEV, connect, empty_account, local_cloud
from tests.infra.commands import red_line, run

# What of edge.yaml a rotation is about.
EDGE = """
Parameters:
  Stage: {Type: String}
  AppSecret: {Type: String}
  EdgeSecretVersion: {Type: String}
  MediaPublicKeys: {Type: "AWS::SSM::Parameter::Value<String>"}
Resources:
  KeyGroup:
    Type: AWS::CloudFront::KeyGroup
    Properties: {KeyGroupConfig: {Name: media, Items: !Split [",", !Ref MediaPublicKeys]}}
  Distribution:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        DefaultCacheBehavior: {TargetOriginId: api, ViewerProtocolPolicy: https-only, TrustedKeyGroups: [!Ref KeyGroup]}
        Origins:
          - Id: api
            DomainName: api.example.com
            CustomOriginConfig: {OriginProtocolPolicy: https-only}
            OriginCustomHeaders:
              - HeaderName: X-Origin-Secret
                HeaderValue: !Sub
                  "{{resolve:secretsmanager:${AppSecret}:SecretString:EDGE_SECRET::${EdgeSecretVersion}}}"
Outputs:
  DistributionId: {Value: !Ref Distribution}
"""
READING = ("Describe", "Get", "List")
SERVICES = ("secrets", "ssm", "cloudformation", "cloudfront")


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours catches it."""


class Site:
    """What the site and CloudFront know, read as they read it."""

    def __init__(self, aws: Aws) -> None:
        self.aws = aws
        self.secret = AppSecret(aws.secrets, DEV)

    @property
    def sent_header(self) -> str:
        config = self.aws.cloudfront.get_distribution(Id=read_outputs(self.aws)["DistributionId"])["Distribution"]
        headers = config["DistributionConfig"]["Origins"]["Items"][0]["CustomHeaders"].get("Items", [])
        return headers[0]["HeaderValue"]

    @property
    def key_group(self) -> list[str]:
        groups = self.aws.cloudfront.list_key_groups()["KeyGroupList"].get("Items", [])
        return groups[0]["KeyGroup"]["KeyGroupConfig"]["Items"]

    @property
    def public_keys(self) -> set[str]:
        return {key["Id"] for key in self.aws.cloudfront.list_public_keys()["PublicKeyList"].get("Items", [])}

    def check(self) -> None:
        """Nobody is refused: neither CloudFront by the site, nor by CloudFront what the site signs."""
        values = self.secret.current()
        assert self.sent_header in {values["EDGE_SECRET"], values["EDGE_SECRET_NEXT"]}
        assert values["MEDIA_KEY_ID"] in self.key_group
        assert set(self.key_group) <= self.public_keys


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A deployed stage, as far as a rotation is concerned; each test goes on from where the one before has left it."""
    folder = tmp_path_factory.mktemp("rotate")
    (folder / "edge.yaml").write_text(EDGE)
    with pytest.MonkeyPatch.context() as monkeypatch, local_cloud(folder) as url:
        monkeypatch.setattr(templates, "FOLDER", folder)
        aws = connect(monkeypatch, url)
        secret = make_secret(aws, DEV)
        MediaKeys(aws, secret).ensure()
        arn = aws.secrets.describe_secret(SecretId=secret.name)["ARN"]
        known = {"AppSecret": arn, "EdgeSecretVersion": secret.current_version()}
        stack = templates.wanted(aws.cloudformation, DEV, "edge", known)
        write_outputs(aws, bring_up(aws.cloudformation, stack, lambda _: None))
        yield Site(aws)


def make_secret(aws: Aws, stage: Stage) -> AppSecret:
    """As the data stack makes it."""
    secret = AppSecret(aws.secrets, stage)
    values = {**dict.fromkeys(NAMES, ""), "SECRET_KEY": "a-key", "EDGE_SECRET": "a-header"}
    aws.secrets.create_secret(Name=secret.name, SecretString=json.dumps(values))
    return secret


def run_rotation(aws: Aws, which: str) -> None:
    rotate(aws, which, lambda _: None, heard_after_s=0)


def each_call(aws: Aws, before: Callable[[str], None]) -> None:
    """Have `before` told of every call that changes something."""

    def told(model: Any, **_: object) -> None:
        if not model.name.startswith(READING):
            before(model.name)

    for name in SERVICES:
        getattr(aws, name).meta.events.register("before-call", told)


def test_edge_leaves_one_header_that_cloudfront_sends(site: Site) -> None:
    before = site.secret.current()

    run_rotation(site.aws, "edge")

    values = site.secret.current()
    assert site.sent_header == values["EDGE_SECRET"] != before["EDGE_SECRET"]
    assert values["EDGE_SECRET_NEXT"] == ""


def test_media_signs_with_a_new_key_and_trusts_the_one_before_but_not_the_third(site: Site) -> None:
    ids = [site.secret.current()["MEDIA_KEY_ID"]]
    for _ in range(2):
        run_rotation(site.aws, "media")
        ids.append(site.secret.current()["MEDIA_KEY_ID"])

    assert len(set(ids)) == 3
    assert site.key_group == [ids[2], ids[1]]
    assert site.public_keys == set(site.key_group)


def test_the_secret_key_before_is_still_believed_and_the_third_is_not(site: Site) -> None:
    keys = [site.secret.current()["SECRET_KEY"]]
    for _ in range(3):
        run_rotation(site.aws, "secret-key")
        keys.append(site.secret.current()["SECRET_KEY"])

    assert len(set(keys)) == 4
    assert site.secret.current()["SECRET_KEY_FALLBACKS"].split(",") == [keys[2], keys[1]]


def test_the_new_secret_key_is_believed_before_it_signs(site: Site) -> None:
    old = site.secret.current()["SECRET_KEY"]
    seen: list[tuple[str, list[str]]] = []

    def told(_name: str) -> None:
        values = site.secret.current()
        seen.append((values["SECRET_KEY"], values["SECRET_KEY_FALLBACKS"].split(",")))

    aws = Aws(DEV)
    each_call(aws, told)
    run_rotation(aws, "secret-key")

    new = site.secret.current()["SECRET_KEY"]
    assert any(signs == old and new in believed for signs, believed in seen)


@pytest.mark.parametrize("which", ["edge", "media", "secret-key"])
def test_a_rotation_killed_before_any_call_breaks_nothing_and_is_finished_next_time(site: Site, which: str) -> None:
    kills = 0
    before = site.secret.current()
    while True:
        killed = _killed_before_call(site, which, kills)
        site.check()
        if not killed:
            break
        site.aws.ssm.delete_parameter(Name="/giftflick/dev/lock") if _is_locked(site.aws) else None
        kills += 1
        if kills % 3 == 0:  # else every kill would meet the first half only
            run_rotation(site.aws, which)
            site.check()

    values = site.secret.current()
    assert kills > 3
    assert values["EDGE_SECRET_NEXT"] == ""
    assert site.sent_header == values["EDGE_SECRET"]
    assert values != before
    assert len(site.public_keys) <= 2


def _killed_before_call(site: Site, which: str, number: int) -> bool:
    """Run it up to its `number`-th changing call; whether it got that far."""
    left = number
    aws = Aws(DEV)

    def told(_name: str) -> None:
        nonlocal left
        if left == 0:
            raise Killed
        left -= 1

    each_call(aws, told)
    try:
        run_rotation(aws, which)
    except Killed:
        return True
    return False


def _is_locked(aws: Aws) -> bool:
    return bool(aws.ssm.get_parameters(Names=["/giftflick/dev/lock"])["Parameters"])


def test_a_secret_that_cannot_be_rotated_is_refused_with_those_that_can() -> None:
    with empty_account() as url:
        line = red_line(run("rotate", "--secret", "sentry", url=url))

    assert line == f"'sentry' is no secret to rotate: choose one with SECRET=, of {', '.join(ROTATIONS)}"


@pytest.mark.parametrize("which", ["edge", "media", "secret-key"])
def test_a_stage_that_was_never_deployed_has_nothing_to_rotate(monkeypatch: pytest.MonkeyPatch, which: str) -> None:
    with empty_account() as url, pytest.raises(DeployError, match="there is no secret giftflick/dev/app yet"):
        run_rotation(connect(monkeypatch, url), which)


@pytest.mark.parametrize("which", ["edge", "media"])
def test_without_an_edge_stack_nothing_is_changed(site: Site, which: str) -> None:
    aws = Aws(replace(DEV, name="staging"))
    secret = AppSecret(aws.secrets, aws.stage)
    before = secret.current() if secret.exists() else make_secret(aws, aws.stage).current()

    with pytest.raises(DeployError, match="staging is not deployed yet: make deploy STAGE=staging first"):
        run_rotation(aws, which)

    assert secret.current() == before
