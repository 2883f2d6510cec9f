"""Who is about to do something dangerous shows once more who they are: `fresh_sign_in` around a view of the admin.

Ten minutes after the password and the second factor were last shown, a page asks for both and leads back. A form that
is posted later than that does nothing: it is shown again after the page, for its owner to press the button anew.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

FRESH = timedelta(minutes=10)
CONFIRMED_AT = "confirmed_at"
PRESS_AGAIN = "Nothing was done yet: this took a while. Once you have shown who you are, press the button again."

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def fresh_sign_in(view: View, *, again: str = PRESS_AGAIN) -> View:
    """For a function, or a method of a ModelAdmin, that takes the request; `again` says what a lost form needs."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> HttpResponseBase:
        request = next(arg for arg in (*args[:2], kwargs.get("request")) if isinstance(arg, HttpRequest))
        if is_fresh(request, now=timezone.now()):
            return view(*args, **kwargs)
        if request.method == "POST":
            messages.warning(request, again)
        return ask_who(back=request.get_full_path())

    return cast("View", guarded)


def ask_who(*, back: str) -> HttpResponseRedirect:
    """To the page that asks for password and second factor, and then leads to `back`."""
    return HttpResponseRedirect(f"{reverse('admin:reauthenticate')}?{urlencode({'next': back})}")


def is_fresh(request: HttpRequest, *, now: datetime) -> bool:
    confirmed_at = request.session.get(CONFIRMED_AT)
    return isinstance(confirmed_at, float) and timedelta() <= now - _time(confirmed_at) < FRESH


def mark_fresh(request: HttpRequest, *, now: datetime) -> None:
    """The password and the second factor have just been shown."""
    request.session[CONFIRMED_AT] = now.timestamp()


def safe_next(wanted: object) -> str:
    """Where to go on: a page of the admin, else its first one."""
    home = reverse("admin:index")
    if not isinstance(wanted, str) or not url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return home
    parts = urlsplit(wanted)
    is_ours = parts.path.startswith(home) and ".." not in parts.path and not parts.netloc
    return wanted if is_ours and not parts.path.startswith(reverse("admin:login")) else home


def _time(stamp: float) -> datetime:
    return datetime.fromtimestamp(stamp, tz=timezone.get_current_timezone())
