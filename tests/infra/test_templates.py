"""What holds for every template: cfn-lint's rules, tags, encryption, deletion, parameters, names, outputs."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from infra.parameters import PARAMETERS, WRITTEN
from infra.stages import PROJECT
from tests.infra.evaluation import PARTS, STAGES, TEMPLATES, of_type, resources_in

RESOURCES = {
    (part, name): resource for part, template in TEMPLATES.items() for name, resource in template["Resources"].items()
}
# What the deploy knows without a stack.
KNOWN = {"Stage", "Runtime", "CodeKey", "AuthorizerKey", "FunctionArn", "EdgeSecretVersion"}
# Whose names CloudFormation makes up, so that what is replaced does not clash with what it replaces.
NAMELESS = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
    "AWS::RDS::DBCluster": "DBClusterIdentifier",
    "AWS::RDS::DBInstance": "DBInstanceIdentifier",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
}


def test_cfn_lint_has_nothing_to_say() -> None:
    linted = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint")], cwd=PROJECT, capture_output=True, text=True, check=False
    )

    assert (linted.returncode, linted.stdout, linted.stderr) == (0, "", "")


@pytest.mark.parametrize("part", TEMPLATES)
def test_each_template_fits_into_one_call(part: str) -> None:
    assert (PROJECT / "infra" / f"{part}.yaml").stat().st_size <= 51_200


def tags_of(kind: str, properties: dict[str, Any]) -> dict[str, Any] | None:
    """None for what AWS does not tag."""
    tagging = PROVIDER_SCHEMA_MANAGER.get_resource_schema("ap-southeast-2", kind).schema.get("tagging", {})
    if not tagging.get("taggable"):
        return None
    tags = properties.get(tagging["tagProperty"].removeprefix("/properties/"), {})
    return tags if isinstance(tags, dict) else {tag["Key"]: tag["Value"] for tag in tags}


@pytest.mark.parametrize(("part", "name"), RESOURCES)
def test_whatever_can_be_tagged_says_its_project_and_stage(part: str, name: str) -> None:
    resource = RESOURCES[part, name]
    tags = tags_of(resource["Type"], resource["Properties"])

    if tags is not None:
        assert tags["project"] == "giftflick"
        assert part == "ci" or tags["stage"] == {"Ref": "Stage"}  # what CircleCI needs is made once an account


def test_nearly_everything_can_be_tagged() -> None:
    """Else the test above would have looked at nothing."""
    tagged = [resource for resource in RESOURCES.values() if tags_of(resource["Type"], resource["Properties"])]

    assert len(tagged) > 60


def is_encrypted(kind: str, properties: dict[str, Any]) -> bool | None:
    """None for what holds no data of ours, or is encrypted by AWS whatever one says (logs, secrets, variables)."""
    match kind:
        case "AWS::S3::Bucket":
            rules = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
            return [rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] for rule in rules] == ["AES256"]
        case "AWS::DynamoDB::Table":
            return properties["SSESpecification"]["SSEEnabled"] is True
        case "AWS::RDS::DBCluster":
            return properties["StorageEncrypted"] is True
        case "AWS::SNS::Topic":
            return bool(properties["KmsMasterKeyId"])
        case "AWS::EC2::Instance":
            return all(device["Ebs"]["Encrypted"] is True for device in properties["BlockDeviceMappings"])
    return None


def test_whatever_keeps_data_is_encrypted() -> None:
    judged = {name: is_encrypted(resource["Type"], resource["Properties"]) for (_, name), resource in RESOURCES.items()}

    assert {name: verdict for name, verdict in judged.items() if verdict is not None} == dict.fromkeys(
        ("NatInstance", "DatabaseCluster", "KeyTable", "MediaBucket", "StaticBucket", "CodeBucket", "AlarmTopic"), True
    )


def test_what_must_not_be_lost_outlives_its_stack() -> None:
    said = {
        name: (resource["DeletionPolicy"], resource["UpdateReplacePolicy"])
        for (_, name), resource in RESOURCES.items()
        if "DeletionPolicy" in resource
    }

    assert {name: policies for name, policies in said.items() if policies != ("Delete", "Delete")} == {
        "DatabaseCluster": ("Snapshot", "Snapshot"),
        "KeyTable": ("RetainExceptOnCreate", "Retain"),
        "MediaBucket": ("RetainExceptOnCreate", "Retain"),
        "AppSecret": ("RetainExceptOnCreate", "Retain"),
    }


@pytest.mark.parametrize("part", PARTS)
def test_each_parameter_has_somebody_who_fills_it(part: str) -> None:
    earlier = PARTS[: PARTS.index(part)]
    put_out = {name for before in earlier for name in TEMPLATES[before]["Outputs"]}
    for name, parameter in TEMPLATES[part]["Parameters"].items():
        if parameter["Type"].startswith("AWS::SSM::Parameter::Value<"):
            assert re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower() in PARAMETERS | WRITTEN
        else:
            assert name in put_out | KNOWN


def test_no_two_stacks_put_out_the_same_name() -> None:
    names = [name for part in PARTS for name in TEMPLATES[part]["Outputs"]]

    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("part", "outputs"),
    [
        ("network", "VpcId PrivateSubnetIds FunctionSecurityGroupId DatabaseSecurityGroupId"),
        (
            "data",
            """MediaBucket MediaBucketDomain StaticBucket StaticBucketDomain CodeBucket KeyTable KeyTableArn AppSecret
            DatabaseSecret ConsoleSecret DatabaseAdminSecret DatabaseHost DatabasePort DatabaseCluster
            RendererUser RendererSecret FunctionRole ReleaseRole AuthorizerRole""",
        ),
        ("release", "ReleaseFunction"),
        ("edge", "DistributionId DistributionDomain ApiId RegionalDomain SiteUrl"),
        ("watch", "AlarmTopic DashboardName"),
        ("ci", "StagingRole ProductionRole"),
    ],
)
def test_each_stack_puts_out_what_the_deploy_reads(part: str, outputs: str) -> None:
    assert list(TEMPLATES[part]["Outputs"]) == outputs.split()


def test_what_holds_data_or_rights_has_no_name_of_its_own() -> None:
    there = [resource for resource in RESOURCES.values() if resource["Type"] in NAMELESS]

    assert {resource["Type"] for resource in there} == NAMELESS.keys()
    assert not [resource for resource in there if NAMELESS[resource["Type"]] in resource["Properties"]]


@pytest.mark.parametrize("stage", STAGES)
def test_logs_are_kept_for_as_long_as_the_stage_says(stage: str) -> None:
    groups = {
        properties["LogGroupName"]["Fn::Sub"].replace("${Stage}", stage): properties["RetentionInDays"]
        for part in PARTS
        for properties in of_type(resources_in(part, stage), "Logs::LogGroup").values()
    }

    days = {"dev": 30, "staging": 90, "production": 400}[stage]
    assert groups == {
        f"/aws/lambda/giftflick-{stage}": days,
        f"/aws/lambda/giftflick-{stage}-release": days,
        f"/aws/lambda/giftflick-{stage}-authorizer": days,
        f"/aws/vendedlogs/giftflick-{stage}-api": days,
    }


@pytest.mark.parametrize("part", TEMPLATES)
def test_no_template_has_a_secret_or_somebodys_account(part: str) -> None:
    text = (PROJECT / "infra" / f"{part}.yaml").read_text()

    assert not re.search(r"\b\d{12}\b|AKIA|BEGIN [A-Z ]*PRIVATE", text)
