"""Where a call comes from."""

from django.http import HttpRequest

from giftflick.lambda_http import CLIENT_ADDRESS


def client_address(request: HttpRequest) -> str:
    """The address that the Lambda entry took from the event, else the connection's own; never one from a header."""
    return str(request.META.get(CLIENT_ADDRESS) or request.META.get("REMOTE_ADDR", ""))
