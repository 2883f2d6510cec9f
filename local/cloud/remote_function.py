"""A function that is called by Lambda's API, as API Gateway does it."""

import json
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from local.aws.identities import REGION, ROOT_KEY
from local.lambda_runtime import FunctionError, FunctionTimeoutError, ThrottledError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

CONNECTIONS = 32


class RemoteFunction:
    """The function `name` of the cloud at `endpoint`."""

    def __init__(self, endpoint: str, name: str, *, timeout_s: float) -> None:
        session = boto3.Session(ROOT_KEY.id, ROOT_KEY.secret, region_name=REGION)
        once = Config(retries={"total_max_attempts": 1}, read_timeout=timeout_s, max_pool_connections=CONNECTIONS)
        self._client: LambdaClient = session.client("lambda", endpoint_url=endpoint, config=once)
        self._name = name

    def invoke(self, event: dict[str, Any]) -> Any:
        """What it returned. Raises an InvocationError."""
        try:
            answer = self._client.invoke(FunctionName=self._name, Payload=json.dumps(event, ensure_ascii=False))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            kind = ThrottledError if code == "TooManyRequestsException" else FunctionError
            raise kind(f"{self._name}: {code}") from error
        except (ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError) as error:
            raise FunctionTimeoutError(f"{self._name}: {type(error).__name__}") from error
        returned = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise FunctionError(f"{self._name}: {returned.get('errorType')}: {returned.get('errorMessage')}")
        return returned
