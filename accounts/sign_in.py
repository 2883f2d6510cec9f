"""Coming in, in two steps: after the password a session knows whose second factor it waits for, and opens nothing.

Only the second factor signs in. The session gets another id then, and twelve hours, however busy it is.
"""

from datetime import datetime, timedelta

from axes.apps import AppConfig
from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from accounts.models import User
from accounts.reauthentication import mark_fresh
from accounts.second_factor import Device
from accounts.sign_in_log import note_sign_in

AppConfig.initialize()  # django-axes hears of sign-ins from now on

HALF = "half_signed_in"
HALF_LASTS = timedelta(minutes=20)  # long enough to install an app
SESSION_LASTS = timedelta(seconds=settings.SESSION_COOKIE_AGE)
BACKEND = "django.contrib.auth.backends.ModelBackend"


def sign_in_half(request: HttpRequest, user: User, *, next_page: str, now: datetime) -> None:
    """The password, or a mailed link, was right. Whoever was signed in here, or about to be, is so no longer."""
    request.session.flush()
    request.session[HALF] = {
        "user": user.pk,
        "hash": user.get_session_auth_hash(),
        "at": now.timestamp(),
        "next": next_page,
    }


def half_signed_in(request: HttpRequest, *, now: datetime) -> User | None:
    """Whose second factor this session waits for; nobody's once it took too long, or the password has changed."""
    half = request.session.get(HALF)
    if half is None or not 0 <= now.timestamp() - half["at"] < HALF_LASTS.total_seconds():
        return None
    user = User.objects.filter(pk=half["user"], is_active=True, is_staff=True).first()
    if user is None or not constant_time_compare(half["hash"], user.get_session_auth_hash()):
        return None
    return user


def sign_in(request: HttpRequest, user: User, device: Device, *, now: datetime) -> str:
    """Both factors were right: sign in, and return where to go."""
    next_page = str(request.session.pop(HALF)["next"])
    user.otp_device = device  # type: ignore[attr-defined]
    login(request, user, backend=BACKEND)  # another session id; django-otp keeps the device, django-axes forgives
    request.session.set_expiry(now + SESSION_LASTS)
    mark_fresh(request, now=now)
    note_sign_in(request, user, by=device.name, now=now)
    return next_page
