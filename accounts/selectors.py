"""Reading keys and accounts."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import Account, ApiKey
from accounts.states import KeyState

EXPIRING_FOR = timedelta(days=30)


def account_called(wanted: str) -> Account | None:
    """By id or by name."""
    try:
        return Account.objects.filter(pk=UUID(wanted)).first()
    except ValueError:
        return Account.objects.filter(name=wanted).first()


def working_keys(*, now: datetime) -> QuerySet[ApiKey]:
    """Neither revoked nor expired, each with its account; whether that is suspended is another matter."""
    return ApiKey.objects.select_related("account").filter(
        Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=now))
    )


def working_keys_of(account_id: UUID, *, now: datetime) -> list[ApiKey]:
    return list(working_keys(now=now).filter(account=account_id).order_by("created_at", "pk"))


def keys_to_list(account: Account | None) -> QuerySet[ApiKey]:
    """Newest first; of every account if None is given."""
    keys = ApiKey.objects.order_by("-created_at", "-pk")
    return keys if account is None else keys.filter(account=account)


def lifetime_of(key: ApiKey) -> timedelta | None:
    """How long it was issued for, None for ever. One that was rotated ends earlier: whatever took its place tells."""
    while (next_one := key.replaced_by.order_by("created_at", "pk").first()) is not None:
        key = next_one
    return None if key.expires_at is None else key.expires_at - key.created_at


def keys_by_id(ids: Collection[str]) -> dict[str, ApiKey]:
    return {key.pk: key for key in ApiKey.objects.select_related("account").filter(pk__in=ids)}


def keys_in(state: KeyState, *, now: datetime) -> Q:
    """A filter for the keys that `state_of` says are in `state`."""
    expired = Q(revoked_at=None, expires_at__lte=now)
    expiring = Q(revoked_at=None, expires_at__gt=now, expires_at__lte=now + EXPIRING_FOR)
    return {
        KeyState.REVOKED: Q(revoked_at__isnull=False),
        KeyState.EXPIRED: expired,
        KeyState.EXPIRING: expiring,
        KeyState.LIVE: Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=now + EXPIRING_FOR)),
    }[state]


def state_of(key: ApiKey, *, now: datetime) -> KeyState:
    if key.revoked_at is not None:
        return KeyState.REVOKED
    if key.expires_at is None:
        return KeyState.LIVE
    if key.expires_at <= now:
        return KeyState.EXPIRED
    return KeyState.EXPIRING if key.expires_at <= now + EXPIRING_FOR else KeyState.LIVE
