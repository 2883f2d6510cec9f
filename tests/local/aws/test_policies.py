"""Each user of the local AWS may do its work and nothing else: by the policies of `infra/data.yaml`, which ship."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.aws.enforcement import enforced_policies
from local.aws.identities import KEY_TABLE, MEDIA_BUCKET, REGION, ROOT_KEY, AccessKey
from local.aws.seed import Credentials
from tests.local.aws.harness import BUCKET, ELSEWHERE, PART, RENDER, answer_to, client

KEY = {"id": {"S": "any"}}
NEW_FILM = {"Bucket": MEDIA_BUCKET, "Key": "renders/new.mp4"}


def upload_by_parts(s3: Any, address: dict[str, str]) -> None:
    upload = s3.create_multipart_upload(**address, ContentType="video/mp4")["UploadId"]
    parts = []
    for number, body in enumerate([PART, b"end"], start=1):
        part = s3.upload_part(**address, UploadId=upload, PartNumber=number, Body=body)
        parts.append({"PartNumber": number, "ETag": part["ETag"]})
    s3.complete_multipart_upload(**address, UploadId=upload, MultipartUpload={"Parts": parts})


def start(s3: Any) -> dict[str, str]:
    return {**NEW_FILM, "UploadId": s3.create_multipart_upload(**NEW_FILM)["UploadId"]}


ALLOWED_IN_S3: dict[str, Callable[[Any], Any]] = {
    "upload by parts": lambda s3: upload_by_parts(s3, NEW_FILM),
    "put": lambda s3: s3.put_object(**NEW_FILM, Body=b"film"),
    "list the parts": lambda s3: s3.list_parts(**start(s3)),
    "give up": lambda s3: s3.abort_multipart_upload(**start(s3)),
}
DENIED_IN_S3: dict[str, Callable[[Any], Any]] = {
    "get": lambda s3: s3.get_object(**RENDER),
    "head": lambda s3: s3.head_object(**RENDER),
    "delete": lambda s3: s3.delete_object(**RENDER),
    "put elsewhere": lambda s3: s3.put_object(**ELSEWHERE, Body=b"x"),
    "put beside the prefix": lambda s3: s3.put_object(Bucket=MEDIA_BUCKET, Key="renders", Body=b"x"),
    "multipart elsewhere": lambda s3: s3.create_multipart_upload(**ELSEWHERE),
    "copy elsewhere": lambda s3: s3.copy_object(**ELSEWHERE, CopySource=RENDER),
    "set the acl": lambda s3: s3.put_object_acl(**RENDER, ACL="public-read"),
    "set tags": lambda s3: s3.put_object_tagging(**RENDER, Tagging={"TagSet": []}),
    "list": lambda s3: s3.list_objects_v2(**BUCKET),
    "list uploads": lambda s3: s3.list_multipart_uploads(**BUCKET),
    "list buckets": lambda s3: s3.list_buckets(),
    "read the rules": lambda s3: s3.get_bucket_lifecycle_configuration(**BUCKET),
    "drop the rules": lambda s3: s3.delete_bucket_lifecycle(**BUCKET),
    "set a policy": lambda s3: s3.put_bucket_policy(**BUCKET, Policy="{}"),
    "delete the bucket": lambda s3: s3.delete_bucket(**BUCKET),
    "make a bucket": lambda s3: s3.create_bucket(
        Bucket="another", CreateBucketConfiguration={"LocationConstraint": REGION}
    ),
}
DENIED_ELSEWHERE: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "make a user": ("iam", lambda iam: iam.create_user(UserName="eve")),
    "make a key": ("iam", lambda iam: iam.create_access_key(UserName="giftflick-app")),
    "widen itself": (
        "iam",
        lambda iam: iam.put_user_policy(UserName="giftflick-renderer", PolicyName="all", PolicyDocument="{}"),
    ),
    "list tables": ("dynamodb", lambda dynamodb: dynamodb.list_tables()),
    "read a table": ("dynamodb", lambda dynamodb: dynamodb.get_item(TableName=KEY_TABLE, Key=KEY)),
    "write a table": ("dynamodb", lambda dynamodb: dynamodb.put_item(TableName=KEY_TABLE, Item=KEY)),
    "assume a role": (
        "sts",
        lambda sts: sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/any", RoleSessionName="any"),
    ),
}


def test_seed_again_ends_the_older_keys(url: str, older_credentials: Credentials, credentials: Credentials) -> None:
    with enforced_policies(url):
        client("s3", url, credentials.app).list_objects_v2(**BUCKET)
        with pytest.raises(ClientError, match="InvalidAccessKeyId"):
            client("s3", url, older_credentials.app).list_objects_v2(**BUCKET)


def test_films_and_uploads_expire_after_90_days_sheets_after_7_and_unfinished_uploads_after_one(
    url: str, credentials: Credentials
) -> None:
    rules = client("s3", url, ROOT_KEY).get_bucket_lifecycle_configuration(**BUCKET)["Rules"]

    expiring = {rule["Filter"]["Prefix"]: rule["Expiration"]["Days"] for rule in rules if "Expiration" in rule}
    aborting = [rule["AbortIncompleteMultipartUpload"] for rule in rules if "AbortIncompleteMultipartUpload" in rule]
    assert expiring == {"renders/": 90, "uploads/": 90, "imports/": 7, "exports/": 7}
    assert aborting == [{"DaysAfterInitiation": 1}]


@pytest.mark.parametrize("what", ALLOWED_IN_S3)
def test_the_renderer_may_do_its_work(url: str, renderer: Any, what: str) -> None:
    with enforced_policies(url):
        ALLOWED_IN_S3[what](renderer)


def test_the_app_finds_what_the_renderer_uploaded(url: str, renderer: Any, app: Any) -> None:
    with enforced_policies(url):
        upload_by_parts(renderer, NEW_FILM)
        head = app.head_object(**NEW_FILM)

    assert (head["ContentLength"], head["ContentType"]) == (len(PART) + 3, "video/mp4")


@pytest.mark.parametrize("what", DENIED_IN_S3)
def test_the_renderer_may_do_nothing_else_in_s3(url: str, renderer: Any, film: dict[str, str], what: str) -> None:
    with enforced_policies(url), pytest.raises(ClientError) as raised:
        DENIED_IN_S3[what](renderer)

    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


@pytest.mark.parametrize("what", DENIED_ELSEWHERE)
def test_the_renderer_may_do_nothing_in_other_services(url: str, credentials: Credentials, what: str) -> None:
    service, call = DENIED_ELSEWHERE[what]
    with enforced_policies(url), pytest.raises(ClientError) as raised:
        call(client(service, url, credentials.renderer))

    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_what_the_renderer_presigns_is_worth_no_more_than_its_policy(
    url: str, renderer: Any, app: Any, film: dict[str, str]
) -> None:
    get, put = (renderer.generate_presigned_url(call, Params=film) for call in ("get_object", "put_object"))
    with enforced_policies(url):
        assert answer_to("GET", get) == (403, "AccessDenied")
        assert answer_to("PUT", put, body=b"newer")[0] == 200
        assert answer_to("GET", app.generate_presigned_url("get_object", Params=film))[0] == 200


def test_a_wrong_secret_is_refused(url: str, credentials: Credentials) -> None:
    forged = client("s3", url, AccessKey(credentials.renderer.id, "guess"))
    with enforced_policies(url), pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        forged.put_object(Bucket=MEDIA_BUCKET, Key="renders/x", Body=b"x")


APP_DENIED_IN_DYNAMODB: dict[str, Callable[[Any], Any]] = {
    "delete a key": lambda dynamodb: dynamodb.delete_item(TableName=KEY_TABLE, Key=KEY),
    "query": lambda dynamodb: dynamodb.query(
        TableName=KEY_TABLE, KeyConditionExpression="id = :id", ExpressionAttributeValues={":id": {"S": "any"}}
    ),
    "read in batches": lambda dynamodb: dynamodb.batch_get_item(RequestItems={KEY_TABLE: {"Keys": [KEY]}}),
    "write in batches": lambda dynamodb: dynamodb.batch_write_item(
        RequestItems={KEY_TABLE: [{"DeleteRequest": {"Key": KEY}}]}
    ),
    "look at the table": lambda dynamodb: dynamodb.describe_table(TableName=KEY_TABLE),
    "drop the table": lambda dynamodb: dynamodb.delete_table(TableName=KEY_TABLE),
    "turn off expiry": lambda dynamodb: dynamodb.update_time_to_live(
        TableName=KEY_TABLE, TimeToLiveSpecification={"Enabled": False, "AttributeName": "ttl"}
    ),
    "list tables": lambda dynamodb: dynamodb.list_tables(),
    "read another table": lambda dynamodb: dynamodb.get_item(TableName="another", Key=KEY),
    "write another table": lambda dynamodb: dynamodb.put_item(TableName=f"{KEY_TABLE}-2", Item=KEY),
}


def test_the_app_may_look_after_the_keys(url: str, credentials: Credentials) -> None:
    dynamodb = client("dynamodb", url, credentials.app)
    with enforced_policies(url):
        dynamodb.put_item(TableName=KEY_TABLE, Item=KEY)
        dynamodb.update_item(
            TableName=KEY_TABLE,
            Key=KEY,
            UpdateExpression="SET revoked_at = :at",
            ExpressionAttributeValues={":at": {"N": "1"}},
        )
        item = dynamodb.get_item(TableName=KEY_TABLE, Key=KEY, ConsistentRead=True)["Item"]
        assert dynamodb.scan(TableName=KEY_TABLE)["Items"] == [item]
    assert item == {**KEY, "revoked_at": {"N": "1"}}


@pytest.mark.parametrize("what", APP_DENIED_IN_DYNAMODB)
def test_the_app_may_do_nothing_else_in_dynamodb(url: str, credentials: Credentials, what: str) -> None:
    with enforced_policies(url), pytest.raises(ClientError) as raised:
        APP_DENIED_IN_DYNAMODB[what](client("dynamodb", url, credentials.app))

    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_the_key_table_forgets_what_has_ended(url: str, credentials: Credentials) -> None:
    described = client("dynamodb", url, ROOT_KEY).describe_time_to_live(TableName=KEY_TABLE)

    assert described["TimeToLiveDescription"] == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}


PICTURE = {"Bucket": MEDIA_BUCKET, "Key": "templates/backdrop.png"}
APP_DENIED_IN_S3: dict[str, Callable[[Any], Any]] = {
    "put a film": lambda s3: s3.put_object(**RENDER, Body=b"x"),
    "drop a template's file": lambda s3: s3.delete_object(**PICTURE),
    "put elsewhere": lambda s3: s3.put_object(Bucket=MEDIA_BUCKET, Key="elsewhere", Body=b"x"),
    "read elsewhere": lambda s3: s3.get_object(Bucket=MEDIA_BUCKET, Key="elsewhere"),
    "open the bucket": lambda s3: s3.put_bucket_cors(**BUCKET, CORSConfiguration={"CORSRules": []}),
    "keep things for ever": lambda s3: s3.delete_bucket_lifecycle(**BUCKET),
    "list buckets": lambda s3: s3.list_buckets(),
}


def test_the_app_may_do_its_work(url: str, app: Any, film: dict[str, str]) -> None:
    with enforced_policies(url):
        app.head_bucket(**BUCKET)
        app.list_objects_v2(**BUCKET, Prefix="renders/")
        assert app.get_object(**film, Range="bytes=0-3")["Body"].read() == b"0123"
        app.delete_object(**film)
        upload_by_parts(app, ELSEWHERE)
        app.delete_objects(**BUCKET, Delete={"Objects": [{"Key": ELSEWHERE["Key"]}], "Quiet": True})
        with pytest.raises(ClientError, match="404"):
            app.head_object(**ELSEWHERE)
        app.put_object(**PICTURE, Body=b"png")
        assert app.get_object(**PICTURE)["Body"].read() == b"png"


@pytest.mark.parametrize("what", APP_DENIED_IN_S3)
def test_the_app_may_do_nothing_else_in_s3(url: str, app: Any, film: dict[str, str], what: str) -> None:
    with enforced_policies(url), pytest.raises(ClientError) as raised:
        APP_DENIED_IN_S3[what](app)

    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
