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
    """Operations called otherwise ("-" where there is none), and what differs in their arguments.

    `keys` are the arguments by which the service knows the resource; `ref` and `attributes` are JMESPaths into what was
    sent and answered. `then` and `change` name the operation that takes a property after the creation and on a change,
    `undo` the one that takes it away before the deletion. `shaped` writes the properties as the service has them.
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


def _renamed(**names: str) -> Callable[[Json], Json]:
    return lambda properties: {names.get(name, name): value for name, value in properties.items()}


def _bucket(properties: Json) -> Json:
    shaped = _renamed(BucketName="Bucket", Tags="Tagging")(properties)
    if "Tagging" in shaped:
        shaped["Tagging"] = {"TagSet": shaped["Tagging"]}
    if "BucketEncryption" in shaped:
        rules = shaped.pop("BucketEncryption")["ServerSideEncryptionConfiguration"]
        shaped["ServerSideEncryptionConfiguration"] = {"Rules": rules}
    if "LifecycleConfiguration" in shaped:
        rules = [_lifecycle(dict(rule)) for rule in shaped["LifecycleConfiguration"]["Rules"]]
        shaped["LifecycleConfiguration"] = {"Rules": rules}
    return shaped


def _lifecycle(rule: Json) -> Json:
    if "ExpirationInDays" in rule:
        rule["Expiration"] = {"Days": rule.pop("ExpirationInDays")}
    return {"Filter": {"Prefix": rule.pop("Prefix", "")}, **rule}


def _secret(properties: Json) -> Json:
    wanted = properties.get("GenerateSecretString")
    if wanted is None:
        return dict(properties)
    alphabet = string.ascii_letters + string.digits + ("" if wanted.get("ExcludePunctuation") else string.punctuation)
    allowed = sorted(set(alphabet) - set(wanted.get("ExcludeCharacters", "")))
    made = "".join(secrets.choice(allowed) for _ in range(int(wanted.get("PasswordLength", 32))))
    if "GenerateStringKey" in wanted:
        made = json.dumps({**json.loads(wanted["SecretStringTemplate"]), wanted["GenerateStringKey"]: made})
    return {**_without(properties, "GenerateSecretString"), "SecretString": made}


def _rules(properties: Json) -> Json:
    """Security groups: `IpPermissions` for each rule."""
    shaped = _renamed(GroupDescription="Description")(properties)
    for direction in ("SecurityGroupIngress", "SecurityGroupEgress"):
        if direction in shaped:
            shaped[direction] = [{"IpPermissions": _permission(rule)} for rule in shaped[direction]]
    return shaped


def _permission(rule: Json) -> Json:
    said = {"Description": rule["Description"]} if "Description" in rule else {}
    ports = {key: rule[key] for key in ("IpProtocol", "FromPort", "ToPort") if key in rule}
    if "CidrIp" in rule:
        return {**ports, "IpRanges": [{"CidrIp": rule["CidrIp"], **said}]}
    group = rule.get("SourceSecurityGroupId") or rule["DestinationSecurityGroupId"]
    return {**ports, "UserIdGroupPairs": [{"GroupId": group, **said}]}


def _without(properties: Json, *names: str) -> Json:
    return {key: value for key, value in properties.items() if key not in names}


def _parameters(properties: Json) -> Json:
    shaped = _renamed(Family="DBParameterGroupFamily")(properties)
    if "Parameters" in shaped:
        pairs = shaped["Parameters"].items()
        immediate = [{"ParameterName": k, "ParameterValue": v, "ApplyMethod": "pending-reboot"} for k, v in pairs]
        shaped["Parameters"] = immediate
    return shaped


def _distribution(properties: Json) -> Json:
    config = dict(properties["DistributionConfig"])
    behaviors = [config["DefaultCacheBehavior"], *config.get("CacheBehaviors", [])]
    config["DefaultCacheBehavior"], *config["CacheBehaviors"] = map(_behavior, behaviors)
    return {"DistributionConfig": {"CallerReference": secrets.token_hex(8), **config}}


def _behavior(behavior: Json) -> Json:
    methods, kept = ({"Items": behavior.get(key, ["GET", "HEAD"])} for key in ("AllowedMethods", "CachedMethods"))
    return {**_without(behavior, "CachedMethods"), "AllowedMethods": {**methods, "CachedMethods": kept}}


_CONVENTIONAL = """
    ApiGatewayV2::Api ApiGatewayV2::ApiMapping ApiGatewayV2::Authorizer ApiGatewayV2::Integration ApiGatewayV2::Route
    ApiGatewayV2::Stage CloudFront::KeyGroup CloudFront::OriginAccessControl EC2::InternetGateway EC2::NatGateway
    EC2::RouteTable EC2::Subnet RDS::DBInstance RDS::DBSubnetGroup SNS::Topic
"""
# Nothing serves them here; what they say is checked on the templates.
_ON_PAPER = (
    "CloudFront::CachePolicy CloudFront::OriginRequestPolicy CloudFront::ResponseHeadersPolicy Route53::RecordSet"
)


def _policies(noun: str) -> Type:
    """IAM's, whose policies are things of their own."""
    inline = {"Policies": f"Put{noun}Policy", "ManagedPolicyArns": f"Attach{noun}Policy"}
    return Type(then=inline, undo={"Policies": f"Delete{noun}Policy", "ManagedPolicyArns": f"Detach{noun}Policy"})


