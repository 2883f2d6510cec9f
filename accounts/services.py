"""Opening accounts, and the life of their keys.

A key is a record in PostgreSQL and its projection in the key table, which is what lets a call in. What widens (issue,
resume) is committed before it is projected; what narrows (revoke, expire, suspend) is projected before it is committed.
So a crash in between always leaves a key refused, and `accounts.key_sync` brings both together again.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Greatest, Least
from django.utils import timezone

from accounts import key_store, keys
from accounts.models import Account, ApiKey, OrderGate, Scope
from accounts.selectors import lifetime_of, state_of, working_keys_of
from accounts.states import WORKING
from api.audit.changes import Changes, differences, made
from api.audit.services import record
from api.exceptions import BackendError, InvalidFieldError, InvalidStateError, UnavailableError
from api.outbox import services as outbox

LONGEST_OVERLAP = timedelta(days=90)
SHORTEST = timedelta(microseconds=1)  # what PostgreSQL can tell apart
REMEMBERED_USES = 10_000
SHOWN_BEFORE = (
    "That key was issued already, and is shown only once. If you did not copy it, revoke it and issue another."
)
CARRIED_BY_KEYS = frozenset({"name", "requests_per_minute", "mails_per_day", "origins"})

_noted: dict[str, date] = {}


class ShownBeforeError(InvalidStateError):
    """The form that asks for a key has issued one."""


def create_account(
    *,
    name: str,
    email: str,
    order_gate: OrderGate = OrderGate.ALWAYS,
    requests_per_minute: int = 600,
    now: datetime | None = None,
) -> Account:
    given = {"name": name, "email": email, "order_gate": order_gate, "requests_per_minute": requests_per_minute}
    with transaction.atomic():
        account = Account.objects.create(**given)
        record_of_account("account.created", account, made(given), now=now or timezone.now())
    return account


def record_of_account(action: str, account: Account, changes: Changes, *, now: datetime) -> None:
    record(action, now=now, subject=account, account_id=account.pk, changes=changes)


def open_account(values: Mapping[str, Any], *, actor: str, now: datetime) -> Account:
    """A shop with more than a name, as a sheet describes it. Raises InvalidFieldError if the name is taken."""
    try:
        with transaction.atomic():
            account = Account.objects.create(**values)
            record("account.created", actor=actor, subject=account, account_id=account.pk, now=now)
    except IntegrityError:
        raise InvalidFieldError("name", "unique", "Another shop has this name.") from None
    return account


def change_account(account_id: UUID, values: Mapping[str, Any], *, actor: str, now: datetime) -> Account:
    """Set what differs, and tell the keys what they carry of it. Raises InvalidFieldError if the name is taken."""
    try:
        with transaction.atomic():
            account = Account.objects.select_for_update(no_key=True).get(pk=account_id)
            changes = differences({name: getattr(account, name) for name in values}, values)
            for name in changes:
                setattr(account, name, values[name])
            account.save(update_fields=list(changes))
            if changes:
                record("account.changed", actor=actor, subject=account, account_id=account.pk, changes=changes, now=now)
            if not CARRIED_BY_KEYS.isdisjoint(changes):
                project_later(account, now=now)
    except IntegrityError:
        raise InvalidFieldError("name", "unique", "Another shop has this name.") from None
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


def issue_api_key(
    account: Account,
    *,
    name: str,
    livemode: bool,
    created_by: str,
    now: datetime,
    scopes: Sequence[Scope] | None = None,
    expires_at: datetime | None = None,
    text: str | None = None,
    form_token: UUID | None = None,
) -> tuple[ApiKey, str]:
    """The key's record and the key itself, which is nowhere else: show it once, log it never.

    Once this returns the key works. If it cannot be projected it is revoked again and UnavailableError raised.
    `text` is a key that was generated before, because somebody had to have it before it works. Of a form that is sent
    twice, as by a double click, the second raises ShownBeforeError.
    """
    text = text or keys.generate(livemode=livemode)
    with transaction.atomic(durable=True):
        locked = _locked_to_issue(account.pk, form_token)
        issued = _issue(
            text,
            account=locked,
            name=name,
            livemode=livemode,
            scopes=list(Scope.values if scopes is None else scopes),
            created_by=created_by,
            now=now,
            expires_at=expires_at,
            form_token=form_token,
        )
    _project_or_revoke(issued, now=now)
    return issued, text


def rotate_api_key(
    key: ApiKey,
    *,
    overlap: timedelta,
    created_by: str,
    now: datetime,
    name: str | None = None,
    text: str | None = None,
    form_token: UUID | None = None,
) -> tuple[ApiKey, str]:
    """A second key that may do the same and lives as long; the first one ends after `overlap`, or earlier as it was.

    The first is touched only once the second works: a crash in between leaves the first as it was. `text` and
    `form_token` are as for `issue_api_key`.
    """
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        raise InvalidStateError(f"The overlap may be up to {LONGEST_OVERLAP.days} days.")
    text = text or keys.generate(livemode=key.livemode)
    with transaction.atomic(durable=True):
        locked = _locked_to_issue(key.account_id, form_token)
        old = ApiKey.objects.select_for_update().get(pk=key.pk)
        if (state := state_of(old, now=now)) not in WORKING:
            raise InvalidStateError(f"This key is {state}: issue another one instead.")
        issued = _issue(
            text,
            account=locked,
            name=name or old.name,
            livemode=old.livemode,
            scopes=old.scopes,
            created_by=created_by,
            now=now,
            expires_at=None if (lifetime := lifetime_of(old)) is None else now + lifetime,
            replaces=old,
            form_token=form_token,
        )
    _project_or_revoke(issued, now=now)
    try:
        key_store.expire(_fresh(key), at=now + overlap)
    except BackendError as error:
        revoke_record(issued, at=now, revoked_by="rotation failed", now=now)
        raise _unavailable(error) from error
    expire_record(key, at=now + overlap, now=now)
    _let_vanish(key)
    return issued, text


def revoke_api_key(key: ApiKey, *, revoked_by: str, now: datetime) -> ApiKey:
    """Revoking twice keeps the first time, and who did it first."""
    with _in_plain_words():
        key_store.revoke(_fresh(key), at=now)
    revoke_record(key, at=now, revoked_by=revoked_by, now=now)
    _let_vanish(key)
    return key


def suspend_account(account: Account, *, now: datetime) -> Account:
    """From now on every key of the account is refused, also one that is being issued at this moment."""
    account.refresh_from_db()
    at = account.suspended_at or _after_resumption(account, now)
    with _in_plain_words():
        suspended: dict[str, datetime] = {}
        _suspend_keys(account, at, suspended, now=now)
        with transaction.atomic():
            is_news = Account.objects.filter(pk=account.pk, suspended_at=None).update(
                suspended_at=Greatest(at, F("resumed_at") + SHORTEST)
            )
            account.refresh_from_db()
            if is_news:
                record_of_account("account.suspended", account, {"suspended_at": [None, account.suspended_at]}, now=now)
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
            record_of_account("account.resumed", account, {"suspended_at": [locked.suspended_at, None]}, now=now)
    account.refresh_from_db()
    assert account.resumed_at is not None  # noqa: S101 - just set
    with _in_plain_words():
        for key in working_keys_of(account.pk, now=now):
            key_store.resume(key, at=account.resumed_at)
    return account


def note_use(key_id: str, *, now: datetime) -> bool:
    """Keep the day of a key's last use; False if the key has no record, as after the database was restored.

    One write a key, day and process: a process remembers what it has noted.
    """
    today = now.date()
    if _noted.get(key_id) == today:
        return True
    if not ApiKey.objects.filter(pk=key_id).update(last_used_on=Greatest("last_used_on", today)):
        return False
    if len(_noted) >= REMEMBERED_USES:
        _noted.clear()
    _noted[key_id] = today
    return True


def revoke_record(key: ApiKey, *, at: datetime | None, revoked_by: str, now: datetime) -> None:
    """The record's half of it; changes nothing if it was revoked before."""
    with transaction.atomic():
        is_news = ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=at, revoked_by=revoked_by)
        key.refresh_from_db()
        if is_news:
            _record_of_key("api_key.revoked", key, {"revoked_at": [None, at], "revoked_by": ["", revoked_by]}, now=now)


