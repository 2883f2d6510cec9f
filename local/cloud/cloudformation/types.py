"""How each resource type is made: by Create…, Update… and Delete… of its service, but for what the table says."""

import json
import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.aws.identities import REGION

Json = dict[str, Any]
ACCOUNT = "123456789012"


@dataclass(frozen=True)
class Type:
    """Operations called otherwise ("-": none); `keys`, the arguments by which the service knows the resource; `ref` and
    `attributes`, JMESPaths into what was sent and answered; arguments that the creation is `given`; operations that
    take one property after the creation (`then`) or on a change (`change`), or away before the deletion (`undo`).
    """

    create: str = ""
    update: str = ""
    delete: str = ""
    keys: str = ""
    ref: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    then: Mapping[str, str] = field(default_factory=dict)
    change: Mapping[str, str] = field(default_factory=dict)
    undo: Mapping[str, str] = field(default_factory=dict)
    shaped: Callable[[Json], Json] = dict


def _without(*names: str) -> Callable[[Json], Json]:
    return lambda properties: {key: value for key, value in properties.items() if key not in names}


def _bucket(properties: Json) -> Json:
    if "LifecycleConfiguration" not in properties:
        return dict(properties)
    rules = [_lifecycle(dict(rule)) for rule in properties["LifecycleConfiguration"]["Rules"]]
    return {**properties, "LifecycleConfiguration": {"Rules": rules}}


def _lifecycle(rule: Json) -> Json:
    expiration = {"Expiration": {"Days": rule.pop("ExpirationInDays")}} if "ExpirationInDays" in rule else {}
    return {"Filter": {"Prefix": rule.pop("Prefix", "")}, **rule, **expiration}


def _secret(properties: Json) -> Json:
    wanted = properties.get("GenerateSecretString")
    if wanted is None:
        return dict(properties)
    alphabet = string.ascii_letters + string.digits + ("" if wanted.get("ExcludePunctuation") else "-_.")
    made = "".join(secrets.choice(alphabet) for _ in range(int(wanted.get("PasswordLength", 32))))
    value = {**json.loads(wanted["SecretStringTemplate"]), wanted["GenerateStringKey"]: made}
    return {**_without("GenerateSecretString")(properties), "SecretString": json.dumps(value)}


def _rules(properties: Json) -> Json:
    ways = {"SecurityGroupIngress", "SecurityGroupEgress"} & set(properties)
    return {**properties, **{way: [{"IpPermissions": _permission(rule)} for rule in properties[way]] for way in ways}}


def _permission(rule: Json) -> Json:
    said = {"Description": rule["Description"]}
    ports: Json = {key: rule[key] for key in ("IpProtocol", "FromPort", "ToPort") if key in rule}
    if "CidrIp" in rule:
        return {**ports, "IpRanges": [{"CidrIp": rule["CidrIp"], **said}]}
    group = rule.get("SourceSecurityGroupId") or rule["DestinationSecurityGroupId"]
    return {**ports, "UserIdGroupPairs": [{"GroupId": group, **said}]}


def _topic(properties: Json) -> Json:
    attributes = {key: value for key, value in properties.items() if key not in ("TopicName", "Tags")}
    return {**_without(*attributes)(properties), "Attributes": attributes}


def _topic_policy(properties: Json) -> Json:
    [topic] = properties["Topics"]
    return {"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": properties["PolicyDocument"]}


def _budget(properties: Json) -> Json:
    return {**properties, "Budget": {"BudgetName": f"budget-{secrets.token_hex(4)}", **properties["Budget"]}}


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
# No service has them here; what they say is checked on the templates.
ON_PAPER = (
    "CloudFront::CachePolicy CloudFront::OriginRequestPolicy CloudFront::ResponseHeadersPolicy Route53::RecordSet"
)

LOG_GROUP_ARN = f"join('', ['arn:aws:logs:{REGION}:{ACCOUNT}:log-group:', logGroupName, ':*'])"
TOGETHER = {
    "SecurityGroupIngress": "AuthorizeSecurityGroupIngress",
    "SecurityGroupEgress": "AuthorizeSecurityGroupEgress",
}

