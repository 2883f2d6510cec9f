"""What AWS or its client library refuses, in one line that says what to do."""

import os

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "UnauthorizedException"})
UNKNOWN_KEY = frozenset({"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "AuthFailure"})
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"})
THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException", "RequestLimitExceeded"}
)
# What these services refuse, they like to quote: their messages may carry the value that was to be kept secret.
QUOTING = ("SecretString", "PutSecretValue", "CreateSecret", "PutParameter")
NO_SESSION = (
    exceptions.UnauthorizedSSOTokenError,
    exceptions.SSOTokenLoadError,
    exceptions.TokenRetrievalError,
)
NO_KEYS = (exceptions.NoCredentialsError, exceptions.PartialCredentialsError, exceptions.CredentialRetrievalError)
OUT_OF_REACH = (exceptions.EndpointConnectionError, exceptions.HTTPClientError)


def explained(error: BotoCoreError | ClientError) -> str:
    """For a person; no value that was sent is in it."""
    if isinstance(error, ClientError):
        return _refused(error)
    if isinstance(error, NO_SESSION):
        return f"the AWS session has ended: {_login()}"
    if isinstance(error, NO_KEYS):
        return f"no AWS credentials: {_login()}"
    if isinstance(error, exceptions.ProfileNotFound):
        return f"{error}: aws configure sso makes it, AWS_PROFILE chooses another"
    if isinstance(error, OUT_OF_REACH):
        return f"AWS is out of reach, nothing more was done; run the command again: {error}"
    return f"{type(error).__name__}: {error}"


def code_of(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


def _refused(error: ClientError) -> str:
    code, operation = code_of(error), error.operation_name
    message = error.response.get("Error", {}).get("Message", "")
    if code in EXPIRED:
        return f"the AWS session has ended: {_login()}"
    if code in UNKNOWN_KEY:
        return f"AWS does not know these credentials: {_login()}"
    if code in THROTTLED:
        return f"AWS throttles {operation}: wait a minute and run the command again, it goes on where it stopped"
    if code in DENIED:
        return f"these credentials may not do {operation}: {message}"
    if operation in QUOTING or "SecretString" in message:
        return f"AWS refused {operation}: {code}"
    return f"AWS refused {operation}: {code}: {message}"


def _login() -> str:
    profile = os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE")
    if profile:
        return f"aws sso login --profile {profile}"
    return "set AWS_PROFILE to a profile of yours, then aws sso login --profile with its name"
