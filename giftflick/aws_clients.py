"""AWS's clients for management commands, and what goes wrong with them as a BackendError.

botocore reads region, credentials and endpoint from its own environment (AWS_DEFAULT_REGION, AWS_ENDPOINT_URL, …).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from api.exceptions import BackendError

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_secretsmanager import SecretsManagerClient


@cache
def secrets_manager() -> "SecretsManagerClient":
    """One for each process; whoever points AWS elsewhere afterwards calls `cache_clear()`."""
    return _client("secretsmanager")  # type: ignore[return-value]


@cache
def iam() -> "IAMClient":
    """One for each process; whoever points AWS elsewhere afterwards calls `cache_clear()`."""
    return _client("iam")  # type: ignore[return-value]


@contextmanager
def reaching(service: str) -> Iterator[None]:
    """Turn what botocore raises into a BackendError with AWS's own code, but none of its words."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise _unavailable(service, error.response.get("Error", {}).get("Code", "unknown")) from error
    except BotoCoreError as error:
        raise _unavailable(service, type(error).__name__) from error


def _client(service: str) -> object:
    import botocore.session
    from botocore.config import Config

    config = Config(connect_timeout=3, read_timeout=8, retries={"mode": "standard", "total_max_attempts": 3})
    return botocore.session.get_session().create_client(service, config=config)


def _unavailable(service: str, reason: str) -> BackendError:
    return BackendError("aws_unavailable", f"{service} did not do as asked ({reason}). Run it again.", retryable=True)
