"""Browsers in which somebody of the team has signed in before, known by a signed cookie.

What strangers do counts against their address, what such a browser does against itself: so nobody who guesses, from
wherever, keeps a founder out of the browser on the founder's own desk. It replaces no factor.
"""

from datetime import timedelta
from secrets import token_urlsafe

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.crypto import constant_time_compare

from accounts.models import User

COOKIE = "known_browser"
LASTS = timedelta(days=180)
SALT = "accounts.known_browsers"


def known_as(request: HttpRequest, username: str) -> str | None:
    """The browser's id if this person, by the name as it is typed, has signed in with it before."""
    try:
        name, browser = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=LASTS)
    except (signing.BadSignature, ValueError):
        return None
    return str(browser) if constant_time_compare(str(name), username) else None


def remember_browser(request: HttpRequest, response: HttpResponseBase, user: User) -> None:
    username = user.get_username()
    response.set_cookie(
        COOKIE,
        signing.dumps([username, known_as(request, username) or token_urlsafe(12)], salt=SALT),
        max_age=LASTS,
        path="/admin/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