def expire_record(key: ApiKey, *, at: datetime | None, now: datetime) -> None:
    """The record's half of it; changes nothing if it expires earlier."""
    with transaction.atomic():
        before = ApiKey.objects.select_for_update(no_key=True).values_list("expires_at", flat=True).get(pk=key.pk)
        ApiKey.objects.filter(pk=key.pk).update(expires_at=Least("expires_at", at))
        key.refresh_from_db()
        if key.expires_at != before:
            _record_of_key("api_key.shortened", key, {"expires_at": [before, key.expires_at]}, now=now)


def _locked_to_issue(account_id: UUID, form_token: UUID | None) -> Account:
    """Sees a suspension, or the same form, that comes at the same time."""
    locked = Account.objects.select_for_update().get(pk=account_id)
    if form_token is not None and ApiKey.objects.filter(form_token=form_token).exists():
        raise ShownBeforeError(SHOWN_BEFORE)
    return locked


def _issue(text: str, *, now: datetime, **fields: object) -> ApiKey:
    """The record, in the caller's transaction."""
    presented = keys.parse(text)
    assert presented is not None  # noqa: S101 - what we generate, we can parse
    issued = ApiKey.objects.create(id=presented.id, digest=presented.digest, created_at=now, **fields)
    told = ("name", "livemode", "scopes", "created_by", "expires_at", "replaces_id")
    changes = made({name.removesuffix("_id"): getattr(issued, name) for name in told})
    _record_of_key("api_key.issued", issued, changes, now=now)
    return issued


def _record_of_key(action: str, key: ApiKey, changes: Changes, *, now: datetime) -> None:
    record(action, now=now, subject=key, account_id=key.account_id, changes=changes)


def _project_or_revoke(issued: ApiKey, *, now: datetime) -> None:
    try:
        key_store.create(issued)
    except BackendError as error:
        revoke_record(issued, at=now, revoked_by="issue failed", now=now)
        raise _unavailable(error) from error


def _let_vanish(key: ApiKey) -> None:
    """Tell the table when it may forget an ended key; if it does not listen, the daily sync tells it."""
    with suppress(BackendError):
        key_store.describe(_fresh(key))


def _suspend_keys(account: Account, at: datetime, suspended: dict[str, datetime], *, now: datetime) -> None:
    """Suspend the working keys that `suspended` does not have at this time yet."""
    for key in working_keys_of(account.pk, now=now):
        if suspended.get(key.pk) != at:
            key_store.suspend(key, at=at)
            suspended[key.pk] = at


def _after_resumption(account: Account, now: datetime) -> datetime:
    """Clocks differ: a suspension that seems older than the last resumption would be lifted by it."""
    return now if account.resumed_at is None else max(now, account.resumed_at + SHORTEST)


def _fresh(key: ApiKey) -> ApiKey:
    return ApiKey.objects.select_related("account").get(pk=key.pk)


@contextmanager
def _in_plain_words() -> Iterator[None]:
    try:
        yield
    except BackendError as error:
        raise _unavailable(error) from error


def _unavailable(error: BackendError) -> UnavailableError:
    return UnavailableError(
        f"{error.detail} Try again.", code="key_store_unavailable", retry_after=timedelta(seconds=5)
    )
