"""How each resource type is made: by Create…, Update… and Delete… of its service, but for what the table says."""

import json
import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.aws.identities import REGION

Json = dict[str, Any]


@dataclass(frozen=True)
class Type:
    """Operations called otherwise ("": none); `keys`, the arguments by which the service knows the resource; `ref` and
    `attributes`, JMESPaths into what was sent and answered; properties that are only `on_paper`, checked on the
    templates by tests/infra; operations that take one property after the creation (`then`) or on a change (`change`),
    or away before the deletion (`undo`).
    """

    create: str = "Create{}"
    update: str = "Update{}"
    delete: str = "Delete{}"
    keys: str = ""
    ref: str = ""
    on_paper: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    then: Mapping[str, str] = field(default_factory=dict)
    change: Mapping[str, str] = field(default_factory=dict)
    undo: Mapping[str, str] = field(default_factory=dict)
    shape: Callable[[Json], Json] = dict

    def shaped(self, properties: Json) -> Json:
        """What there is to send of them. Tags are on paper everywhere."""
        return self.shape({key: properties[key] for key in properties.keys() - {"Tags", *self.on_paper.split()}})


def _bucket(properties: Json) -> Json:
    if "LifecycleConfiguration" in properties:
        rules = [_lifecycle(**rule) for rule in properties["LifecycleConfiguration"]["Rules"]]
        return {**properties, "LifecycleConfiguration": {"Rules": rules}}
    return properties


def _lifecycle(*, Prefix: str = "", ExpirationInDays: int | None = None, **rule: Any) -> Json:  # noqa: N803 - theirs
    expiration = {"Expiration": {"Days": ExpirationInDays}} if ExpirationInDays else {}
    return {"Filter": {"Prefix": Prefix}, **rule, **expiration}


def _secret(properties: Json) -> Json:
    wanted = properties.pop("GenerateSecretString", None)
    if wanted is None:
        return properties
    alphabet = string.ascii_letters + string.digits + ("" if wanted.get("ExcludePunctuation") else "-_.")
    made = "".join(secrets.choice(alphabet) for _ in range(int(wanted.get("PasswordLength", 32))))
    value = {**json.loads(wanted["SecretStringTemplate"]), wanted["GenerateStringKey"]: made}
    return {**properties, "SecretString": json.dumps(value)}


def _distribution(properties: Json) -> Json:
    return {"DistributionConfig": {"CallerReference": secrets.token_hex(8), **properties["DistributionConfig"]}}


def _with_policies(noun: str) -> Type:
    """IAM's, whose policies are things of their own."""
    return Type(
        then={"Policies": f"Put{noun}Policy", "ManagedPolicyArns": f"Attach{noun}Policy"},
        undo={"Policies": f"Delete{noun}Policy", "ManagedPolicyArns": f"Detach{noun}Policy"},
    )


CONVENTIONAL = """
    ApiGatewayV2::Api ApiGatewayV2::ApiMapping ApiGatewayV2::Authorizer ApiGatewayV2::Integration ApiGatewayV2::Route
    ApiGatewayV2::Stage CloudFront::KeyGroup CloudFront::OriginAccessControl EC2::InternetGateway EC2::NatGateway
    EC2::RouteTable EC2::Subnet RDS::DBInstance RDS::DBSubnetGroup
"""
# Not made: nothing here would do anything with them. cfn-lint and tests/infra check what the templates say of them.
ON_PAPER = """
    Budgets::Budget CloudFront::CachePolicy CloudFront::OriginRequestPolicy CloudFront::ResponseHeadersPolicy
    EC2::SecurityGroupIngress Route53::RecordSet SNS::TopicPolicy
"""
LOG_GROUP_ARN = f"join('', ['arn:aws:logs:{REGION}:123456789012:log-group:', logGroupName, ':*'])"

