"""A shop's account: opening and changing it, shutting it out and letting it in again."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from accounts import key_store
from accounts.models import Account, OrderGate
from accounts.selectors import working_keys_of
from accounts.services.keys import in_plain_words
from api.audit.changes import Changes, differences, made
from api.audit.services import record
from api.exceptions import InvalidFieldError
from api.outbox import services as outbox

SHORTEST = timedelta(microseconds=1)  # what PostgreSQL can tell apart
CARRIED_BY_KEYS = frozenset({"name", "requests_per_minute", "mails_per_day", "origins"})
NAME_TAKEN = "Another shop has this name."


def create_account(
    *,
    name: str,
    email: str,
    order_gate: OrderGate = OrderGate.ALWAYS,
    requests_per_minute: int = 600,
    now: datetime | None = None,
) -> Account:
    """A shop by the little that it must have."""
    given = {"name": name, "email": email, "order_gate": order_gate, "requests_per_minute": requests_per_minute}
    return open_account(given, now=now or timezone.now())


def open_account(values: Mapping[str, Any], *, actor: str = "", now: datetime) -> Account:
    """A shop, as a form or a sheet describes it. Raises InvalidFieldError if the name is taken."""
    with _unique_name(), transaction.atomic():
        account = Account.objects.create(**values)
        _record("account.created", account, made(values), actor=actor, now=now)
    return account


def change_account(account_id: UUID, values: Mapping[str, Any], *, actor: str = "", now: datetime) -> Account:
    """Set what differs, and tell the keys what they carry of it. Raises InvalidFieldError if the name is taken."""
    with _unique_name(), transaction.atomic():
        account = Account.objects.select_for_update(no_key=True).get(pk=account_id)
        changes = differences({name: getattr(account, name) for name in values}, values)
        for name in changes:
            setattr(account, name, values[name])
        account.save(update_fields=list(changes))
        if changes:
            _record("account.changed", account, changes, actor=actor, now=now)
        if not CARRIED_BY_KEYS.isdisjoint(changes):
            project_later(account, now=now)
    return account


def suspend_account(account: Account, *, now: datetime) -> Account:
    """From now on every key of the account is refused, also one that is being issued at this moment."""
    account.refresh_from_db()
    at = account.suspended_at or _after_resumption(account, now)
    with in_plain_words():
        suspended: dict[str, datetime] = {}
        _suspend_keys(account, at, suspended, now=now)
        with transaction.atomic():
            is_news = Account.objects.filter(pk=account.pk, suspended_at=None).update(
                suspended_at=Greatest(at, F("resumed_at") + SHORTEST)
            )
            account.refresh_from_db()
            if is_news:
                _record("account.suspended", account, {"suspended_at": [None, account.suspended_at]}, now=now)
        if account.suspended_at is not None:  # else somebody resumed it in this instant
            _suspend_keys(account, account.suspended_at, suspended, now=now)
    return account


def resume_account(account: Account, *, now: datetime) -> Account:
    """Suspensions from before are lifted in the record first; one that comes meanwhile stays."""
    with transaction.atomic():
        locked = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
        Account.objects.filter(pk=account.pk).update(
            suspended_at=None, resumed_at=Greatest(now, F("suspended_at"), F("resumed_at"))
        )
        if locked.suspended_at is not None:
            _record("account.resumed", account, {"suspended_at": [locked.suspended_at, None]}, now=now)
    account.refresh_from_db()
    assert account.resumed_at is not None  # noqa: S101 - just set
    with in_plain_words():
        for key in working_keys_of(account.pk, now=now):
            key_store.resume(key, at=account.resumed_at)
    return account


def project_later(account: Account, *, now: datetime) -> None:
    """To be called in the transaction that changes what an account's keys carry: its name, limits or origins."""
    outbox.enqueue("keys.project", account.pk, now=now, dedupe_key=f"keys.project:{uuid4()}")


def project_account(account_id: UUID, *, now: datetime) -> None:
    """Describe every working key anew; looks again afterwards, as another such job may have written older words."""
    described: dict[str, object] = {}
    while True:
        changed = [
            key for key in working_keys_of(account_id, now=now) if described.get(key.pk) != key_store.described_by(key)
        ]
        if not changed:
            return
        for key in changed:
            key_store.describe(key)
            described[key.pk] = key_store.described_by(key)


def _suspend_keys(account: Account, at: datetime, suspended: dict[str, datetime], *, now: datetime) -> None:
    """Suspend the working keys that `suspended` does not have at this time yet."""
    for key in working_keys_of(account.pk, now=now):
        if suspended.get(key.pk) != at:
            key_store.suspend(key, at=at)
            suspended[key.pk] = at


def _after_resumption(account: Account, now: datetime) -> datetime:
    """Clocks differ: a suspension that seems older than the last resumption would be lifted by it."""
    return now if account.resumed_at is None else max(now, account.resumed_at + SHORTEST)


def _record(action: str, account: Account, changes: Changes, *, actor: str = "", now: datetime) -> None:
    record(action, actor=actor, now=now, subject=account, account_id=account.pk, changes=changes)


@contextmanager
def _unique_name() -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise InvalidFieldError("name", "unique", NAME_TAKEN) from None
