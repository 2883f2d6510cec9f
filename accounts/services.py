"""Opening accounts, issuing and revoking keys."""

from collections.abc import Sequence
from datetime import datetime

from accounts import keys
from accounts.models import Account, ApiKey, OrderGate, Scope


def create_account(
    *, name: str, email: str, order_gate: OrderGate = OrderGate.ALWAYS, requests_per_minute: int = 600
) -> Account:
    return Account.objects.create(
        name=name, email=email, order_gate=order_gate, requests_per_minute=requests_per_minute
    )


def issue_api_key(
    account: Account,
    *,
    name: str,
    livemode: bool,
    created_by: str,
    now: datetime,
    scopes: Sequence[Scope] | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """The key's record and the key itself, which is nowhere else: show it once, log it never."""
    text = keys.generate(livemode=livemode)
    presented = keys.parse(text)
    assert presented is not None  # noqa: S101 - what we generate, we can parse
    record = ApiKey.objects.create(
        id=presented.id,
        account=account,
        name=name,
        livemode=livemode,
        digest=presented.digest,
        scopes=list(Scope.values if scopes is None else scopes),
        created_by=created_by,
        created_at=now,
        expires_at=expires_at,
    )
    return record, text


def revoke_api_key(key: ApiKey, *, now: datetime) -> ApiKey:
    """Revoking twice keeps the first time."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now)
    key.refresh_from_db()
    return key


def suspend_account(account: Account, *, now: datetime) -> Account:
    Account.objects.filter(pk=account.pk, suspended_at=None).update(suspended_at=now)
    account.refresh_from_db()
    return account


def resume_account(account: Account) -> Account:
    Account.objects.filter(pk=account.pk).update(suspended_at=None)
    account.refresh_from_db()
    return account
