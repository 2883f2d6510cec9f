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
    TEMPLATE,
    AccessKey,
)
from local.cloud.cloudformation.api import Api
from local.cloud.cloudformation.types import TYPES

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_iam import IAMClient


@dataclass(frozen=True)
class Credentials:
    app: AccessKey
    renderer: AccessKey


def seed(endpoint_url: str) -> Credentials:
    """Bring the AWS at `endpoint_url` into the wanted state and return new access keys; older ones end."""
    session = boto3.Session(ROOT_KEY.id, ROOT_KEY.secret, region_name=REGION)
    _set_up_bucket(Api(endpoint_url))
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


def _set_up_bucket(api: Api) -> None:
    """As `infra/data.yaml` says; also one that was kept from an earlier run."""
    with suppress(api.client("s3").exceptions.BucketAlreadyOwnedByYou):
        api.call("s3.CreateBucket", {"Bucket": MEDIA_BUCKET})
    bucket = TYPES["AWS::S3::Bucket"]
    properties = bucket.shaped(TEMPLATE["Resources"]["MediaBucket"]["Properties"])
    for name, operation in bucket.then.items():
        api.call(f"s3.{operation}", {"Bucket": MEDIA_BUCKET, name: properties[name]})


def _set_up_user(iam: "IAMClient", name: str) -> AccessKey:
    try:
        iam.create_user(UserName=name)
    except iam.exceptions.EntityAlreadyExistsException:
        for old in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=name, AccessKeyId=old["AccessKeyId"])
    iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=POLICIES[name])
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return AccessKey(key["AccessKeyId"], key["SecretAccessKey"])
