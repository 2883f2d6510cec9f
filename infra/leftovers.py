"""What deleting a stage's stacks leaves behind, or stumbles over: data that is kept, and what code has made.

Each function removes what it finds and says how much that was; with nothing there it does nothing.
"""

import re
import time
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from infra.aws import Aws
from infra.aws_errors import code_of
from infra.stages import DeployError

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

PARAMETERS_AT_ONCE = 10
INTERFACES_PAUSE_S = 10.0
INTERFACES_PATIENCE_S = 45 * 60.0  # AWS says 20 minutes, people have seen twice as many
NO_BUCKET = frozenset({"NoSuchBucket", "404"})


def wait_for_interfaces(
    aws: Aws,
    security_group: str,
    *,
    pause_s: float = INTERFACES_PAUSE_S,
    patience_s: float = INTERFACES_PATIENCE_S,
) -> None:
    """Return once Lambda has removed the network interfaces of functions that are gone.

    It does so some time after their end, and by their roles: these must stay until then. Raises DeployError.
    """
    deadline = time.monotonic() + patience_s
    pages = aws.ec2.get_paginator("describe_network_interfaces")
    while True:
        its = pages.paginate(Filters=[{"Name": "group-id", "Values": [security_group]}])
        found = [interface["NetworkInterfaceId"] for page in its for interface in page["NetworkInterfaces"]]
        if not found:
            return
        if time.monotonic() > deadline:
            raise DeployError(
                f"Lambda has not removed {', '.join(found)} yet: run the command again in an hour; if they stay then, "
                "delete them in the EC2 console"
            )
        time.sleep(pause_s)


def empty_bucket(aws: Aws, bucket: str) -> int:
    """All objects, all their versions, all unfinished uploads."""
    try:
        unfinished = aws.s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket).search("Uploads[]")
        for upload in list(unfinished):
            if upload:
                aws.s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        return _delete_versions(aws, bucket)
    except ClientError as error:
        if code_of(error) in NO_BUCKET:
            return 0
        raise


def delete_bucket(aws: Aws, bucket: str) -> int:
    """With all there is in it; 1 if it was there."""
    empty_bucket(aws, bucket)
    try:
        aws.s3.delete_bucket(Bucket=bucket)
    except ClientError as error:
        if code_of(error) in NO_BUCKET:
            return 0
        raise
    return 1


def delete_table(aws: Aws, table: str) -> int:
    """Return once it is gone; 1 if it was there."""
    try:
        aws.dynamodb.delete_table(TableName=table)
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return 0
        raise
    aws.dynamodb.get_waiter("table_not_exists").wait(TableName=table)
    return 1


def delete_access_keys(aws: Aws, user: str) -> int:
    """Those that a command made: a user who has one cannot be deleted."""
    try:
        keys = aws.iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
    except ClientError as error:
        if code_of(error) == "NoSuchEntity":
            return 0
        raise
    for key in keys:
        aws.iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
    return len(keys)


def delete_snapshots(aws: Aws, cluster: str) -> int:
    """The last ones, which CloudFormation made when it deleted the cluster."""
    pages = aws.rds.get_paginator("describe_db_cluster_snapshots").paginate(SnapshotType="manual")
    snapshots = [
        snapshot["DBClusterSnapshotIdentifier"]
        for page in pages
        for snapshot in page["DBClusterSnapshots"]
        if snapshot["DBClusterIdentifier"] == cluster
    ]
    for snapshot in snapshots:
        aws.rds.get_waiter("db_cluster_snapshot_available").wait(DBClusterSnapshotIdentifier=snapshot)
        aws.rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=snapshot)
    return len(snapshots)


def delete_log_groups(aws: Aws) -> int:
    """Those named after the stage's functions, gateway and cluster, which is what makes them when they are missing."""
    owned = re.compile(rf"/aws/(?:lambda|vendedlogs|rds/cluster)/{re.escape(aws.stage.function)}(?:[-/].*)?")
    pages = aws.logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix="/aws/")
    groups = [group["logGroupName"] for page in pages for group in page["logGroups"]]
    found = [group for group in groups if owned.fullmatch(group)]
    for group in found:
        aws.logs.delete_log_group(logGroupName=group)
    return len(found)


def delete_secrets(aws: Aws) -> int:
    """For good, without the weeks in which they could be restored: else their names would be taken."""
    prefix = aws.stage.secret("")
    pages = aws.secrets.get_paginator("list_secrets").paginate(
        Filters=[{"Key": "name", "Values": [prefix]}], IncludePlannedDeletion=True
    )
    names = [secret["Name"] for page in pages for secret in page["SecretList"] if secret["Name"].startswith(prefix)]
    for name in names:
        aws.secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    return len(names)


def delete_parameters(aws: Aws) -> int:
    """The last thing to go: until then they say what else there is."""
    path = aws.stage.parameter("")
    pages = aws.ssm.get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True)
    names = [entry["Name"] for page in pages for entry in page["Parameters"]]
    for first in range(0, len(names), PARAMETERS_AT_ONCE):
        aws.ssm.delete_parameters(Names=names[first : first + PARAMETERS_AT_ONCE])
    return len(names)


def _delete_versions(aws: Aws, bucket: str) -> int:
    deleted = 0
    for page in aws.s3.get_paginator("list_object_versions").paginate(Bucket=bucket):  # 1,000, as one call deletes
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        objects: list[ObjectIdentifierTypeDef] = [
            {"Key": version["Key"], "VersionId": version["VersionId"]} for version in found
        ]
        if objects:
            aws.s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        deleted += len(objects)
    return deleted
