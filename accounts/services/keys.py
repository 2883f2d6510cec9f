"""The life of a shop's keys: issued, rotated, used, revoked."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Greatest, Least

from accounts import key_store, keys
from accounts.models import Account, ApiKey, Scope
from accounts.selectors import lifetime_of, state_of
from accounts.states import WORKING
from api.audit.changes import Changes, made
from api.audit.services import record
from api.exceptions import BackendError, InvalidStateError, UnavailableError

LONGEST_OVERLAP = timedelta(days=90)
REMEMBERED_USES = 10_000
SHOWN_BEFORE = (
    "That key was issued already, and is shown only once. If you did not copy it, revoke it and issue another."
)

_noted: dict[str, date] = {}


class ShownBeforeError(InvalidStateError):
    """The form that asks for a key has issued one."""


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
        _take_back(issued, "rotation failed", now=now)
        raise _unavailable(error) from error
    expire_record(key, at=now + overlap, now=now)
    _let_vanish(key)
    return issued, text


def revoke_api_key(key: ApiKey, *, revoked_by: str, now: datetime) -> ApiKey:
    """Revoking twice keeps the first time, and who did it first."""
    with in_plain_words():
        key_store.revoke(_fresh(key), at=now)
    revoke_record(key, at=now, revoked_by=revoked_by, now=now)
    _let_vanish(key)
    return key


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
        _take_back(issued, "issue failed", now=now)
        raise _unavailable(error) from error


def _take_back(issued: ApiKey, why: str, *, now: datetime) -> None:
    """Nobody has seen it: its form may issue another."""
    with transaction.atomic():
        revoke_record(issued, at=now, revoked_by=why, now=now)
        ApiKey.objects.filter(pk=issued.pk).update(form_token=None)


def _let_vanish(key: ApiKey) -> None:
    """Tell the table when it may forget an ended key; if it does not listen, the daily sync tells it."""
    with suppress(BackendError):
        key_store.describe(_fresh(key))


def _fresh(key: ApiKey) -> ApiKey:
    return ApiKey.objects.select_related("account").get(pk=key.pk)


@contextmanager
def in_plain_words() -> Iterator[None]:
    try:
        yield
    except BackendError as error:
        raise _unavailable(error) from error


def _unavailable(error: BackendError) -> UnavailableError:
    return UnavailableError(
        f"{error.detail} Try again.", code="key_store_unavailable", retry_after=timedelta(seconds=5)
    )
