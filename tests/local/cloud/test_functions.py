"""Lambda: the uploaded zip is what runs, under its configuration and with nothing else."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
import urllib3
from botocore.exceptions import ClientError

from local.aws.enforcement import enforced_policies
from tests.local.cloud.harness import Cloud, zipped
from tests.waiting import eventually

OBEDIENT = """
import importlib.util, os, time, boto3
from botocore.config import Config

def handler(event, context):
    print("called")
    if "raise" in event:
        raise ValueError(event["raise"])
    if "sleep" in event:
        time.sleep(event["sleep"])
    if "begun" in event:
        ssm = boto3.client("ssm")
        ssm.put_parameter(Name=event["begun"], Value="yes", Type="String")
        while not ssm.get_parameters(Names=[event["until"]])["Parameters"]:
            time.sleep(0.02)
    if "find" in event:
        return importlib.util.find_spec(event["find"]) is not None
    if "variable" in event:
        return os.environ.get(event["variable"])
    if "count" in event:
        table = boto3.resource("dynamodb").Table(event["count"])
        table.update_item(Key={"id": "calls"}, UpdateExpression="ADD calls :one", ExpressionAttributeValues={":one": 1})
        raise ValueError("counted")
    if "parameter" in event:
        return boto3.client("ssm").get_parameter(Name=event["parameter"])["Parameter"]["Value"]
    if "object" in event:
        bucket, key = event["object"]
        s3 = boto3.client("s3", config=Config(signature_version="s3v4"))
        return s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})
    return [VERSION, context.invoked_function_arn, context.aws_request_id]

