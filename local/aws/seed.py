"""What has to be in AWS before Giftflick can run: media bucket, key table, and the two users with their access keys."""

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3

from local.aws.identities import (
    APP_USER,
    KEY_TABLE,
    MEDIA_BUCKET,
    POLICIES,
    REGION,
    RENDERER_USER,
    ROOT_KEY,
    AccessKey,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CORSConfigurationTypeDef, LifecycleRuleUnionTypeDef

KEPT_DAYS = 90

# Browsers upload parts and play films straight from the bucket; the ETag is what completes an upload.
CORS: "CORSConfigurationTypeDef" = {
    "CORSRules": [
        {
            "AllowedMethods": ["PUT", "GET", "HEAD"],
            "AllowedOrigins": ["*"],
            "AllowedHeaders": ["*"],
            "ExposeHeaders": ["ETag"],
            "MaxAgeSeconds": 3600,
        }
    ]
}


@dataclass(frozen=True)
class Credentials:
    app: AccessKey
    renderer: AccessKey


def seed(endpoint_url: str) -> Credentials:
    """Bring the AWS at `endpoint_url` into the wanted state and return new access keys; older ones end."""
    session = boto3.Session(ROOT_KEY.id, ROOT_KEY.secret, region_name=REGION)
    _set_up_bucket(session.client("s3", endpoint_url=endpoint_url))
    set_up_table(session.client("dynamodb", endpoint_url=endpoint_url), KEY_TABLE)
    iam = session.client("iam", endpoint_url=endpoint_url)
    return Credentials(app=_set_up_user(iam, APP_USER), renderer=_set_up_user(iam, RENDERER_USER))


def set_up_table(dynamodb: "DynamoDBClient", name: str) -> None:
    """Empty after every start of the local AWS: `manage.py sync_api_keys` fills it from the records."""
    with suppress(dynamodb.exceptions.ResourceInUseException):
        dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})


def _set_up_bucket(s3: "S3Client") -> None:
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):  # kept from an earlier run; what follows is set anew
        s3.create_bucket(Bucket=MEDIA_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_public_access_block(
        Bucket=MEDIA_BUCKET,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
    s3.put_bucket_cors(Bucket=MEDIA_BUCKET, CORSConfiguration=CORS)
    s3.put_bucket_lifecycle_configuration(
        Bucket=MEDIA_BUCKET,
        LifecycleConfiguration={"Rules": [_expire("renders/"), _expire("uploads/"), _abort_unfinished_uploads()]},
    )


def _expire(prefix: str) -> "LifecycleRuleUnionTypeDef":
    return {
        "ID": f"expire-{prefix.rstrip('/')}",
        "Status": "Enabled",
        "Filter": {"Prefix": prefix},
        "Expiration": {"Days": KEPT_DAYS},
    }


def _abort_unfinished_uploads() -> "LifecycleRuleUnionTypeDef":
    return {
        "ID": "abort-unfinished-uploads",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
    }


def _set_up_user(iam: "IAMClient", name: str) -> AccessKey:
    try:
        iam.create_user(UserName=name)
    except iam.exceptions.EntityAlreadyExistsException:
        for old in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=name, AccessKeyId=old["AccessKeyId"])
    iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=POLICIES[name])
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return AccessKey(key["AccessKeyId"], key["SecretAccessKey"])
