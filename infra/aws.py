"""The one connection to AWS of a command: profile, endpoint and keys are what the environment says, as everywhere."""

import os
from functools import cached_property
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from infra.stages import DeployError, Stage

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_rds import RDSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 8}, connect_timeout=10, read_timeout=70)
# An invocation that is tried again runs twice: it is waited for, 900 s and a little, and made once.
ONCE = Config(retries={"total_max_attempts": 1}, connect_timeout=10, read_timeout=920)
ACCOUNT_GUARD = "GIFTFLICK_ACCOUNT"


class Aws:
    """Clients for the stage's region, each made when it is first used."""

    def __init__(self, stage: Stage) -> None:
        """Raises botocore's ProfileNotFound."""
        self.stage = stage
        self._session = boto3.Session(region_name=stage.region)

    @cached_property
    def account(self) -> str:
        """The account that the credentials are for. Raises DeployError if it is not the one that the guard names."""
        account = self.sts.get_caller_identity()["Account"]
        wanted = os.environ.get(ACCOUNT_GUARD)
        if wanted and wanted != account:
            raise DeployError(
                f"these credentials are for account {account}, but {ACCOUNT_GUARD} says {wanted}: "
                "choose the other profile with AWS_PROFILE"
            )
        return account

    def child_environment(self) -> dict[str, str]:
        """What a program that makes a session of its own needs to end up where this one is."""
        return {**os.environ, "AWS_REGION": self.stage.region, "AWS_DEFAULT_REGION": self.stage.region}

    @cached_property
    def cloudformation(self) -> "CloudFormationClient":
        return self._session.client("cloudformation", config=PATIENT)

    @cached_property
    def cloudfront(self) -> "CloudFrontClient":
        return self._session.client("cloudfront", config=PATIENT)

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        return self._session.client("dynamodb", config=PATIENT)

    @cached_property
    def ec2(self) -> "EC2Client":
        return self._session.client("ec2", config=PATIENT)

    @cached_property
    def iam(self) -> "IAMClient":
        return self._session.client("iam", config=PATIENT)

    @cached_property
    def functions(self) -> "LambdaClient":
        return self._session.client("lambda", config=PATIENT)

    @cached_property
    def invoker(self) -> "LambdaClient":
        return self._session.client("lambda", config=ONCE)

    @cached_property
    def logs(self) -> "CloudWatchLogsClient":
        return self._session.client("logs", config=PATIENT)

    @cached_property
    def rds(self) -> "RDSClient":
        return self._session.client("rds", config=PATIENT)

    @cached_property
    def s3(self) -> "S3Client":
        return self._session.client("s3", config=PATIENT)

    @cached_property
    def secrets(self) -> "SecretsManagerClient":
        return self._session.client("secretsmanager", config=PATIENT)

    @cached_property
    def ssm(self) -> "SSMClient":
        return self._session.client("ssm", config=PATIENT)

    @cached_property
    def sts(self) -> "STSClient":
        return self._session.client("sts", config=PATIENT)
