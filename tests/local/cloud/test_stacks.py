"""Stacks: what templates may say, what comes of it, and what happens when it cannot be."""

import json
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.local.cloud.harness import Cloud, zipped

SHORT_FORMS = """
Parameters:
  Stage: {Type: String}
  Domain: {Type: "AWS::SSM::Parameter::Value<String>"}
  Keys: {Type: "AWS::SSM::Parameter::Value<List<String>>"}
Mappings:
  Kept: {dev: {Days: 30}, production: {Days: 400}}
Conditions:
  IsDev: !Equals [!Ref Stage, dev]
  IsLive: !Not [!Condition IsDev]
Resources:
  Logs:
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: !Sub "/test/${Stage}/${Domain}"
      RetentionInDays: !FindInMap [Kept, !Ref Stage, Days]
  Table:
    Type: AWS::DynamoDB::Table
    Condition: IsLive
    Properties:
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      BillingMode: PAY_PER_REQUEST
      TimeToLiveSpecification: {AttributeName: ttl, Enabled: true}
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
Outputs:
  Logs: {Value: !Ref Logs}
  LogsArn: {Value: !GetAtt Logs.Arn}
  Key: {Value: !Select [1, !Ref Keys]}
  Where: {Value: !If [IsLive, here, there]}
  Zone: {Value: !Select [0, !GetAZs ""]}
  Table: {Condition: IsLive, Value: !Ref Table}
"""


