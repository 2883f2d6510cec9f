"""What is kept: the database's capacity, the key table, buckets and their rules, and the secrets' first values."""

import json
from typing import Any

import pytest

from tests.infra.evaluation import STAGES, TEMPLATES, of_type, resources_in

BUCKETS = ("MediaBucket", "StaticBucket", "CodeBucket")


def properties(name: str, stage: str = "production", **parameters: str) -> Any:
    return resources_in("data", stage, **parameters)[name]["Properties"]


def test_the_databases_capacity_comes_from_ssm() -> None:
    declared = TEMPLATES["data"]["Parameters"]
    scaling = TEMPLATES["data"]["Resources"]["DatabaseCluster"]["Properties"]["ServerlessV2ScalingConfiguration"]

    for name in ("DatabaseMinCapacity", "DatabaseMaxCapacity"):
        assert declared[name]["Type"] == "AWS::SSM::Parameter::Value<String>"
    assert (scaling["MinCapacity"], scaling["MaxCapacity"]) == (
        {"Ref": "DatabaseMinCapacity"},
        {"Ref": "DatabaseMaxCapacity"},
    )


@pytest.mark.parametrize(
    ("stage", "scaling"),
    [
        ("dev", {"MinCapacity": "0", "MaxCapacity": "1", "SecondsUntilAutoPause": 300}),
        ("staging", {"MinCapacity": "0.5", "MaxCapacity": "2"}),
        ("production", {"MinCapacity": "0.5", "MaxCapacity": "8"}),
    ],
)
def test_the_database_sleeps_in_dev_and_nowhere_else(stage: str, scaling: dict[str, Any]) -> None:
    assert properties("DatabaseCluster", stage)["ServerlessV2ScalingConfiguration"] == scaling


def test_whoever_chooses_no_least_capacity_lets_the_database_sleep() -> None:
    cluster = properties("DatabaseCluster", "staging", DatabaseMinCapacity="0")

    assert cluster["ServerlessV2ScalingConfiguration"]["SecondsUntilAutoPause"] == 300


@pytest.mark.parametrize(
    ("stage", "days", "is_protected"), [("dev", 1, False), ("staging", 7, False), ("production", 35, True)]
)
def test_the_database_is_backed_up_and_in_production_protected(stage: str, days: int, is_protected: bool) -> None:
    cluster = properties("DatabaseCluster", stage)

    assert cluster["BackupRetentionPeriod"] == days
    assert cluster["DeletionProtection"] is is_protected
    assert properties("KeyTable", stage)["DeletionProtectionEnabled"] is is_protected


def test_the_database_is_postgresql_16_by_tls_only_and_its_password_is_rdss() -> None:
    cluster, instance = properties("DatabaseCluster"), properties("DatabaseInstance")
    parameters = properties("DatabaseParameters")

    assert (cluster["Engine"], cluster["EngineVersion"].split(".")[0]) == ("aurora-postgresql", "16")
    assert (parameters["Family"], parameters["Parameters"]) == ("aurora-postgresql16", {"rds.force_ssl": "1"})
    assert cluster["ManageMasterUserPassword"] is True
    assert "MasterUserPassword" not in cluster
    assert (instance["DBInstanceClass"], instance["PubliclyAccessible"]) == ("db.serverless", False)


