"""Where a call comes from."""

from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The address that the Lambda entry took from the event, else the connection's own; never one from a header."""
    return str(request.META.get("giftflick.client_address") or request.META.get("REMOTE_ADDR", ""))
