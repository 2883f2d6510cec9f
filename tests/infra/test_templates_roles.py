"""Who may do what in AWS: each role has exactly its list, so that every new call is a decision."""

import re
from typing import Any

import pytest

from accounts.management.commands.smoke_key import PLACE
from infra.policies import read_template, resolve, statements
from tests.infra.evaluation import TEMPLATES, of_type, resources_in

DATA = read_template("data")
NAMES = {
    "Stage": "dev",
    "AWS::Partition": "aws",
    "AWS::Region": "here",
    "AWS::AccountId": "us",
    **{
        name: name
        for name in (
            "AppSecret",
            "DatabaseSecret",
            "ConsoleSecret",
            "RendererSecret",
            "MediaBucket.Arn",
            "KeyTable.Arn",
            "RendererUser.Arn",
            "SiteLogs.Arn",
            "ReleaseLogs.Arn",
            "DatabaseCluster.MasterUserSecret.SecretArn",
        )
    },
}
APPLICATION = {
    "MediaBucket.Arn": {"s3:ListBucket"},
    "MediaBucket.Arn/uploads/*": {
        "s3:GetObject",
        "s3:PutObject",
        "s3:DeleteObject",
        "s3:AbortMultipartUpload",
        "s3:ListMultipartUploadParts",
    },
    "MediaBucket.Arn/renders/*": {"s3:GetObject", "s3:DeleteObject"},
    "MediaBucket.Arn/templates/*": {"s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"},
    "MediaBucket.Arn/imports/*": {"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"},
    "MediaBucket.Arn/exports/*": {"s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"},
    "KeyTable.Arn": {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Scan"},
    "AppSecret": {"secretsmanager:GetSecretValue"},
    "DatabaseSecret": {"secretsmanager:GetSecretValue"},
    "arn:aws:lambda:here:us:function:giftflick-dev": {"lambda:InvokeFunction"},
    "*": {
        "ec2:CreateNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:DeleteNetworkInterface",
        "ec2:AssignPrivateIpAddresses",
        "ec2:UnassignPrivateIpAddresses",
    },
}
WRITE_LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def allowed(identity: str) -> dict[str, set[str]]:
    """Actions by resource."""
    found: dict[str, set[str]] = {}
    for statement in statements(DATA, identity, NAMES):
        if statement["Effect"] == "Allow":
            for resource in as_list(statement["Resource"]):
                found.setdefault(resource, set()).update(as_list(statement["Action"]))
    return found


def test_the_sites_function_may_do_exactly_what_its_code_calls() -> None:
    assert allowed("FunctionRole") == {
        **APPLICATION,
        "SiteLogs.Arn": WRITE_LOGS,
        "arn:aws:secretsmanager:here:us:secret:giftflick/dev/handover/*": {
            "secretsmanager:CreateSecret",
            "secretsmanager:TagResource",
            "secretsmanager:PutSecretValue",
            "secretsmanager:DescribeSecret",
            "secretsmanager:DeleteSecret",
            "secretsmanager:RestoreSecret",
        },
        "RendererUser.Arn": {
            "iam:CreateAccessKey",
            "iam:ListAccessKeys",
            "iam:DeleteAccessKey",
            "iam:GetAccessKeyLastUsed",
        },
        "RendererSecret": {"secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"},
        "ConsoleSecret": {"secretsmanager:GetSecretValue"},
    }


def test_the_release_function_reads_the_owners_password_and_writes_the_sites_login() -> None:
    assert allowed("ReleaseRole") == {
        **APPLICATION,
        "ReleaseLogs.Arn": WRITE_LOGS,
        "DatabaseCluster.MasterUserSecret.SecretArn": {"secretsmanager:GetSecretValue"},
        "DatabaseSecret": {
            "secretsmanager:GetSecretValue",
            "secretsmanager:DescribeSecret",
            "secretsmanager:PutSecretValue",
        },
        "ConsoleSecret": {
            "secretsmanager:GetSecretValue",
            "secretsmanager:DescribeSecret",
            "secretsmanager:PutSecretValue",
        },
    }


def test_the_authorizer_reads_keys_and_nothing_else() -> None:
    assert allowed("AuthorizerRole") == {
        "KeyTable.Arn": {"dynamodb:GetItem"},
        "arn:aws:logs:here:us:log-group:/aws/lambda/giftflick-dev-authorizer:*": WRITE_LOGS,
    }


def test_the_renderer_uploads_films_and_does_nothing_else() -> None:
    assert allowed("RendererUser") == {
        "MediaBucket.Arn/renders/*": {"s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}
    }


@pytest.mark.parametrize("identity", ["FunctionRole", "ReleaseRole"])
def test_code_may_not_touch_the_network_interfaces_that_lambda_makes_for_it(identity: str) -> None:
    denied = [statement for statement in statements(DATA, identity, NAMES) if statement["Effect"] == "Deny"]

    [statement] = denied
    assert (statement["Action"], statement["Resource"]) == ("ec2:*", "*")
    assert statement["Condition"] == {
        "ArnLike": {"lambda:SourceFunctionArn": "arn:aws:lambda:here:us:function:giftflick-dev*"}
    }


def test_a_role_is_lambdas_to_take() -> None:
    """EventBridge takes none; it only refuses rules whose role does not trust it, and Zappa gives its own to them."""
    trusted = {
        name: as_list(role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"])
        for name, role in of_type(resources_in("data", "dev"), "IAM::Role").items()
    }

    assert trusted == {
        "FunctionRole": ["lambda.amazonaws.com", "events.amazonaws.com"],
        "ReleaseRole": ["lambda.amazonaws.com"],
        "AuthorizerRole": ["lambda.amazonaws.com"],
    }


@pytest.mark.parametrize("identity", ["FunctionRole", "ReleaseRole", "AuthorizerRole", "RendererUser"])
def test_no_list_has_a_wildcard_for_actions(identity: str) -> None:
    assert not [action for actions in allowed(identity).values() for action in actions if "*" in action]


def test_a_reference_without_a_meaning_is_an_error() -> None:
    with pytest.raises(KeyError, match="Unknown"):
        resolve({"Fn::Sub": "${Unknown}"}, {})


# ---- CircleCI


def ci_statements() -> dict[str, dict[str, Any]]:
    policies = of_type(TEMPLATES["ci"]["Resources"], "IAM::ManagedPolicy").values()
    return {one["Sid"]: one for policy in policies for one in policy["PolicyDocument"]["Statement"]}


@pytest.mark.parametrize("role", ["StagingRole", "ProductionRole"])
def test_only_our_project_on_main_may_deploy(role: str) -> None:
    trust = TEMPLATES["ci"]["Resources"][role]["Properties"]["AssumeRolePolicyDocument"]["Fn::Sub"]

    issuer = "oidc.circleci.com/org/${OrganizationId}"
    assert f'"{issuer}:aud": "${{OrganizationId}}"' in trust
    subject = re.search(rf'"{re.escape(issuer)}:sub":\s+"([^"]+)"', trust)
    assert subject is not None
    assert subject[1] == ("org/${OrganizationId}/project/${ProjectId}/user/*/vcs-origin/*/vcs-ref/refs/heads/main")


def test_ci_reaches_its_own_stage_only_except_for_what_aws_holds_to_no_resource() -> None:
    stage = "${!aws:PrincipalTag/stage}"
    unbound = {
        sid
        for sid, statement in ci_statements().items()
        if any(not isinstance(one, dict) or stage not in one["Fn::Sub"] for one in as_list(statement["Resource"]))
    }

    assert unbound == {
        "TemplatesAndLists", "PublicImages", "MediaKeys", "Contents", "Certificates", "ServiceLinkedRoles", "Data"
    }  # fmt: skip
    others = [one["Fn::Sub"] for one in ci_statements()["Data"]["Resource"] if stage not in one["Fn::Sub"]]
    assert others == ["arn:${AWS::Partition}:secretsmanager:*:${AWS::AccountId}:secret:rds!cluster-*"]


def test_what_stacks_are_made_of_is_reached_by_way_of_cloudformation_only() -> None:
    by_cloudformation = {"ForAnyValue:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}}
    held = {sid for sid, statement in ci_statements().items() if statement.get("Condition") == by_cloudformation}

    assert held == {"Contents", "Data", "Certificates", "Identities", "ServiceLinkedRoles"}


def test_ci_gives_roles_of_its_stage_to_lambda_and_its_rules_only() -> None:
    statement = ci_statements()["FunctionsRoles"]

    assert statement["Action"] == "iam:PassRole"
    assert statement["Condition"] == {
        "StringEquals": {"iam:PassedToService": ["lambda.amazonaws.com", "events.amazonaws.com"]}
    }


def test_ci_reads_no_secret_but_the_apps_and_the_smoke_tests_key() -> None:
    readable = [
        one["Fn::Sub"].partition(":secret:")[2]
        for statement in ci_statements().values()
        if "secretsmanager:GetSecretValue" in statement["Action"]
        for one in as_list(statement["Resource"])
    ]

    assert readable == [
        "giftflick/${!aws:PrincipalTag/stage}/app-*",
        f"giftflick/${{!aws:PrincipalTag/stage}}/handover/{PLACE}-??????",
    ]
