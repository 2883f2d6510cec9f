"""What the identities that were deployed may do, tried with their own keys while AWS's policies count."""

import json
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError

from local.aws.enforcement import enforced_policies
from local.aws.identities import REGION
from local.rehearsal.account import Account, RehearsalError

FILM = "renders/rehearsal.mp4"
Try = Callable[[Any, str], Any]


def _started(s3: Any, bucket: str) -> dict[str, str]:
    upload = s3.create_multipart_upload(Bucket=bucket, Key=FILM)["UploadId"]
    return {"Bucket": bucket, "Key": FILM, "UploadId": upload}


def _by_parts(s3: Any, bucket: str) -> None:
    upload = _started(s3, bucket)
    part = s3.upload_part(**upload, PartNumber=1, Body=b"film")
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})


RENDERER_MAY: dict[str, Try] = {
    "upload by parts": _by_parts,
    "put a film": lambda s3, bucket: s3.put_object(Bucket=bucket, Key=FILM, Body=b"film"),
    "list its parts": lambda s3, bucket: s3.list_parts(**_started(s3, bucket)),
    "give an upload up": lambda s3, bucket: s3.abort_multipart_upload(**_started(s3, bucket)),
}
RENDERER_MAY_NOT: dict[str, Try] = {
    "read a film": lambda s3, bucket: s3.get_object(Bucket=bucket, Key=FILM),
    "look at a film": lambda s3, bucket: s3.head_object(Bucket=bucket, Key=FILM),
    "delete a film": lambda s3, bucket: s3.delete_object(Bucket=bucket, Key=FILM),
    "put an upload": lambda s3, bucket: s3.put_object(Bucket=bucket, Key="uploads/x", Body=b"x"),
    "put a template's file": lambda s3, bucket: s3.put_object(Bucket=bucket, Key="templates/x", Body=b"x"),
    "put a founder's sheet": lambda s3, bucket: s3.put_object(Bucket=bucket, Key="imports/x", Body=b"x"),
    "read a founder's sheet": lambda s3, bucket: s3.get_object(Bucket=bucket, Key="exports/x"),
    "put beside the prefix": lambda s3, bucket: s3.put_object(Bucket=bucket, Key="renders", Body=b"x"),
    "upload by parts elsewhere": lambda s3, bucket: s3.create_multipart_upload(Bucket=bucket, Key="uploads/x"),
    "publish a film": lambda s3, bucket: s3.put_object_acl(Bucket=bucket, Key=FILM, ACL="public-read"),
    "tag a film": lambda s3, bucket: s3.put_object_tagging(Bucket=bucket, Key=FILM, Tagging={"TagSet": []}),
    "list the bucket": lambda s3, bucket: s3.list_objects_v2(Bucket=bucket),
    "list uploads": lambda s3, bucket: s3.list_multipart_uploads(Bucket=bucket),
    "list buckets": lambda s3, _bucket: s3.list_buckets(),
    "drop the rules": lambda s3, bucket: s3.delete_bucket_lifecycle(Bucket=bucket),
    "change the policy": lambda s3, bucket: s3.put_bucket_policy(Bucket=bucket, Policy="{}"),
}


def renderer(account: Account) -> str:
    """Four things are allowed, sixteen are not."""
    key, bucket = json.loads(account.secret("renderer")), account.output("MediaBucket")
    session = boto3.Session(key["access_key_id"], key["secret_access_key"], region_name=REGION)
    s3 = session.client("s3", endpoint_url=account.endpoint)
    with enforced_policies(account.endpoint):
        refused = [what for what, attempt in RENDERER_MAY.items() if not _is_allowed(attempt, s3, bucket)]
        allowed = [what for what, attempt in RENDERER_MAY_NOT.items() if _is_allowed(attempt, s3, bucket)]
    if refused or allowed:
        raise RehearsalError(f"the renderer may not {refused}, and may {allowed}")
    account.client("s3").delete_object(Bucket=bucket, Key=FILM)
    return f"{len(RENDERER_MAY)} allowed, {len(RENDERER_MAY_NOT)} denied"


def _is_allowed(attempt: Try, s3: Any, bucket: str) -> bool:
    try:
        attempt(s3, bucket)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 403:
            return False
        raise
    return True


# Every call that the site's code makes in its role's name, and what Lambda itself needs of the role.
FUNCTION_MAY = frozenset(
    {
        *(f"dynamodb:{call}" for call in ("GetItem", "PutItem", "UpdateItem", "Scan")),
        *(f"iam:{call}" for call in ("CreateAccessKey", "ListAccessKeys", "DeleteAccessKey", "GetAccessKeyLastUsed")),
        *(f"s3:{call}" for call in ("ListBucket", "GetObject", "PutObject", "DeleteObject")),
        *(f"s3:{call}" for call in ("AbortMultipartUpload", "ListMultipartUploadParts")),
        *(f"secretsmanager:{call}" for call in ("GetSecretValue", "PutSecretValue", "CreateSecret", "DescribeSecret")),
        *(f"secretsmanager:{call}" for call in ("DeleteSecret", "RestoreSecret", "TagResource")),
        *(f"ec2:{call}NetworkInterface" for call in ("Create", "Delete")),
        *(f"ec2:{call}" for call in ("DescribeNetworkInterfaces", "DescribeSubnets")),
        *(f"ec2:{call}PrivateIpAddresses" for call in ("Assign", "Unassign")),
        *(f"logs:{call}" for call in ("CreateLogStream", "PutLogEvents")),
        "lambda:InvokeFunction",
    }
)
UNBOUND = frozenset(call for call in FUNCTION_MAY if call.startswith("ec2:"))  # AWS knows no narrower resource


def function(account: Account) -> str:
    """The function's role has its list and nothing else, and each of it on resources that are named."""
    iam, role = account.client("iam"), account.output("FunctionRole").rpartition("/")[2]
    documents = [
        iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    ]
    for attached in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        version = iam.get_policy(PolicyArn=attached["PolicyArn"])["Policy"]["DefaultVersionId"]
        found = iam.get_policy_version(PolicyArn=attached["PolicyArn"], VersionId=version)
        documents.append(found["PolicyVersion"]["Document"])
    allowed = [
        (action, resource)
        for document in documents
        for statement in document["Statement"]
        if statement["Effect"] == "Allow"
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
    ]
    actions = {action for action, _ in allowed}
    if actions != FUNCTION_MAY:
        raise RehearsalError(f"the function's role: {sorted(actions ^ FUNCTION_MAY)} is too much or too little")
    unbound = {action for action, resource in allowed if resource == "*"}
    if unbound != UNBOUND:
        raise RehearsalError(f"the function's role may do {sorted(unbound - UNBOUND)} to anything")
    return f"{len(actions)} calls"


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
