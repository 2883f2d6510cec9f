"""The functions behind the gateway, with the environments that they have on AWS."""

from collections.abc import Mapping
from pathlib import Path

from local.environment import inherited_environment
from local.lambda_runtime import Function

COPIES = 2
SITE = "giftflick.lambda_entry.handler"
AUTHORIZER = "accounts.authorizer.handler"
AUTHORIZER_WITHIN_S = 10.0  # API Gateway waits no longer


def site(env: Mapping[str, str], logs: Path, *, copies: int = COPIES) -> Function:
    """The whole Django project."""
    return Function("site", SITE, env=env, logs=logs, copies=copies)


def authorizer(env: Mapping[str, str], logs: Path) -> Function:
    """It gets a table and AWS's own variables of `env`, so that it cannot come to need more."""
    own = {name: value for name, value in env.items() if name == "KEY_TABLE" or name.startswith("AWS_")}
    return Function(
        "authorizer", AUTHORIZER, env={**inherited_environment(), **own}, logs=logs, timeout_s=AUTHORIZER_WITHIN_S
    )
