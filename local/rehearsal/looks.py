"""Looks at what was deployed, by AWS's own API: each look raises RehearsalError unless it finds what must be there."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

from infra.stages import PROJECT
from local.rehearsal.account import Account, RehearsalError

Look = Callable[[Account], None]

# Whether the authorizer is asked, as in `local.gateway.routes`.
ROUTES = {"ANY /v1/{proxy+}": True, "OPTIONS /v1/{proxy+}": False, "GET /v1/openapi.json": False, "$default": False}


def equal(what: str, found: Any, wanted: Any) -> None:
    if found != wanted:
        raise RehearsalError(f"{what}: {found!r}, not {wanted!r}")


def way_out(account: Account) -> None:
    """A NAT instance in dev; gateways elsewhere, one in staging and one in each zone of production."""
    gateways = {"dev": 0, "staging": 1, "production": 2}[account.stage.name]
    ec2 = account.client("ec2")
    instances = [
        instance
        for reservation in ec2.describe_instances()["Reservations"]
        for instance in reservation["Instances"]
        if instance["State"]["Name"] == "running"
    ]
    equal("NAT instances", [instance["InstanceType"] for instance in instances], [] if gateways else ["t4g.nano"])
    equal("NAT gateways", len(ec2.describe_nat_gateways()["NatGateways"]), gateways)
    ways = {
        "instance" if "InstanceId" in route else "gateway"
        for table in ec2.describe_route_tables()["RouteTables"]
        for route in table["Routes"]
        if route.get("DestinationCidrBlock") == "0.0.0.0/0" and ("InstanceId" in route or "NatGatewayId" in route)
    }
    equal("the way out", ways, {"gateway"} if gateways else {"instance"})


def database(account: Account) -> None:
    """Its capacity comes from Parameter Store; it sleeps in dev alone."""
    [cluster] = account.client("rds").describe_db_clusters()["DBClusters"]
    scaling = cluster["ServerlessV2ScalingConfiguration"]
    least = 0.0 if account.stage.name == "dev" else 0.5
    equal("capacity", (float(scaling["MinCapacity"]), float(scaling["MaxCapacity"])), (least, 3.0))
    equal(
        "encryption, deletion protection",
        (cluster["StorageEncrypted"], cluster["DeletionProtection"]),
        (True, account.stage.name == "production"),
    )


def media(account: Account) -> None:
    """Private, and films and uploads go after 90 days, unfinished uploads after one."""
    s3, bucket = account.client("s3"), account.output("MediaBucket")
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    days = {rule["Filter"]["Prefix"]: rule["Expiration"]["Days"] for rule in rules if "Expiration" in rule}
    equal("days until media go", days, {"renders/": 90, "uploads/": 90, "imports/": 7, "exports/": 7})
    unfinished = [rule["AbortIncompleteMultipartUpload"] for rule in rules if "AbortIncompleteMultipartUpload" in rule]
    equal("unfinished uploads", unfinished, [{"DaysAfterInitiation": 1}])
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    equal("public access", set(block.values()), {True})


def key_table(account: Account) -> None:
    dynamodb, table = account.client("dynamodb"), account.output("KeyTable")
    ttl = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    equal("TTL of the key table", (ttl["TimeToLiveStatus"], ttl.get("AttributeName")), ("ENABLED", "ttl"))
    backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    equal("point in time", backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"], "ENABLED")


def alarms(account: Account) -> None:
    """From every alarm over the topic to the mailbox of ops."""
    sns, topic = account.client("sns"), account.output("AlarmTopic")
    subscribed = [
        (subscription["Protocol"], subscription["Endpoint"])
        for subscription in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    ]
    equal("who hears of alarms", subscribed, [("email", "ops@giftflick.example")])
    found = account.client("cloudwatch").describe_alarms()["MetricAlarms"]
    prefix = f"{account.stage.function}-"
    equal("alarms with another name", [alarm for alarm in found if not alarm["AlarmName"].startswith(prefix)], [])
    mute = [alarm["AlarmName"] for alarm in found if alarm["AlarmActions"] != [topic]]
    equal("alarms that tell nobody", mute, [])
    equal("alarms", len(found), 13 if account.stage.name == "dev" else 14)


def doors(account: Account) -> None:
    """The alias from Parameter Store at CloudFront and at the HTTP API, which asks the authorizer on its routes."""
    [distribution] = account.client("cloudfront").list_distributions()["DistributionList"]["Items"]
    equal("aliases", distribution["Aliases"]["Items"], [account.alias])
    gateway = account.client("apigatewayv2")
    equal("names of the API", [name["DomainName"] for name in gateway.get_domain_names()["Items"]], [account.alias])
    [api] = gateway.get_apis()["Items"]
    equal("the API's own endpoint is off", str(api["DisableExecuteApiEndpoint"]), "True")
    found = gateway.get_routes(ApiId=api["ApiId"])["Items"]
    equal("routes", {route["RouteKey"]: route["AuthorizationType"] == "CUSTOM" for route in found}, ROUTES)
    [asked] = {route["AuthorizerId"] for route in found if route.get("AuthorizerId")}
    authorizer = gateway.get_authorizer(ApiId=api["ApiId"], AuthorizerId=asked)
    equal("seconds that a key is believed", authorizer["AuthorizerResultTtlInSeconds"], 45)


def function(account: Account) -> None:
    """Its variables are references; its concurrency comes from Parameter Store; ticks only where they are wanted."""
    lambdas, name = account.client("lambda"), account.stage.function
    configuration = lambdas.get_function_configuration(FunctionName=name)
    equal("handler", configuration["Handler"], "giftflick.lambda_entry.handler")
    equal("role", configuration["Role"], account.output("FunctionRole"))
    equal(
        "subnets",
        sorted(configuration["VpcConfig"]["SubnetIds"]),
        sorted(account.output("PrivateSubnetIds").split(",")),
    )
    concurrency = lambdas.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"]
    equal("reserved concurrency", concurrency, 4)
    tries = lambdas.get_function_event_invoke_config(FunctionName=name)["MaximumRetryAttempts"]
    equal("second tries of a tick", tries, 0)
    schedules = sorted(rule["ScheduleExpression"] for rule in account.client("events").list_rules()["Rules"])
    equal("schedules", schedules, [] if account.stage.name == "dev" else ["rate(1 minute)", "rate(4 minutes)"])


def canaries(account: Account) -> None:
    """No secret in a function's configuration, in a log, in what a command said, in the zip, or in the repository."""
    known = {name: value for name, value in account.secrets.items() if name != "SENDGRID_WEBHOOK_PUBLIC_KEY"}
    known |= {f"app {name}": text for name, text in json.loads(account.secret("app")).items() if len(text) > 15}
    known |= {
        f"database {name}": text for name, text in json.loads(account.secret("database")).items() if name == "password"
    }
    known |= {"renderer": json.loads(account.secret("renderer"))["secret_access_key"]}
    known.pop("app SENDGRID_WEBHOOK_PUBLIC_KEY")
    known.pop("app MEDIA_KEY_ID", None)
    needles = {name: text.split("\n")[1] if text.startswith("-----BEGIN") else text for name, text in known.items()}
    for where, text in _places(account):
        for name, needle in needles.items():
            if needle in text:
                raise RehearsalError(f"the secret {name} stands in {where}")


def _places(account: Account) -> list[tuple[str, str]]:
    lambdas = account.client("lambda")
    configurations = json.dumps(lambdas.list_functions()["Functions"], default=str)
    logs = [*(account.home / "log").glob("*.log"), *(account.home / "cloud").rglob("*.log")]
    code = [
        file
        for file in (account.home / "cloud" / "functions" / "code").rglob("*")
        if file.suffix in (".py", ".json", ".txt")
    ]
    return [
        ("a function's configuration", configurations),
        ("the repository", _repository()),
        *((str(file), file.read_text(errors="replace")) for file in [*logs, *code] if file.is_file()),
    ]


def _repository() -> str:
    """All that git tracks."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=True)  # noqa: S607
    files = (PROJECT / name for name in listed.stdout.split("\0") if name)
    return "\n".join(file.read_text(errors="replace") for file in files if file.is_file())


LOOKS: dict[str, Look] = {
    "way out": way_out,
    "database": database,
    "media bucket": media,
    "key table": key_table,
    "alarms": alarms,
    "doors": doors,
    "function": function,
}


def look_around(account: Account) -> None:
    for look in LOOKS.values():
        look(account)
