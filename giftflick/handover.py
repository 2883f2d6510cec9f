"""Secrets for a person or a tool: they go into Secrets Manager, and the command that made them prints the place only.

Where HANDOVER_PREFIX is empty, as on a laptop, nothing is handed over: the command shows the secret itself.
"""

from contextlib import suppress

from django.conf import settings

from giftflick.aws_clients import reaching, secrets_manager

SECRETS_MANAGER = "Secrets Manager"
KEPT_AFTER_REMOVAL_DAYS = 7  # the shortest that Secrets Manager offers; until then it can be restored


def is_wanted() -> bool:
    return bool(settings.HANDOVER_PREFIX)


def place(name: str) -> str:
    """The secret's whole name."""
    return f"{settings.HANDOVER_PREFIX}{name}"


def hand_over(name: str, secret: str, *, what: str) -> str:
    """Put a secret in its place, instead of an earlier one if there is any. Raises BackendError."""
    client = secrets_manager()
    with reaching(SECRETS_MANAGER):
        try:
            client.create_secret(
                Name=place(name),
                SecretString=secret,
                Description=what,
                Tags=[{"Key": "purpose", "Value": "handover"}],
            )
        except (client.exceptions.ResourceExistsException, client.exceptions.InvalidRequestException):
            if not is_there(name):  # it was taken back less than a week ago
                client.restore_secret(SecretId=place(name))
            client.put_secret_value(SecretId=place(name), SecretString=secret)
    return place(name)


def is_there(name: str) -> bool:
    """Not if it was never handed over, or taken back since. Raises BackendError."""
    client = secrets_manager()
    with reaching(SECRETS_MANAGER), suppress(client.exceptions.ResourceNotFoundException):
        return "DeletedDate" not in client.describe_secret(SecretId=place(name))
    return False


def take_back(name: str) -> None:
    """Remove a secret, within a week for good; one that is gone stays so. Raises BackendError."""
    client = secrets_manager()
    gone = (client.exceptions.ResourceNotFoundException, client.exceptions.InvalidRequestException)
    with reaching(SECRETS_MANAGER), suppress(*gone):
        client.delete_secret(SecretId=place(name), RecoveryWindowInDays=KEPT_AFTER_REMOVAL_DAYS)
