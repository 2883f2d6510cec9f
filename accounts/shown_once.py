"""A key is shown on the answer to the form that issued it, and on no other: sent twice, a form issues no second one."""

import secrets
from uuid import NAMESPACE_OID, UUID, uuid5

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.models import ApiKey
from accounts.services import ShownBeforeError
from giftflick.admin_confirm import seen_version
from giftflick.admin_pages import show


def new_number() -> int:
    """Goes into the form, and comes back with it, as its `version`."""
    return secrets.randbelow(10**9)


def form_token(request: HttpRequest) -> UUID | None:
    """What this form, of this person, is known by; None if it was not shown to anybody."""
    number = seen_version(request)
    return None if number < 0 else uuid5(NAMESPACE_OID, f"{request.path} {request.user.pk} {number}")


def show_key(request: HttpRequest, record: ApiKey, text: str) -> HttpResponse:
    """The whole key, on the answer itself: a message for the next page would be stored on the way."""
    response = show(request, "admin/api_key_issued.html", "API key issued", key=record, whole_key=text)
    response["Cache-Control"] = "no-store"
    return response


def tell_shown_before(request: HttpRequest, refusal: ShownBeforeError) -> HttpResponse:
    messages.warning(request, refusal.detail)
    return HttpResponseRedirect(reverse("admin:accounts_apikey_changelist"))
