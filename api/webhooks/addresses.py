"""Where a webhook may go: public addresses only, by no other name and in no other spelling.

Whoever registers a URL chooses where our servers connect to. So the URL is read strictly, the name is resolved once,
all its addresses are judged, and the connection is made to a judged address, not to the name: a name that resolves
differently the second time gains nothing.
"""

import ipaddress
import re
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

from django.conf import settings

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[Address]]

# Not left to `is_global` alone, which changes between Python's releases and counts multicast and NAT64 as global.
REFUSED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT, and some clouds' metadata
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local: metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",  # multicast, reserved, broadcast
        "2001::/23",  # protocols' own, among them Teredo, which carries an IPv4 address
        "2001:db8::/32",
        "2002::/16",  # 6to4 carries an IPv4 address
        "3fff::/20",
    )
)
GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")  # not NAT64, not ::ffff:0:0/96, not fd00:ec2::254

SPELLING = re.compile(r"[\x21-\x7e]+")
LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
NUMBER = re.compile(r"\d+|0x[0-9a-f]*")  # a last label like this makes browsers and libc read the name as IPv4
LOCAL_NAMES = frozenset({"localhost", "localdomain", "local", "internal", "intranet", "lan", "home", "corp", "arpa"})
PORTS = {"http": 80, "https": 443}


class RefusedAddressError(Exception):
    """We do not connect there; the words are fit for the shop and tell nothing about our network."""


@dataclass(frozen=True)
class Target:
    """A URL, taken apart. `literal` is its host where that is an address."""

    scheme: str
    host: str
    port: int
    path: str
    literal: Address | None


def check_url(url: str, *, resolve: Resolve | None = None) -> None:
    """Raise RefusedAddressError for a URL that could never be delivered to.

    A name that does not resolve now is let through: it is judged again, and for good, when we connect.
    """
    target = read_url(url)
    try:
        judged_addresses(target, resolve=resolve)
    except OSError as error:
        if target.scheme == "http":
            raise RefusedAddressError("A webhook's URL begins with https://.") from error
        if "." not in target.host or target.host.rpartition(".")[2] in LOCAL_NAMES:
            raise _not_public() from error


def judged_addresses(target: Target, *, resolve: Resolve | None = None) -> list[Address]:
    """The target's addresses, if we may connect to every one of them; else RefusedAddressError.

    Raises OSError if the name does not resolve.
    """
    if target.literal is not None:
        addresses = [target.literal]
    else:
        addresses = list((resolve or resolve_name)(target.host, target.port))
    if not addresses:
        raise OSError("the name has no address")
    if not all(is_public(address) or is_allowed(address) for address in addresses):
        raise _not_public()
    if target.scheme == "http" and not all(is_allowed(address) for address in addresses):
        raise RefusedAddressError("A webhook's URL begins with https://.")
    return addresses


def read_url(url: str) -> Target:
    """Take a URL apart, refusing every spelling that another reader might understand differently."""
    if not SPELLING.fullmatch(url) or any(sign in url for sign in '\\"<>^`{|}#'):
        raise RefusedAddressError(
            "Write the URL in ASCII, without blanks or a fragment (a name with xn--, a path with %)."
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise RefusedAddressError("This is no URL.") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise RefusedAddressError("A webhook's URL begins with https:// and a host.")
    if "@" in parts.netloc or "%" in parts.netloc:
        raise RefusedAddressError("A URL here holds no user name, password or zone.")
    if port == 0 or parts.netloc.endswith(":"):
        raise RefusedAddressError("This is no port.")
    host = parts.hostname.lower()
    literal = _literal(host, is_bracketed="[" in parts.netloc)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port or PORTS[parts.scheme], path, literal)


def is_public(address: Address) -> bool:
    if not address.is_global or any(address in network for network in REFUSED):
        return False
    return address.version == 4 or address in GLOBAL_UNICAST


def is_allowed(address: Address) -> bool:
    """Whether this site was told, by its settings, that it may connect there though it is not public."""
    return any(address in network for network in settings.WEBHOOK_ALLOWED_NETWORKS)


def resolve_name(host: str, port: int, *, within_s: float = 3) -> list[Address]:
    """Ask the resolver, but not for longer than that: getaddrinfo itself knows no time limit."""
    found: list[Address] = []
    failures: list[OSError] = []

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(ipaddress.ip_address(str(answer[4][0])) for answer in answers))
        except (OSError, ValueError) as error:  # an address with a zone is no address to us
            failures.append(error if isinstance(error, OSError) else OSError("no address"))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(within_s)
    if asking.is_alive():
        raise TimeoutError
    if failures:
        raise failures[0]
    return found


def _literal(host: str, *, is_bracketed: bool) -> Address | None:
    """The host as an address; None if it is a name."""
    last = host.rpartition(".")[2]
    if is_bracketed or NUMBER.fullmatch(last):
        try:
            return IPv6Address(host) if is_bracketed else IPv4Address(host)
        except ValueError:
            raise RefusedAddressError("This is no address.") from None
    if len(host) > 253 or not all(LABEL.fullmatch(label) for label in host.split(".")):
        raise RefusedAddressError("This is no host name.")
    return None


def _not_public() -> RefusedAddressError:
    return RefusedAddressError("This host has no public address.")