TYPES = {
    **{f"AWS::{name}": Type() for name in _CONVENTIONAL.split()},
    **{f"AWS::{name}": Type(create="-") for name in _ON_PAPER.split()},
    "AWS::ApiGatewayV2::DomainName": Type(
        attributes={"RegionalDomainName": "DomainNameConfigurations[0].ApiGatewayDomainName"}
    ),
    "AWS::CloudFront::Distribution": Type(shaped=_distribution),
    "AWS::CloudFront::Function": Type(ref="FunctionMetadata.FunctionARN", shaped=lambda p: _without(p, "AutoPublish")),
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
        "RunInstances",
        delete="TerminateInstances",
        keys="InstanceIds InstanceId",
        ref="Instances[0].InstanceId",
        given={"MinCount": 1, "MaxCount": 1},
        then={"SourceDestCheck": "ModifyInstanceAttribute"},
        shaped=lambda p: _without(p, "PropagateTagsToVolumeOnCreation"),
    ),
    "AWS::EC2::Route": Type(update="ReplaceRoute", keys="RouteTableId DestinationCidrBlock"),
    "AWS::EC2::SecurityGroup": Type(
        keys="GroupId",
        then={
            "SecurityGroupIngress": "AuthorizeSecurityGroupIngress",
            "SecurityGroupEgress": "AuthorizeSecurityGroupEgress",
        },
        shaped=_rules,
    ),
    "AWS::EC2::SecurityGroupIngress": Type(
        "AuthorizeSecurityGroupIngress",
        delete="RevokeSecurityGroupIngress",
        keys="GroupId IpPermissions",
        shaped=lambda p: {"GroupId": p["GroupId"], "IpPermissions": [_permission(p)]},
    ),
    "AWS::EC2::SubnetRouteTableAssociation": Type("AssociateRouteTable", delete="DisassociateRouteTable"),
    "AWS::EC2::VPC": Type(then=dict.fromkeys(("EnableDnsSupport", "EnableDnsHostnames"), "ModifyVpcAttribute")),
    "AWS::EC2::VPCEndpoint": Type(delete="DeleteVpcEndpoints", ref="VpcEndpointId"),
    "AWS::EC2::VPCGatewayAttachment": Type("AttachInternetGateway", delete="DetachInternetGateway"),
    "AWS::IAM::ManagedPolicy": Type("CreatePolicy", delete="DeletePolicy", ref="Arn"),
    "AWS::IAM::Role": _policies("Role"),
    "AWS::IAM::User": _policies("User"),
    "AWS::Lambda::EventInvokeConfig": Type(
        "PutFunctionEventInvokeConfig",
        "UpdateFunctionEventInvokeConfig",
        "DeleteFunctionEventInvokeConfig",
    ),
    "AWS::Lambda::Function": Type(
        update="UpdateFunctionConfiguration",
        then={"ReservedConcurrentExecutions": "PutFunctionConcurrency"},
        change={"Code": "UpdateFunctionCode"},
    ),
    "AWS::Lambda::Permission": Type("AddPermission", delete="RemovePermission", ref="StatementId"),
    "AWS::Logs::LogGroup": Type(
        attributes={
            "Arn": f"join('', ['arn:aws:logs:{REGION}:{ACCOUNT}:log-group:', logGroupName || LogGroupName, ':*'])"
        },
        then={"RetentionInDays": "PutRetentionPolicy"},
    ),
    "AWS::RDS::DBCluster": Type(
        update="ModifyDBCluster", attributes={"Endpoint.Address": "Endpoint", "Endpoint.Port": "Port"}
    ),
    "AWS::RDS::DBClusterParameterGroup": Type(then={"Parameters": "ModifyDBClusterParameterGroup"}, shaped=_parameters),
    "AWS::S3::Bucket": Type(
        given={"CreateBucketConfiguration": {"LocationConstraint": REGION}},
        attributes={
            "Arn": "join('', ['arn:aws:s3:::', Bucket])",
            "RegionalDomainName": f"join('', [Bucket, '.s3.{REGION}.amazonaws.com'])",
        },
        then={
            "CorsConfiguration": "PutBucketCors",
            "LifecycleConfiguration": "PutBucketLifecycleConfiguration",
            "OwnershipControls": "PutBucketOwnershipControls",
            "PublicAccessBlockConfiguration": "PutPublicAccessBlock",
            "ServerSideEncryptionConfiguration": "PutBucketEncryption",
            "Tagging": "PutBucketTagging",
        },
        shaped=_bucket,
    ),
    "AWS::S3::BucketPolicy": Type(
        "PutBucketPolicy", "PutBucketPolicy", ref="Bucket", shaped=_renamed(PolicyDocument="Policy")
    ),
    "AWS::SecretsManager::Secret": Type(ref="ARN", shaped=_secret),
    "AWS::SNS::Subscription": Type("Subscribe", delete="Unsubscribe"),
}
