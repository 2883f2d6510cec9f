"""`manage.py api_key issue|rotate|revoke|list`: the whole key is printed once, by the call that made it.

Each ends with one line of JSON.
"""

import json
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import Account, ApiKey, Scope
from accounts.selectors import account_called, keys_to_list, state_of
from accounts.services import LONGEST_OVERLAP, issue_api_key, revoke_api_key, rotate_api_key
from api.exceptions import ApplicationError

Json = dict[str, Any]

LONGEST_LIFE_DAYS = 3650
LONGEST_OVERLAP_HOURS = LONGEST_OVERLAP // timedelta(hours=1)


class Command(BaseCommand):
    help = "Issue, rotate, revoke and list API keys."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        issue = actions.add_parser("issue", help="make a key and show it, once")
        issue.add_argument("--account", required=True, help="the account's id or name")
        issue.add_argument("--name", required=True, help="what the key is for")
        issue.add_argument("--test", action="store_true", help="a test key; live is the default")
        issue.add_argument("--scopes", help=f"comma-separated, all by default: {','.join(Scope.values)}")
        issue.add_argument("--expires-in-days", type=int)
        rotate = actions.add_parser("rotate", help="make a key in place of another and show it, once")
        rotate.add_argument("--key", required=True, help="the id of the key that shall end")
        rotate.add_argument("--overlap-hours", type=int, default=24, help="how long both work (24)")
        revoke = actions.add_parser("revoke", help="end a key now")
        revoke.add_argument("--key", required=True, help="its id")
        for changing in (issue, rotate, revoke):
            changing.add_argument("--by", default="command", help="who does it, for the record")
        listing = actions.add_parser("list", help="what keys there are, newest first")
        listing.add_argument("--account", help="only those of this account: its id or name")

    def handle(self, *_args: Any, **options: Any) -> None:
        actions: dict[str, Callable[[Json, datetime], Json]] = {
            "issue": _issue,
            "rotate": _rotate,
            "revoke": _revoke,
            "list": _list,
        }
        try:
            answer = actions[options["action"]](options, timezone.now())
        except ApplicationError as refusal:
            raise CommandError(refusal.detail) from refusal
        self.stdout.write(json.dumps(answer))


def _issue(options: Json, now: datetime) -> Json:
    days = options["expires_in_days"]
    if days is not None and not 0 < days <= LONGEST_LIFE_DAYS:
        raise CommandError(f"--expires-in-days must be between 1 and {LONGEST_LIFE_DAYS}")
    record, text = issue_api_key(
        _account(options["account"]),
        name=_named(options["name"], "--name", 100),
        livemode=not options["test"],
        scopes=_scopes(options["scopes"]),
        expires_at=now + timedelta(days=days) if days else None,
        created_by=_named(options["by"], "--by", 150),
        now=now,
    )
    return _shown(record, now) | {"key": text}


def _rotate(options: Json, now: datetime) -> Json:
    if not 0 <= options["overlap_hours"] <= LONGEST_OVERLAP_HOURS:
        raise CommandError(f"--overlap-hours must be between 0 and {LONGEST_OVERLAP_HOURS}")
    old = _key(options["key"])
    record, text = rotate_api_key(
        old,
        overlap=timedelta(hours=options["overlap_hours"]),
        created_by=_named(options["by"], "--by", 150),
        now=now,
    )
    return _shown(record, now) | {"replaces": _shown(old, now), "key": text}


def _revoke(options: Json, now: datetime) -> Json:
    return _shown(revoke_api_key(_key(options["key"]), revoked_by=_named(options["by"], "--by", 150), now=now), now)


def _list(options: Json, now: datetime) -> Json:
    account = _account(options["account"]) if options["account"] is not None else None
    return {"keys": [_shown(key, now) for key in keys_to_list(account)]}


def _shown(key: ApiKey, now: datetime) -> Json:
    return {
        "id": key.pk,
        "account": str(key.account_id),
        "name": key.name,
        "livemode": key.livemode,
        "state": str(state_of(key, now=now)),
        "scopes": key.scopes,
        "created_by": key.created_by,
        "created_at": _at(key.created_at),
        "replaces": key.replaces_id,
        "expires_at": _at(key.expires_at),
        "revoked_at": _at(key.revoked_at),
        "revoked_by": key.revoked_by,
        "last_used_on": key.last_used_on and key.last_used_on.isoformat(),
    }


def _at(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")


def _account(wanted: str) -> Account:
    account = account_called(wanted)
    if account is None:
        raise CommandError(f"There is no account {wanted!r}.")
    return account


def _key(wanted: str) -> ApiKey:
    """By id; the error does not repeat what was given: it could be a whole key."""
    key = ApiKey.objects.filter(pk=wanted).first()
    if key is None:
        raise CommandError("There is no key with this id. A key's id is the 12 characters after its mode.")
    return key


def _named(text: str, option: str, longest: int) -> str:
    if not text.strip() or len(text) > longest or not text.isprintable():
        raise CommandError(f"{option} must be 1 to {longest} printable characters")
    return text


def _scopes(given: str | None) -> list[Scope] | None:
    if given is None:
        return None
    try:
        return list(dict.fromkeys(Scope(scope) for scope in given.split(",")))
    except ValueError as error:
        raise CommandError(f"{error}; scopes are {', '.join(Scope.values)}") from error