TYPES = {
    **{f"AWS::{name}": Type() for name in CONVENTIONAL.split()},
    **{f"AWS::{name}": Type("-") for name in ON_PAPER.split()},
    "AWS::ApiGatewayV2::DomainName": Type(
        attributes={"RegionalDomainName": "DomainNameConfigurations[0].ApiGatewayDomainName"}
    ),
    "AWS::Budgets::Budget": Type(ref="Budget.BudgetName", given={"AccountId": ACCOUNT}, shaped=_budget),
    "AWS::CloudFront::Distribution": Type(shaped=_distribution),
    "AWS::CloudFront::Function": Type(ref="FunctionMetadata.FunctionARN", shaped=_without("AutoPublish")),
    "AWS::CloudWatch::Alarm": Type("PutMetricAlarm", "PutMetricAlarm", "DeleteAlarms", "AlarmNames", "AlarmName"),
    "AWS::CloudWatch::Dashboard": Type(
        "PutDashboard", "PutDashboard", "DeleteDashboards", "DashboardNames", "DashboardName"
    ),
    "AWS::DynamoDB::Table": Type(
        attributes={"Arn": "TableArn"},
        then={
            "TimeToLiveSpecification": "UpdateTimeToLive",
            "PointInTimeRecoverySpecification": "UpdateContinuousBackups",
        },
    ),
    "AWS::EC2::EIP": Type("AllocateAddress", delete="ReleaseAddress", keys="AllocationId"),
    "AWS::EC2::Instance": Type(
        *("RunInstances", "", "TerminateInstances", "InstanceIds InstanceId", "Instances[0].InstanceId"),
        then={"SourceDestCheck": "ModifyInstanceAttribute"},
        shaped=_without("PropagateTagsToVolumeOnCreation"),
    ),
    "AWS::EC2::Route": Type(update="ReplaceRoute", keys="RouteTableId DestinationCidrBlock"),
    "AWS::EC2::SecurityGroup": Type(keys="GroupId", then=TOGETHER, shaped=_rules),
    "AWS::EC2::SecurityGroupIngress": Type(
        *("AuthorizeSecurityGroupIngress", "", "RevokeSecurityGroupIngress", "GroupId IpPermissions", "GroupId"),
        shaped=lambda properties: {"GroupId": properties["GroupId"], "IpPermissions": [_permission(properties)]},
    ),
    "AWS::EC2::SubnetRouteTableAssociation": Type("AssociateRouteTable", "", "DisassociateRouteTable"),
    "AWS::EC2::VPC": Type(then=dict.fromkeys(("EnableDnsSupport", "EnableDnsHostnames"), "ModifyVpcAttribute")),
    "AWS::EC2::VPCEndpoint": Type(delete="DeleteVpcEndpoints", ref="VpcEndpointId"),
    "AWS::EC2::VPCGatewayAttachment": Type("AttachInternetGateway", "", "DetachInternetGateway"),
    "AWS::IAM::ManagedPolicy": Type("CreatePolicy", "", "DeletePolicy", ref="Arn"),
    "AWS::IAM::OIDCProvider": Type("CreateOpenIDConnectProvider", "", "DeleteOpenIDConnectProvider"),
    "AWS::IAM::Role": _with_policies("Role"),
    "AWS::IAM::User": _with_policies("User"),
    "AWS::KMS::Key": Type(
        delete="ScheduleKeyDeletion",
        then={"EnableKeyRotation": "EnableKeyRotation"},
        shaped=_without("PendingWindowInDays"),
    ),
    "AWS::Lambda::EventInvokeConfig": Type(
        *("PutFunctionEventInvokeConfig", "UpdateFunctionEventInvokeConfig", "DeleteFunctionEventInvokeConfig")
    ),
    "AWS::Lambda::Function": Type(
        update="UpdateFunctionConfiguration",
        then={"ReservedConcurrentExecutions": "PutFunctionConcurrency"},
        change={"Code": "UpdateFunctionCode"},
    ),
    "AWS::Lambda::Permission": Type("AddPermission", "", "RemovePermission", ref="StatementId"),
    "AWS::Logs::LogGroup": Type(attributes={"Arn": LOG_GROUP_ARN}, then={"RetentionInDays": "PutRetentionPolicy"}),
    "AWS::RDS::DBCluster": Type(
        update="ModifyDBCluster", attributes={"Endpoint.Address": "Endpoint", "Endpoint.Port": "Port"}
    ),
    "AWS::RDS::DBClusterParameterGroup": Type(then={"Parameters": "ModifyDBClusterParameterGroup"}),
    "AWS::S3::Bucket": Type(
        given={"CreateBucketConfiguration": {"LocationConstraint": REGION}},
        attributes={
            "Arn": "join('', ['arn:aws:s3:::', Bucket])",
            "RegionalDomainName": f"join('', [Bucket, '.s3.{REGION}.amazonaws.com'])",
        },
        then={
            "BucketEncryption": "PutBucketEncryption",
            "CorsConfiguration": "PutBucketCors",
            "LifecycleConfiguration": "PutBucketLifecycleConfiguration",
            "OwnershipControls": "PutBucketOwnershipControls",
            "PublicAccessBlockConfiguration": "PutPublicAccessBlock",
            "Tags": "PutBucketTagging",
        },
        shaped=_bucket,
    ),
    "AWS::S3::BucketPolicy": Type("PutBucketPolicy", "PutBucketPolicy", ref="Bucket"),
    "AWS::SecretsManager::Secret": Type(ref="ARN", shaped=_secret),
    "AWS::SNS::Subscription": Type("Subscribe", "", "Unsubscribe", given={"ReturnSubscriptionArn": True}),
    "AWS::SNS::Topic": Type(shaped=_topic),
    "AWS::SNS::TopicPolicy": Type("SetTopicAttributes", "SetTopicAttributes", "-", "TopicArn", shaped=_topic_policy),
}