TYPES = {
    **{f"AWS::{name}": Type() for name in CONVENTIONAL.split()},
    **{f"AWS::{name}": Type("", "", "", shape=lambda _properties: {}) for name in ON_PAPER.split()},
    "AWS::ApiGatewayV2::DomainName": Type(
        attributes={"RegionalDomainName": "DomainNameConfigurations[0].ApiGatewayDomainName"}
    ),
    "AWS::CloudFront::Distribution": Type(shape=_distribution),
    "AWS::CloudFront::Function": Type(ref="FunctionMetadata.FunctionARN", on_paper="AutoPublish"),
    "AWS::CloudWatch::Alarm": Type("PutMetricAlarm", "PutMetricAlarm", "DeleteAlarms", "AlarmNames", "AlarmName"),
    "AWS::CloudWatch::Dashboard": Type("Put{}", "Put{}", "Delete{}s", "DashboardNames", "DashboardName"),
    "AWS::DynamoDB::Table": Type(
        attributes={"Arn": "TableArn"},
        then={
            "TimeToLiveSpecification": "UpdateTimeToLive",
            "PointInTimeRecoverySpecification": "UpdateContinuousBackups",
        },
    ),
    "AWS::EC2::EIP": Type("AllocateAddress", "", "ReleaseAddress", "AllocationId"),
    "AWS::EC2::Instance": Type(
        *("RunInstances", "", "TerminateInstances", "InstanceIds InstanceId", "Instances[0].InstanceId"),
        on_paper="PropagateTagsToVolumeOnCreation SourceDestCheck",
    ),
    "AWS::EC2::Route": Type(update="ReplaceRoute", keys="RouteTableId DestinationCidrBlock"),
    "AWS::EC2::SecurityGroup": Type(keys="GroupId", on_paper="SecurityGroupIngress SecurityGroupEgress"),
    "AWS::EC2::SubnetRouteTableAssociation": Type("AssociateRouteTable", "", "DisassociateRouteTable"),
    "AWS::EC2::VPC": Type(on_paper="EnableDnsHostnames EnableDnsSupport"),
    "AWS::EC2::VPCEndpoint": Type(delete="Delete{}s", ref="VpcEndpointId"),
    "AWS::EC2::VPCGatewayAttachment": Type("AttachInternetGateway", "", "DetachInternetGateway"),
    "AWS::IAM::ManagedPolicy": Type("CreatePolicy", "", "DeletePolicy", ref="Arn"),
    "AWS::IAM::Role": _with_policies("Role"),
    "AWS::IAM::User": _with_policies("User"),
    "AWS::KMS::Key": Type(delete="ScheduleKeyDeletion", on_paper="EnableKeyRotation PendingWindowInDays"),
    "AWS::Lambda::Function": Type(
        update="UpdateFunctionConfiguration",
        then={"ReservedConcurrentExecutions": "PutFunctionConcurrency"},
        change={"Code": "UpdateFunctionCode"},
    ),
    "AWS::Lambda::Permission": Type("AddPermission", "", "RemovePermission", ref="StatementId"),
    "AWS::Logs::LogGroup": Type(attributes={"Arn": LOG_GROUP_ARN}, then={"RetentionInDays": "PutRetentionPolicy"}),
    "AWS::RDS::DBCluster": Type(
        update="Modify{}", attributes={"Endpoint.Address": "Endpoint", "Endpoint.Port": "Port"}
    ),
    "AWS::RDS::DBClusterParameterGroup": Type(on_paper="Parameters"),
    "AWS::S3::Bucket": Type(
        attributes={
            "Arn": "join('', ['arn:aws:s3:::', Bucket])",
            "RegionalDomainName": f"join('', [Bucket, '.s3.{REGION}.amazonaws.com'])",
        },
        on_paper="BucketEncryption OwnershipControls",
        then={
            "CorsConfiguration": "PutBucketCors",
            "LifecycleConfiguration": "PutBucketLifecycleConfiguration",
            "PublicAccessBlockConfiguration": "PutPublicAccessBlock",
        },
        shape=_bucket,
    ),
    "AWS::S3::BucketPolicy": Type("Put{}", "Put{}", ref="Bucket"),
    "AWS::SecretsManager::Secret": Type(ref="ARN", shape=_secret),
    "AWS::SNS::Subscription": Type("Subscribe", "", "Unsubscribe"),
    "AWS::SNS::Topic": Type(on_paper="DisplayName KmsMasterKeyId"),
}
