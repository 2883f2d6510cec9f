"""Typed readers of environment variables: a missing or malformed one stops the process by name."""

import os
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"", "0", "false", "no", "off"})


def text(name: str, default: str | None = None) -> str:
    """The variable, stripped; without a default it must be there and not empty."""
    value = os.environ.get(name, "").strip()
    if value:
        return value
    if default is None:
        raise ImproperlyConfigured(f"{name} is not set; .env.example says what it is for")
    return default


def flag(name: str, *, default: bool) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    if value.strip().lower() in TRUE:
        return True
    if value.strip().lower() in FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false")


def words(name: str) -> list[str]:
    """A comma-separated list; at least one entry is required."""
    return [word for word in (part.strip() for part in text(name).split(",")) if word]


def origin(name: str) -> str:
    """A URL's scheme and host, without a slash at the end."""
    value = text(name).rstrip("/")
    if not value.startswith(("http://", "https://")):
        raise ImproperlyConfigured(f"{name} must start with http:// or https://")
    return value


def networks(name: str, *, default: str) -> list[IPv4Network | IPv6Network]:
    """A comma-separated list of networks, such as 10.20.0.0/16."""
    try:
        return [ip_network(part.strip()) for part in text(name, default).split(",") if part.strip()]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a list of networks, such as 10.20.0.0/16") from error


def read_env_file(path: Path) -> None:
    """Put `NAME=value` lines into the environment, unless the name is there already; a missing file is fine."""
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        name, separator, value = line.partition("=")
        if separator and not name.lstrip().startswith("#"):
            os.environ.setdefault(name.strip(), value.strip().strip("\"'"))
