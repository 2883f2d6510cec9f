"""Typed readers of the variables: of a secret's value if there is one by that name, else of the environment's.

What is missing or malformed is noted, and read as something empty; `insist`, at the end of the settings, then stops the
process by naming all of it. So somebody who sets a stage up is told everything at once.
"""

import os
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"", "0", "false", "no", "off"})

_secrets: Mapping[str, str] = {}
_problems: dict[str, str] = {}
_is_collecting = False


def text(name: str, default: str | None = None) -> str:
    """The variable, stripped; without a default it must be there and not empty."""
    value = (_secrets.get(name) or os.environ.get(name, "")).strip()
    if value:
        return value
    if default is None:
        note(name, f"{name} is not set; .env.example says what it is for")
    return default or ""


def flag(name: str, *, default: bool) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    if value.strip().lower() in TRUE:
        return True
    if value.strip().lower() not in FALSE:
        note(name, f"{name} must be true or false")
    return False


def number(name: str, *, default: int) -> int:
    """A whole number from 1 on."""
    value = text(name, str(default))
    if not (value.isascii() and value.isdecimal() and int(value)):
        note(name, f"{name} must be a whole number from 1 on")
        return default
    return int(value)


def words(name: str, default: str | None = None) -> list[str]:
    """A comma-separated list; without a default at least one entry is required."""
    return [word for word in (part.strip() for part in text(name, default).split(",")) if word]


def origin(name: str) -> str:
    """A URL's scheme and host, without a slash at the end."""
    value = text(name).rstrip("/")
    if value and not value.startswith(("http://", "https://")):
        note(name, f"{name} must start with http:// or https://")
    return value


def networks(name: str, *, default: str) -> list[IPv4Network | IPv6Network]:
    """A comma-separated list of networks, such as 10.20.0.0/16."""
    try:
        return [ip_network(part.strip()) for part in text(name, default).split(",") if part.strip()]
    except ValueError:
        note(name, f"{name} must be a list of networks, such as 10.20.0.0/16")
        return []


def take_secrets(values: Mapping[str, str]) -> None:
    """From now on these go before the environment; they never get into it, where child processes would see them."""
    global _secrets
    _secrets = dict(values)


def note(name: str, problem: str) -> None:
    """Have `insist` say so; the first problem of a name counts."""
    _problems.setdefault(name, problem)


def problems() -> dict[str, str]:
    """One line for each name that is missing or malformed."""
    return dict(_problems)


def collect_problems() -> None:
    """Let `insist` pass: somebody lists them with what else is wrong (`manage.py check`)."""
    global _is_collecting
    _is_collecting = True


def insist() -> None:
    """Raise ImproperlyConfigured with all problems, a line each, if there are any."""
    if _problems and not _is_collecting:
        lines = "\n".join(_problems.values())
        _problems.clear()
        raise ImproperlyConfigured(lines)


def read_env_file(path: Path) -> None:
    """Put `NAME=value` lines into the environment, unless the name is there already; a missing file is fine."""
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        name, separator, value = line.partition("=")
        if separator and not name.lstrip().startswith("#"):
            os.environ.setdefault(name.strip(), value.strip().strip("\"'"))
