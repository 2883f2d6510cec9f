"""Where a call comes from."""

import ipaddress
from contextlib import suppress

from django.http import HttpRequest

from giftflick.lambda_http import CLIENT_ADDRESS


def client_address(request: HttpRequest) -> str:
    """The address that the Lambda entry took from the event, else the connection's own; never one from a header."""
    return str(request.META.get(CLIENT_ADDRESS) or request.META.get("REMOTE_ADDR", ""))


def client_network(request: HttpRequest) -> str:
    """Who shares the caller's fate when somebody guesses passwords: of IPv6, whose callers have a network, that."""
    with suppress(ValueError):
        address = ipaddress.ip_address(client_address(request))
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
            return str(ipaddress.ip_network((address.packed, 64), strict=False).network_address)
        return str(getattr(address, "ipv4_mapped", None) or address)
    return "0.0.0.0"  # noqa: S104 - whose connection has no address: a Unix socket's, in tests