VERSION = "first"
"""


@pytest.fixture(scope="module")
def function(cloud: Cloud) -> str:
    return cloud.make_function(OBEDIENT, Environment={"Variables": {"COLOUR": "red"}})


def test_answer_comes_with_the_end_of_its_log(cloud: Cloud, function: str) -> None:
    answer = cloud.invoke(function, {}, LogType="Tail")

    version, arn, request_id = answer["Payload"]
    log = base64.b64decode(answer["LogResult"]).decode().splitlines()
    assert (answer["StatusCode"], version, arn.rpartition(":")[2]) == (200, "first", function)
    assert log[:3] == [f"START RequestId: {request_id} Version: $LATEST", "called", f"END RequestId: {request_id}"]


def test_error_of_the_handler_is_an_answer(cloud: Cloud, function: str) -> None:
    answer = cloud.invoke(function, {"raise": "no gift"}, LogType="Tail")

    assert (answer["FunctionError"], answer["Payload"]["errorType"]) == ("Unhandled", "ValueError")
    assert answer["Payload"]["errorMessage"] == "no gift"
    assert "Traceback" in base64.b64decode(answer["LogResult"]).decode()


def test_function_that_takes_too_long_is_ended(cloud: Cloud) -> None:
    function = cloud.make_function(OBEDIENT, Timeout=1)

    answer = cloud.invoke(function, {"sleep": 30})

    assert (answer["FunctionError"], answer["Payload"]["errorType"]) == ("Unhandled", "Sandbox.Timedout")


def test_log_is_kept_in_the_functions_group_where_there_is_one(cloud: Cloud, function: str) -> None:
    logs, group = cloud.client("logs"), f"/aws/lambda/{function}"
    cloud.invoke(function, {})
    assert not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]

    logs.create_log_group(logGroupName=group)
    cloud.invoke(function, {})

    said = [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]
    assert said[1] == "called"


@pytest.mark.parametrize(("module", "is_found"), [("boto3", True), ("django", False), ("giftflick", False)])
def test_function_finds_awss_sdk_and_nothing_of_ours(cloud: Cloud, function: str, module: str, is_found: bool) -> None:
    assert cloud.invoke(function, {"find": module})["Payload"] is is_found


def test_environment_is_the_configurations_and_awss(
    cloud: Cloud, function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://nowhere")
    names = ("COLOUR", "AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME", "AWS_ENDPOINT_URL", "DATABASE_URL")

    values = [cloud.invoke(function, {"variable": name})["Payload"] for name in names]

    assert values == ["red", "ap-southeast-2", function, cloud.url, None]


def test_new_code_serves_at_once_while_the_old_ends_its_work(cloud: Cloud) -> None:
    function, ssm = cloud.make_function(OBEDIENT, Timeout=30, Publish=True), cloud.client("ssm")
    begun, until = f"/{function}/begun", f"/{function}/until"
    new = zipped({"app.py": OBEDIENT.replace('VERSION = "first"', 'VERSION = "second"')})

    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(cloud.invoke, function, {"begun": begun, "until": until})
        eventually(lambda: ssm.get_parameters(Names=[begun])["Parameters"], within_s=20)
        cloud.client("lambda").update_function_code(FunctionName=function, ZipFile=new, Publish=True)
        latest, first = cloud.invoke(function, {}), cloud.invoke(function, {}, Qualifier="1")
        ssm.put_parameter(Name=until, Value="now", Type="String")

    assert [answer["Payload"][0] for answer in (under_way.result(), latest, first)] == ["first", "second", "first"]


def test_new_configuration_takes_effect_at_once(cloud: Cloud) -> None:
    function = cloud.make_function(OBEDIENT, Environment={"Variables": {"COLOUR": "red"}})
    cloud.invoke(function, {})

    cloud.client("lambda").update_function_configuration(
        FunctionName=function, Environment={"Variables": {"COLOUR": "blue"}}
    )

    assert cloud.invoke(function, {"variable": "COLOUR"})["Payload"] == "blue"


def test_code_can_be_fetched_for_a_rollback(cloud: Cloud) -> None:
    function = cloud.make_function(OBEDIENT, Publish=True)
    found = cloud.client("lambda").get_function(FunctionName=f"function:{function}:1")

    code = urllib3.request("GET", found["Code"]["Location"], timeout=30)

    assert (code.status, code.data) == (200, zipped({"app.py": OBEDIENT}))


def test_nobody_waits_for_an_event_and_it_is_tried_as_often_as_configured(cloud: Cloud) -> None:
    function, dynamodb = cloud.make_function(OBEDIENT), cloud.client("dynamodb")
    dynamodb.create_table(
        TableName=function,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    configure = cloud.client("lambda").put_function_event_invoke_config
    configure(FunctionName=function, MaximumRetryAttempts=2)
    configure(FunctionName=function, MaximumRetryAttempts=1)

    answer = cloud.invoke(function, {"count": function}, InvocationType="Event")

    def calls() -> int:
        item = dynamodb.get_item(TableName=function, Key={"id": {"S": "calls"}}).get("Item", {})
        return int(item.get("calls", {"N": "0"})["N"])

    assert (answer["StatusCode"], answer["Payload"]) == (202, None)
    eventually(lambda: calls() == 2, within_s=20)


def test_function_with_no_concurrency_is_throttled(cloud: Cloud) -> None:
    function = cloud.make_function(OBEDIENT)
    cloud.client("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)

    with pytest.raises(ClientError, match="TooManyRequestsException"):
        cloud.invoke(function, {})


def test_deleted_function_runs_no_more(cloud: Cloud) -> None:
    function = cloud.make_function(OBEDIENT)
    cloud.invoke(function, {})

    cloud.client("lambda").delete_function(FunctionName=function)

    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        cloud.invoke(function, {})


def test_function_has_its_roles_rights_where_policies_count(cloud: Cloud) -> None:
    parameter = "/functions/secret"
    cloud.client("ssm").put_parameter(Name=parameter, Value="known", Type="String", Overwrite=True)
    may = cloud.make_function(OBEDIENT, role=cloud.make_role("ssm:GetParameter"))
    may_not = cloud.make_function(OBEDIENT, role=cloud.make_role("ssm:PutParameter"))

    with enforced_policies(cloud.url):
        allowed, denied = (cloud.invoke(function, {"parameter": parameter}) for function in (may, may_not))

    assert allowed["Payload"] == "known"
    assert "AccessDenied" in json.dumps(denied["Payload"])


def test_urls_that_a_function_presigns_are_verified(cloud: Cloud) -> None:
    s3, bucket = cloud.client("s3"), "presigned-by-function"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-southeast-2"})
    s3.put_object(Bucket=bucket, Key="film", Body=b"film")
    function = cloud.make_function(OBEDIENT, role=cloud.make_role("s3:GetObject"))
    url = cloud.invoke(function, {"object": [bucket, "film"]})["Payload"]

    answers = [urllib3.request("GET", asked, timeout=30).status for asked in (url, url.replace("film", "other"))]

    assert answers == [200, 403]


def test_zappa_finds_no_function_urls(cloud: Cloud, function: str) -> None:
    assert cloud.client("lambda").list_function_url_configs(FunctionName=function)["FunctionUrlConfigs"] == []
