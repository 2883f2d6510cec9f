"""Which web pages may call the API from a browser: those that the accounts list."""

from typing import Any

from corsheaders.signals import check_request_enabled
from django.db import InterfaceError, OperationalError
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.authentication import Caller
from accounts.models import Account

OPEN_TO_ANY_PAGE = "/v1/openapi.json"


@receiver(check_request_enabled)
def may_read(sender: Any, request: HttpRequest, **_: Any) -> bool:  # noqa: ARG001 - the signal's own arguments
    """The caller's account has to list the page; before there is a caller (preflight, 401), any account."""
    origin = request.headers.get("Origin", "null")
    if origin == "null" or not request.path_info.startswith("/v1/"):
        return False
    if request.path_info == OPEN_TO_ANY_PAGE:
        return True
    caller = getattr(request, "caller", None)
    if isinstance(caller, Caller):
        return origin in caller.origins
    try:
        return Account.objects.filter(origins__contains=[origin]).exists()
    except (OperationalError, InterfaceError):
        return False
