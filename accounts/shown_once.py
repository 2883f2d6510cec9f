"""A key is shown on the answer to the form that issued it, and on no other: loading that page anew issues no second."""

import secrets

from django.http import HttpRequest, HttpResponse

from accounts.models import ApiKey
from giftflick.admin_pages import show

USED = "key_forms_used"
REMEMBERED = 50


def new_number() -> int:
    """Goes into the form, and comes back with it."""
    return secrets.randbelow(10**9)


def is_used(request: HttpRequest, number: str) -> bool:
    return number in request.session.get(USED, [])


def show_key(request: HttpRequest, record: ApiKey, text: str, *, number: str) -> HttpResponse:
    """The whole key, on the answer itself: a message for the next page would be stored on the way."""
    if number:
        request.session[USED] = [*request.session.get(USED, []), number][-REMEMBERED:]
    response = show(request, "admin/api_key_issued.html", "API key issued", key=record, whole_key=text)
    response["Cache-Control"] = "no-store"
    return response
