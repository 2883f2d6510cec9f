"""Reading keys and accounts."""

from datetime import datetime

from accounts import keys
from accounts.models import ApiKey


def api_key_presented_as(text: str, *, now: datetime) -> ApiKey | None:
    """The live key this text is, with its account; None if malformed, unknown, revoked or expired.

    A malformed or mistyped key costs no query, any other exactly one.
    """
    presented = keys.parse(text)
    if presented is None:
        return None
    key = ApiKey.objects.select_related("account").filter(pk=presented.id).first()
    if key is None or not keys.is_same_digest(key.digest, presented.digest):
        return None
    if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
        return None
    return key