def test_the_key_table_forgets_what_has_ended_and_can_be_restored() -> None:
    table = properties("KeyTable")

    assert table["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    assert table["AttributeDefinitions"] == [{"AttributeName": "id", "AttributeType": "S"}]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


@pytest.mark.parametrize("bucket", BUCKETS)
def test_no_bucket_is_public(bucket: str) -> None:
    blocked = properties(bucket)["PublicAccessBlockConfiguration"]

    assert list(blocked.values()) == [True] * 4
    assert properties(bucket)["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_films_and_uploads_go_after_90_days_sheets_after_7_and_unfinished_uploads_after_one() -> None:
    rules = properties("MediaBucket")["LifecycleConfiguration"]["Rules"]

    assert all(rule["Status"] == "Enabled" for rule in rules)
    assert {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "Prefix" in rule} == {
        "renders/": 90,
        "uploads/": 90,
        "imports/": 7,
        "exports/": 7,
    }
    assert [rule["AbortIncompleteMultipartUpload"] for rule in rules if "Prefix" not in rule] == [
        {"DaysAfterInitiation": 1}
    ]
    assert "VersioningConfiguration" not in properties("MediaBucket")


def test_browsers_may_upload_and_read_the_etag_that_completes_it() -> None:
    [rule] = properties("MediaBucket")["CorsConfiguration"]["CorsRules"]

    assert (rule["AllowedOrigins"], rule["AllowedMethods"]) == (["*"], ["PUT", "GET", "HEAD"])
    assert rule["ExposedHeaders"] == ["ETag"]


def test_old_zips_go() -> None:
    rules = properties("CodeBucket")["LifecycleConfiguration"]["Rules"]

    assert [rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule] == [365]


def test_each_bucket_is_reached_by_tls_only() -> None:
    policies = {
        policy["Bucket"]["Ref"]: policy["PolicyDocument"]["Statement"]
        for part in ("data", "edge")
        for policy in of_type(resources_in(part, "production"), "S3::BucketPolicy").values()
    }

    assert policies.keys() == set(BUCKETS)
    for statements in policies.values():
        [denied] = [statement for statement in statements if statement["Effect"] == "Deny"]
        assert (denied["Principal"], denied["Action"], len(denied["Resource"])) == ("*", "s3:*", 2)
        assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_app_secret_is_born_with_a_key_and_a_place_for_everything_else() -> None:
    """Whoever changes this has CloudFormation overwrite the secrets of every stage: add values by `make secret`."""
    secret = properties("AppSecret")

    assert secret["Name"] == {"Fn::Sub": "giftflick/${Stage}/app"}
    made = secret["GenerateSecretString"]
    assert json.loads(made.pop("SecretStringTemplate")) == dict.fromkeys(
        (
            "SECRET_KEY_FALLBACKS",
            "EDGE_SECRET",
            "EDGE_SECRET_NEXT",
            "RENDERER_API_KEY",
            "RENDERER_SANDBOX_API_KEY",
            "SENDGRID_API_KEY",
            "SENDGRID_WEBHOOK_PUBLIC_KEY",
            "MEDIA_KEY_ID",
            "MEDIA_PRIVATE_KEY",
            "SENTRY_DSN",
        ),
        "",
    )
    assert made == {"GenerateStringKey": "SECRET_KEY", "PasswordLength": 64, "ExcludePunctuation": True}


def test_the_other_secrets_are_born_without_a_secret() -> None:
    """The same holds for these; the database's says where it is, which the release function needs to know."""
    database, renderer = properties("DatabaseSecret"), properties("RendererSecret")
    console = properties("ConsoleSecret")

    assert database["Name"] == {"Fn::Sub": "giftflick/${Stage}/database"}
    assert json.loads(database["SecretString"]["Fn::Sub"]) == {
        "host": "${DatabaseCluster.Endpoint.Address}",
        "port": "${DatabaseCluster.Endpoint.Port}",
        "dbname": "giftflick",
        "username": "",
        "password": "",
    }
    assert renderer["Name"] == {"Fn::Sub": "giftflick/${Stage}/renderer"}
    assert renderer["SecretString"] == "{}"
    assert (console["Name"], console["SecretString"]) == ({"Fn::Sub": "giftflick/${Stage}/console"}, "{}")


@pytest.mark.parametrize("stage", STAGES)
def test_cloudformation_makes_no_access_key(stage: str) -> None:
    """Its secret half would stand in the stack's outputs."""
    assert of_type(resources_in("data", stage), "IAM::AccessKey") == {}
