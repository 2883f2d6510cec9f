"""One try at a password or a code: counted, looked at, and noted if it was wrong."""

from datetime import datetime

from django.http import HttpRequest

from accounts import lockout
from accounts.known_browsers import known_as
from accounts.models import User
from accounts.second_factor import Device, check_code
from accounts.sign_in_log import note_refusal
from api.exceptions import ApplicationError, TooManyError

LOCKED = "There were too many wrong tries."


def verify_code(request: HttpRequest, user: User, typed: str, *, now: datetime) -> Device:
    """The device that the code is of. Raises WrongCodeError, TooManyError."""
    name = user.get_username()
    if not lockout.take_try(request, name, now=now):
        raise _locked(request, name, now)
    try:
        device = check_code(user, typed, is_known_browser=known_as(request, name) is not None, now=now)
    except TooManyError:
        lockout.give_back(request, name)  # it was not looked at
        raise
    except ApplicationError:
        note_refused(request, user, "code", now=now)
        raise
    lockout.give_back(request, name)
    return device


def note_refused(request: HttpRequest, user: User | None, what: str, *, typed: str = "", now: datetime) -> str | None:
    """Note what was wrong; words if it was not even looked at. The last try before a lock is noted as what locks."""
    name = typed if user is None else user.get_username()
    if lockout.was_locked(request, name):
        return in_words(_locked(request, name, now))
    is_last = lockout.is_used_up(request, name, now=now)
    note_refusal(request, user, "sign_in.locked_out" if is_last else "sign_in.refused", what=what, now=now)
    return None


def in_words(refusal: ApplicationError) -> str:
    """The refusal, and when to come back."""
    if refusal.retry_after is None:
        return refusal.detail
    seconds = max(1, round(refusal.retry_after.total_seconds()))
    wait = f"{seconds} seconds" if seconds < 90 else f"{round(seconds / 60)} minutes"
    return f"{refusal.detail} Please try again in {wait}."


def _locked(request: HttpRequest, name: str, now: datetime) -> TooManyError:
    return TooManyError(LOCKED, retry_after=lockout.locked_until(request, name, now=now) - now)