def bucket(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::S3::Bucket", "Properties": properties}


def template(**resources: Any) -> dict[str, Any]:
    return {"Resources": resources, "Outputs": {name: {"Value": {"Ref": name}} for name in resources}}


@pytest.fixture
def name() -> str:
    return f"stack-{uuid4().hex[:8]}"


@pytest.fixture
def parameters(cloud: Cloud, name: str) -> dict[str, str]:
    ssm = cloud.client("ssm")
    ssm.put_parameter(Name=f"/{name}/domain", Value=f"{name}.example", Type="String")
    ssm.put_parameter(Name=f"/{name}/keys", Value="one,two", Type="StringList")
    return {"Domain": f"/{name}/domain", "Keys": f"/{name}/keys"}


def test_short_forms_conditions_and_parameters_of_ssm_are_worked_out(
    cloud: Cloud, name: str, parameters: dict[str, str]
) -> None:
    stack = cloud.deploy(name, SHORT_FORMS, Stage="dev", **parameters)

    group = f"/test/dev/{name}.example"
    arn = f"arn:aws:logs:ap-southeast-2:123456789012:log-group:{group}:*"
    assert stack.outputs == {"Logs": group, "LogsArn": arn, "Key": "two", "Where": "there", "Zone": "ap-southeast-2a"}
    [kept] = cloud.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert kept["retentionInDays"] == 30


def test_condition_on_another_one_lets_a_resource_be(cloud: Cloud, name: str, parameters: dict[str, str]) -> None:
    stack = cloud.deploy(name, SHORT_FORMS, Stage="production", **parameters)

    dynamodb = cloud.client("dynamodb")
    assert stack.outputs["Where"] == "here"
    lives = dynamodb.describe_time_to_live(TableName=stack.outputs["Table"])["TimeToLiveDescription"]
    assert lives == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}
    backups = dynamodb.describe_continuous_backups(TableName=stack.outputs["Table"])["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_change_set_of_what_is_there_already_fails(cloud: Cloud, name: str, parameters: dict[str, str]) -> None:
    cloud.deploy(name, SHORT_FORMS, Stage="dev", **parameters)

    again = cloud.deploy(name, SHORT_FORMS, Stage="dev", **parameters)

    assert (again.status, "didn't contain changes" in again.reason) == ("FAILED", True)


def test_value_of_ssm_that_changed_is_a_change(cloud: Cloud, name: str, parameters: dict[str, str]) -> None:
    cloud.deploy(name, SHORT_FORMS, Stage="dev", **parameters)
    cloud.client("ssm").put_parameter(Name=f"/{name}/keys", Value="one,three", Type="StringList", Overwrite=True)

    stack = cloud.deploy(name, SHORT_FORMS, Stage="dev", **parameters)

    assert (stack.status, stack.outputs["Key"]) == ("UPDATE_COMPLETE", "three")


def test_missing_parameter_of_ssm_is_named(cloud: Cloud, name: str, parameters: dict[str, str]) -> None:
    with pytest.raises(ClientError, match=f"/{name}/nowhere. cannot be found"):
        cloud.deploy(name, SHORT_FORMS, Stage="dev", **{**parameters, "Domain": f"/{name}/nowhere"})


def test_unknown_type_fails_and_what_was_made_is_taken_back(cloud: Cloud, name: str) -> None:
    films = bucket(BucketName=f"{name}-films")
    stack = cloud.deploy(name, template(Films=films, Other={"Type": "AWS::Nowhere::Thing", "DependsOn": "Films"}))

    assert (stack.status, "AWS::Nowhere::Thing" in stack.reason) == ("ROLLBACK_COMPLETE", True)
    assert stack.events[-5:] == [
        ("Films", "CREATE_COMPLETE"),
        ("Other", "CREATE_FAILED"),
        (name, "ROLLBACK_IN_PROGRESS"),
        ("Films", "DELETE_COMPLETE"),
        (name, "ROLLBACK_COMPLETE"),
    ]
    assert f"{name}-films" not in buckets(cloud)


def test_unknown_property_is_no_less_an_error(cloud: Cloud, name: str) -> None:
    stack = cloud.deploy(name, template(Films=bucket(Sparkling=True)))

    assert (stack.status, "does not take Sparkling" in stack.reason) == ("ROLLBACK_COMPLETE", True)


def test_resource_that_is_on_paper_only_has_a_name_and_changes(cloud: Cloud, name: str) -> None:
    def budget(amount: str) -> dict[str, Any]:
        limit = {"BudgetType": "COST", "BudgetLimit": {"Amount": amount, "Unit": "USD"}}
        return template(Budget={"Type": "AWS::Budgets::Budget", "Properties": {"Budget": limit}})

    first, second = cloud.deploy(name, budget("50")), cloud.deploy(name, budget("60"))

    assert (second.status, second.outputs) == ("UPDATE_COMPLETE", first.outputs)
    assert ("Budget", "UPDATE_COMPLETE") in second.events


def test_failed_update_goes_back_to_what_was(cloud: Cloud, name: str) -> None:
    def user(*policies: dict[str, Any]) -> dict[str, Any]:
        return {"Type": "AWS::IAM::User", "Properties": {"UserName": name, "Policies": list(policies)}}

    cloud.deploy(name, template(User=user(policy("first", "s3:GetObject"))))
    other = {"Type": "AWS::Nowhere::Thing", "DependsOn": "User"}

    stack = cloud.deploy(name, template(User=user(policy("second", "s3:PutObject")), Other=other))

    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert cloud.client("iam").list_user_policies(UserName=name)["PolicyNames"] == ["first"]


def test_resource_that_left_the_template_goes_unless_it_is_retained(cloud: Cloud, name: str) -> None:
    left, kept = bucket(BucketName=f"{name}-left"), {**bucket(BucketName=f"{name}-kept"), "DeletionPolicy": "Retain"}
    cloud.deploy(name, template(Left=left, Kept=kept, Stays=bucket()))

    stack = cloud.deploy(name, template(Stays=bucket()))

    assert stack.status == "UPDATE_COMPLETE"
    assert ("Kept", "DELETE_SKIPPED") in stack.events
    assert (f"{name}-left" in buckets(cloud), f"{name}-kept" in buckets(cloud)) == (False, True)


def test_bucket_that_is_not_empty_stops_the_deletion(cloud: Cloud, name: str) -> None:
    cloud.deploy(name, template(Films=bucket(BucketName=f"{name}-films")))
    s3, api = cloud.client("s3"), cloud.client("cloudformation")
    s3.put_object(Bucket=f"{name}-films", Key="film", Body=b"film")

    api.delete_stack(StackName=name)
    stuck = cloud.stack(name)
    s3.delete_object(Bucket=f"{name}-films", Key="film")
    api.delete_stack(StackName=name)

    assert (stuck.status, "BucketNotEmpty" in stuck.reason) == ("DELETE_FAILED", True)
    with pytest.raises(ClientError, match="does not exist"):
        cloud.stack(name)


def test_protected_stack_is_not_deleted(cloud: Cloud, name: str) -> None:
    cloud.deploy(name, template(Films=bucket()))
    api = cloud.client("cloudformation")
    api.update_termination_protection(StackName=name, EnableTerminationProtection=True)

    with pytest.raises(ClientError, match="TerminationProtection"):
        api.delete_stack(StackName=name)
    assert cloud.stack(name).status == "CREATE_COMPLETE"


def test_what_a_bucket_shall_do_is_set(cloud: Cloud, name: str) -> None:
    rules = [
        {"Id": "expire", "Status": "Enabled", "Prefix": "renders/", "ExpirationInDays": 90},
        {"Id": "abort", "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
    ]
    cors = [{"AllowedMethods": ["PUT"], "AllowedOrigins": ["*"], "ExposedHeaders": ["ETag"], "MaxAge": 3600}]
    properties = {"LifecycleConfiguration": {"Rules": rules}, "CorsConfiguration": {"CorsRules": cors}}
    films = cloud.deploy(name, template(Films=bucket(**properties))).outputs["Films"]

    s3 = cloud.client("s3")
    [expire, abort] = s3.get_bucket_lifecycle_configuration(Bucket=films)["Rules"]
    assert (expire["Filter"], expire["Expiration"]) == ({"Prefix": "renders/"}, {"Days": 90})
    assert abort["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    [rule] = s3.get_bucket_cors(Bucket=films)["CORSRules"]
    assert (rule["ExposeHeaders"], rule["MaxAgeSeconds"]) == (["ETag"], 3600)


def test_dynamic_reference_is_read_at_its_version(cloud: Cloud, name: str) -> None:
    secrets = cloud.client("secretsmanager")
    arn = secrets.create_secret(Name=name, SecretString='{"EDGE": "old"}')["ARN"]
    old = secrets.describe_secret(SecretId=arn)["VersionIdsToStages"].popitem()[0]
    secrets.put_secret_value(SecretId=arn, SecretString='{"EDGE": "new"}')

    said = f"{{{{resolve:secretsmanager:{arn}:SecretString:EDGE::{old}}}}}"
    properties = {"Name": f"{name}-copy", "SecretString": said}

    copy = cloud.deploy(name, template(Copy={"Type": "AWS::SecretsManager::Secret", "Properties": properties})).outputs

    assert secrets.get_secret_value(SecretId=copy["Copy"])["SecretString"] == "old"


def test_attribute_of_an_attribute_is_told_in_a_text(cloud: Cloud, name: str) -> None:
    text = f"""
Resources:
  Path:
    Type: AWS::CloudFront::Function
    Properties:
      Name: {name}
      FunctionConfig: {{Comment: none, Runtime: cloudfront-js-2.0}}
      FunctionCode: function handler(event) {{ return event.request; }}
Outputs:
  Arn: {{Value: !Sub "<${{Path.FunctionMetadata.FunctionARN}}>"}}
"""

    assert cloud.deploy(name, text).outputs == {"Arn": f"<arn:aws:cloudfront::123456789012:function/{name}>"}


def test_function_takes_new_code_and_keeps_its_name(cloud: Cloud, name: str) -> None:
    s3, role = cloud.client("s3"), cloud.make_role()
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "ap-southeast-2"})

    def function(answer: str) -> dict[str, Any]:
        source = f"def handler(event, context):\n    return {answer!r}\n"
        s3.put_object(Bucket=name, Key=answer, Body=zipped({"app.py": source}))
        code = {"S3Bucket": name, "S3Key": answer}
        properties = {
            "FunctionName": name,
            "Runtime": "python3.11",
            "Handler": "app.handler",
            "Role": role,
            "Code": code,
        }
        return template(Function={"Type": "AWS::Lambda::Function", "Properties": properties})

    for answer in ("old", "new"):
        assert cloud.deploy(name, function(answer)).outputs == {"Function": name}
        assert cloud.invoke(name, {})["Payload"] == answer


def test_secret_is_made_up_once(cloud: Cloud, name: str) -> None:
    wanted = {
        "GenerateStringKey": "SECRET_KEY",
        "PasswordLength": 64,
        "ExcludePunctuation": True,
        "SecretStringTemplate": '{"OTHER": ""}',
    }
    secret = {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": name, "GenerateSecretString": wanted}}
    arn = cloud.deploy(name, template(Secret=secret)).outputs["Secret"]
    read = cloud.client("secretsmanager").get_secret_value
    first = json.loads(read(SecretId=arn)["SecretString"])

    secret["Properties"]["Description"] = "changed"  # type: ignore[index]
    assert cloud.deploy(name, template(Secret=secret)).status == "UPDATE_COMPLETE"

    assert (first["OTHER"], len(first["SECRET_KEY"]), first["SECRET_KEY"].isalnum()) == ("", 64, True)
    assert json.loads(read(SecretId=arn)["SecretString"]) == first


def policy(name: str, action: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return {"PolicyName": name, "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}


def buckets(cloud: Cloud) -> list[str]:
    return [found["Name"] for found in cloud.client("s3").list_buckets()["Buckets"]]
