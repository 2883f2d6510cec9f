"""What exists in an account, so that one can say that nothing is left."""

from collections.abc import Callable
from functools import cache
from typing import Any

import boto3
import jmespath

from local.aws.identities import REGION, ROOT_KEY, ROOT_USER

# Operation, and a JMESPath to the names in its answer.
KINDS = {
    "alarms": ("cloudwatch.describe_alarms", "MetricAlarms[].AlarmName"),
    "apis": ("apigatewayv2.get_apis", "Items[].ApiId"),
    "api domains": ("apigatewayv2.get_domain_names", "Items[].DomainName"),
    "buckets": ("s3.list_buckets", "Buckets[].Name"),
    "cloudfront functions": ("cloudfront.list_functions", "FunctionList.Items[].Name"),
    "dashboards": ("cloudwatch.list_dashboards", "DashboardEntries[].DashboardName"),
    "database clusters": ("rds.describe_db_clusters", "DBClusters[].DBClusterIdentifier"),
    "database instances": ("rds.describe_db_instances", "DBInstances[].DBInstanceIdentifier"),
    "database snapshots": (
        "rds.describe_db_cluster_snapshots",
        "DBClusterSnapshots[?SnapshotType=='manual'].DBClusterSnapshotIdentifier",
    ),
    "database subnet groups": ("rds.describe_db_subnet_groups", "DBSubnetGroups[].DBSubnetGroupName"),
    "distributions": ("cloudfront.list_distributions", "DistributionList.Items[].Id"),
    "elastic addresses": ("ec2.describe_addresses", "Addresses[].AllocationId"),
    "functions": ("lambda.list_functions", "Functions[].FunctionName"),
    "identity providers": ("iam.list_open_id_connect_providers", "OpenIDConnectProviderList[].Arn"),
    "instances": ("ec2.describe_instances", "Reservations[].Instances[?State.Name!='terminated'][].InstanceId"),
    "internet gateways": ("ec2.describe_internet_gateways", "InternetGateways[].InternetGatewayId"),
    "key groups": ("cloudfront.list_key_groups", "KeyGroupList.Items[].KeyGroup.Id"),
    "log groups": ("logs.describe_log_groups", "logGroups[].logGroupName"),
    "nat gateways": ("ec2.describe_nat_gateways", "NatGateways[?State!='deleted'].NatGatewayId"),
    "origin access controls": (
        "cloudfront.list_origin_access_controls",
        "OriginAccessControlList.Items[].Id",
    ),
    "parameters": ("ssm.describe_parameters", "Parameters[?starts_with(Name, '/aws/') == `false`].Name"),
    "policies": ("iam.list_policies", "Policies[?starts_with(Arn, 'arn:aws:iam::aws:') == `false`].PolicyName"),
    "public keys": ("cloudfront.list_public_keys", "PublicKeyList.Items[].Id"),
    "roles": ("iam.list_roles", "Roles[].RoleName"),
    "rules": ("events.list_rules", "Rules[].Name"),
    "secrets": ("secretsmanager.list_secrets", "SecretList[].Name"),
    "stacks": ("cloudformation.describe_stacks", "Stacks[].StackName"),
    "tables": ("dynamodb.list_tables", "TableNames[]"),
    "topics": ("sns.list_topics", "Topics[].TopicArn"),
    "users": ("iam.list_users", f"Users[?UserName!='{ROOT_USER}'].UserName"),
    "vpcs": ("ec2.describe_vpcs", "Vpcs[?IsDefault==`false`].VpcId"),
    "vpc endpoints": ("ec2.describe_vpc_endpoints", "VpcEndpoints[?State!='deleted'].VpcEndpointId"),
}


def inventory(endpoint: str) -> dict[str, list[str]]:
    """The names of what is at `endpoint`, by kind; kinds of which there is nothing are left out."""
    session = boto3.Session(ROOT_KEY.id, ROOT_KEY.secret, region_name=REGION)
    client = cache(lambda service: session.client(service, endpoint_url=endpoint))
    found = {kind: _names(client, *where) for kind, where in KINDS.items()}
    return {kind: names for kind, names in found.items() if names}


def _names(client_for: Callable[[str], Any], operation: str, path: str) -> list[str]:
    service, _, method = operation.partition(".")
    client = client_for(service)
    if client.can_paginate(method):
        pages = list(client.get_paginator(method).paginate())
    else:
        pages = [getattr(client, method)()]
    return sorted(str(name) for page in pages for name in jmespath.search(path, page) or [])
