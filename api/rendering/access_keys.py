"""The access keys of the IAM user that the renderer uploads films with: exchanged while both work, without an outage.

IAM allows a user two keys. The newest belongs into the secret RENDERER_SECRET, from where somebody gives it to the
renderer; the older goes once the renderer has used the newer. What is killed in between is put right by the next run.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from api.exceptions import InvalidStateError
from giftflick.aws_clients import iam, reaching, secrets_manager

IAM, SECRETS_MANAGER = "IAM", "Secrets Manager"


@dataclass(frozen=True)
class Found:
    """One of the user's keys. `is_stored`: it is the one in the secret."""

    id: str
    created_at: datetime
    last_used_at: datetime | None
    is_active: bool
    is_stored: bool


def look() -> list[Found]:
    """Oldest first. Raises BackendError, and InvalidStateError where no renderer's user is named."""
    if not settings.RENDERER_USER or not settings.RENDERER_SECRET:
        raise InvalidStateError("RENDERER_USER and RENDERER_SECRET are not set: there is no renderer's key here.")
    stored = _stored_id()
    with reaching(IAM):
        listed = iam().list_access_keys(UserName=settings.RENDERER_USER)["AccessKeyMetadata"]
        found = [
            Found(
                id=key["AccessKeyId"],
                created_at=key["CreateDate"],
                last_used_at=_last_used(key["AccessKeyId"]),
                is_active=key["Status"] == "Active",
                is_stored=key["AccessKeyId"] == stored,
            )
            for key in listed
        ]
    return sorted(found, key=lambda key: (key.created_at, key.is_stored))


def issue() -> tuple[list[Found], bool]:
    """See to it that a key newer than the first is in the secret; whether one was made. The older goes on working.

    A key that was made but never stored nor used, by a process killed in between, is deleted: nobody has its secret.
    Raises InvalidStateError if there are two keys and the secret holds neither.
    """
    found = look()
    for lost in [key for key in found if _is_lost(key, found)]:
        _delete(lost)
        found.remove(lost)
    if len(found) > 1:
        if any(key.is_stored for key in found):
            return found, False
        raise InvalidStateError("There are two keys, in use and in no secret: delete one in IAM, then run it again.")
    with reaching(IAM):
        made = iam().create_access_key(UserName=settings.RENDERER_USER)["AccessKey"]
    secret = {"access_key_id": made["AccessKeyId"], "secret_access_key": made["SecretAccessKey"]}
    with reaching(SECRETS_MANAGER):
        secrets_manager().put_secret_value(SecretId=settings.RENDERER_SECRET, SecretString=json.dumps(secret))
    return look(), True


def retire(*, is_forced: bool) -> tuple[list[Found], bool]:
    """Delete the older of two keys; whether there was one. The only key, and the one in the secret, stay.

    Unless forced, raises InvalidStateError until the renderer has used the newer key, and the older no later.
    """
    found = look()
    if len(found) < 2:
        return found, False
    older, newer = found
    if not newer.is_stored:
        raise InvalidStateError("The newer key is not the one in the secret: run --action=issue first.")
    if not is_forced and newer.last_used_at is None:
        raise InvalidStateError("The renderer has not used the newer key yet: give it to the renderer, or add --force.")
    if not is_forced and older.last_used_at and newer.last_used_at and older.last_used_at > newer.last_used_at:
        raise InvalidStateError("The renderer used the older key last: wait for its next film, or add --force.")
    _delete(older)
    return [newer], True


def _is_lost(key: Found, found: list[Found]) -> bool:
    is_newest = key == found[-1]
    return is_newest and not key.is_stored and key.last_used_at is None


def _delete(key: Found) -> None:
    with reaching(IAM):
        iam().delete_access_key(UserName=settings.RENDERER_USER, AccessKeyId=key.id)


def _last_used(key_id: str) -> datetime | None:
    return iam().get_access_key_last_used(AccessKeyId=key_id)["AccessKeyLastUsed"].get("LastUsedDate")


def _stored_id() -> str | None:
    """None while the secret holds no key yet."""
    client = secrets_manager()
    with reaching(SECRETS_MANAGER):
        try:
            text = client.get_secret_value(SecretId=settings.RENDERER_SECRET)["SecretString"]
        except client.exceptions.ResourceNotFoundException:
            return None
    try:
        stored: Any = json.loads(text)
    except ValueError:
        return None
    return stored.get("access_key_id") if isinstance(stored, dict) else None
