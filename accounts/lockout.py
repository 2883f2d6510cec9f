"""How often somebody may try to sign in: django-axes' table, counted per person and address, and per address.

A try is counted before the password is looked at, and given back if it was right: of a hundred at once, five are looked
at. An outsider's tries count at the outsider's address, so they lock nobody out elsewhere; and in a browser that its
owner has signed in with before, or has chosen a password in by a mailed link, nobody else's count at all. A lock ends
by itself after half an hour, and trying on does not prolong it. Names are kept as pseudonyms: what is typed as one may
be a password.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from axes.handlers.base import AbstractAxesHandler, AxesBaseHandler
from axes.models import AccessAttempt
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from accounts.addresses import client_network
from accounts.known_browsers import known_as
from accounts.models import User

TRIES = 5  # as one person, from one address or in one browser
TRIES_OF_ADDRESS = 20  # as whomever; those in known browsers do not count
LOCKED_FOR = timedelta(minutes=30)
ANYBODY = "*"
ANYWHERE = "0.0.0.0"  # noqa: S104 - an address that nobody has: a known browser is the same wherever it is carried


@dataclass(frozen=True)
class _Bucket:
    person: str
    address: str
    browser: str
    most: int

    def rows(self) -> "QuerySet[Any]":
        return AccessAttempt.objects.filter(username=self.person, ip_address=self.address, user_agent=self.browser)  # type: ignore[no-any-return]


class LockoutHandler(AbstractAxesHandler, AxesBaseHandler):  # type: ignore[misc]
    """What django-axes asks when a password is about to be looked at."""

    def is_locked(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        return not take_try(request, (credentials or {}).get("username") or "", now=_asked_at(request))

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        buckets = _buckets(request, (credentials or {}).get("username") or "")
        return max(_tries(bucket, _asked_at(request)) for bucket in buckets)

    def user_login_failed(self, sender: Any, credentials: Any, request: Any = None, **_more: Any) -> None:
        """Counted already."""

    def user_logged_in(self, sender: Any, request: HttpRequest, user: User, **_more: Any) -> None:  # noqa: ARG002
        """Both factors were right: of this person nothing counts any more, here."""
        own, *_ = _buckets(request, user.get_username())
        own.rows().delete()

    def user_logged_out(self, sender: Any, request: Any, user: Any, **_more: Any) -> None:
        """No try."""

    def post_save_access_attempt(self, instance: Any, **_more: Any) -> None:
        """Nobody else is told."""

    def post_delete_access_attempt(self, instance: Any, **_more: Any) -> None:
        """Nobody else is told."""


def take_try(request: HttpRequest, username: str, *, now: datetime) -> bool:
    """Count a try, of the password or of the code; False if there were too many. Asked again, a request counts once."""
    taken: dict[str, bool] = vars(request).setdefault("tries_taken", {})
    if username not in taken:
        taken[username] = _take(_buckets(request, username), now)
    return taken[username]


def was_locked(request: HttpRequest, username: str) -> bool:
    """Whether this request's try was one too many."""
    return vars(request).get("tries_taken", {}).get(username) is False


def give_back(request: HttpRequest, username: str) -> None:
    """What was shown was right: this try does not count, earlier ones still do."""
    with transaction.atomic():
        for bucket in reversed(_buckets(request, username)):
            row = bucket.rows().select_for_update().filter(failures_since_start__gt=0).first()
            if row is not None:
                row.failures_since_start -= 1
                row.save(update_fields=["failures_since_start"])


def is_used_up(request: HttpRequest, username: str, *, now: datetime) -> bool:
    """Whether the next try would be refused."""
    return any(_tries(bucket, now) >= bucket.most for bucket in _buckets(request, username))


def locked_until(request: HttpRequest, username: str, *, now: datetime) -> datetime:
    full = [bucket for bucket in _buckets(request, username) if _tries(bucket, now) >= bucket.most]
    tried_at = [bucket.rows().values_list("attempt_time", flat=True).first() for bucket in full]
    return max((at + LOCKED_FOR for at in tried_at if at is not None), default=now)  # None: unlocked in this instant


def unlock(user: User) -> int:
    """End every lock of this person, wherever it was earned; what an address has earned as such stays."""
    removed, _ = AccessAttempt.objects.filter(username=_pseudonym(user.get_username())).delete()
    return int(removed)


def is_locked_somewhere(user: User, *, now: datetime) -> bool:
    """Whether somebody tried too often as this person: it may have been the person."""
    rows = AccessAttempt.objects.filter(username=_pseudonym(user.get_username()), failures_since_start__gte=TRIES)
    return bool(rows.filter(attempt_time__gt=now - LOCKED_FOR).exists())


def _buckets(request: HttpRequest, username: str) -> list[_Bucket]:
    """The person's own first."""
    person, browser = _pseudonym(username), known_as(request, username)
    if browser is not None:
        return [_Bucket(person, ANYWHERE, browser, TRIES)]
    address = client_network(request)
    return [_Bucket(person, address, "", TRIES), _Bucket(ANYBODY, address, "", TRIES_OF_ADDRESS)]


class _LockedError(Exception):
    pass


def _take(buckets: list[_Bucket], now: datetime) -> bool:
    """All or none: who is locked out uses up nothing of the address that colleagues share."""
    try:
        with transaction.atomic():
            for bucket in reversed(buckets):  # the address first, always, so that no two requests wait for each other
                _count(bucket, now)
    except _LockedError:
        return False
    return True


def _count(bucket: _Bucket, now: datetime) -> None:
    row, _ = AccessAttempt.objects.select_for_update().get_or_create(
        username=bucket.person,
        ip_address=bucket.address,
        user_agent=bucket.browser,
        defaults={"failures_since_start": 0},
    )
    counted = 0 if row.attempt_time <= now - LOCKED_FOR else row.failures_since_start
    if counted >= bucket.most:
        raise _LockedError
    row.failures_since_start, row.attempt_time = counted + 1, now
    row.save(update_fields=["failures_since_start", "attempt_time"])


def _tries(bucket: _Bucket, now: datetime) -> int:
    row = bucket.rows().filter(attempt_time__gt=now - LOCKED_FOR).first()
    return 0 if row is None else int(row.failures_since_start)


def _asked_at(request: HttpRequest) -> datetime:
    at: datetime = request.axes_attempt_time  # type: ignore[attr-defined]
    return at


def _pseudonym(username: str) -> str:
    return salted_hmac("accounts.lockout", username.casefold(), algorithm="sha256").hexdigest()
