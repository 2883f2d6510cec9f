"""`manage.py api_key issue|rotate|revoke|list`.

Where HANDOVER_PREFIX is set, a new key goes to Secrets Manager and its secret's name is printed; to run `issue` or
`rotate` again makes no second key. Elsewhere, as on a laptop, the key is printed once, by the call that made it.
"""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from datetime import datetime, timedelta

from django.core.management.base import CommandError
from django.db.models import Q

from accounts import key_handover
from accounts.models import Account, ApiKey, Scope
from accounts.selectors import account_called, keys_to_list, state_of
from accounts.services import LONGEST_OVERLAP, issue_api_key, revoke_api_key, rotate_api_key
from giftflick import handover
from giftflick.commands import Json, JsonCommand, moment, whole_number, words

LONGEST_LIFE_DAYS = 3650
LONGEST_OVERLAP_HOURS = LONGEST_OVERLAP // timedelta(hours=1)
LISTED = 10  # fits into the 4 KB of log that Zappa shows
LISTED_AT_MOST = 1000


class Command(JsonCommand):
    help = "Issue, rotate, revoke and list API keys."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        issue = actions.add_parser("issue", help="make a key and hand it over, or show it once")
        issue.add_argument("--account", required=True, help="the account's id or name")
        issue.add_argument("--name", required=True, type=words(100), help="what the key is for")
        issue.add_argument("--test", action="store_true", help="a test key; live is the default")
        issue.add_argument("--scopes", type=_scopes, help=f"comma-separated, all by default: {','.join(Scope.values)}")
        issue.add_argument("--expires-in-days", type=whole_number(1, LONGEST_LIFE_DAYS))
        rotate = actions.add_parser("rotate", help="make a key in place of another")
        rotate.add_argument("--key", required=True, help="the id of the key that shall end")
        rotate.add_argument(
            "--overlap-hours", type=whole_number(0, LONGEST_OVERLAP_HOURS), default=24, help="how long both work (24)"
        )
        revoke = actions.add_parser("revoke", help="end a key now")
        revoke.add_argument("--key", required=True, help="its id")
        for changing in (issue, rotate, revoke):
            changing.add_argument("--by", default="command", type=words(150), help="who does it, for the record")
        listing = actions.add_parser("list", help="what keys there are, newest first")
        listing.add_argument("--account", help="only those of this account: its id or name")
        listing.add_argument("--limit", type=whole_number(1, LISTED_AT_MOST), default=LISTED)
        listing.add_argument("--after", help="the id of the last key that was listed: the next ones")

    def answer(self, options: Json, *, now: datetime) -> Json:
        actions: dict[str, Callable[[Json, datetime], Json]] = {
            "issue": _issue,
            "rotate": _rotate,
            "revoke": _revoke,
            "list": _list,
        }
        return actions[options["action"]](options, now)


def _issue(options: Json, now: datetime) -> Json:
    account, name, livemode = _account(options["account"]), options["name"], not options["test"]
    scopes, days = options["scopes"], options["expires_in_days"]
    if handover.is_wanted():
        known = key_handover.handed_over(account, name=name, livemode=livemode, now=now)
        if known is not None and scopes is not None and known.scopes != scopes:
            raise CommandError("A working key of this name may do something else. Choose another --name, or revoke it.")
        if known is not None:
            return _known(known, now)
    record, where = key_handover.make(
        lambda text: issue_api_key(
            account,
            name=name,
            livemode=livemode,
            scopes=scopes,
            expires_at=now + timedelta(days=days) if days else None,
            created_by=options["by"],
            now=now,
            text=text,
        ),
        livemode=livemode,
        what="An API key, issued by a command; remove this once the shop has it.",
    )
    return _shown(record, now) | where


def _rotate(options: Json, now: datetime) -> Json:
    old = _key(options["key"])
    if handover.is_wanted():
        known = key_handover.replacement(old, now=now)
        if known is not None:
            return _known(known, now)
    record, where = key_handover.make(
        lambda text: rotate_api_key(
            old, overlap=timedelta(hours=options["overlap_hours"]), created_by=options["by"], now=now, text=text
        ),
        livemode=old.livemode,
        what=f"An API key in place of {old.pk}; remove this once the shop has it.",
    )
    return _shown(record, now) | {"replaces": _shown(old, now)} | where


def _revoke(options: Json, now: datetime) -> Json:
    key = revoke_api_key(_key(options["key"]), revoked_by=options["by"], now=now)
    if handover.is_wanted():
        handover.take_back(key_handover.place_of(key.pk))
    return _shown(key, now)


def _list(options: Json, now: datetime) -> Json:
    keys = keys_to_list(_account(options["account"]) if options["account"] is not None else None)
    if options["after"] is not None:
        last = _key(options["after"])
        keys = keys.filter(Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, pk__lt=last.pk))
    found = list(keys[: options["limit"] + 1])
    return {
        "keys": [_summary(key, now) for key in found[: options["limit"]]],
        "is_complete": len(found) <= options["limit"],
    }


def _known(key: ApiKey, now: datetime) -> Json:
    """What a repeated call answers."""
    return _shown(key, now) | {"is_known": True, "secret": handover.place(key_handover.place_of(key.pk))}


def _summary(key: ApiKey, now: datetime) -> Json:
    return {
        "id": key.pk,
        "account": str(key.account_id),
        "name": key.name,
        "livemode": key.livemode,
        "state": str(state_of(key, now=now)),
        "expires_at": moment(key.expires_at),
        "last_used_on": key.last_used_on and key.last_used_on.isoformat(),
    }


def _shown(key: ApiKey, now: datetime) -> Json:
    """Without who made or ended it: that may be somebody's address."""
    return _summary(key, now) | {
        "scopes": key.scopes,
        "created_at": moment(key.created_at),
        "replaces": key.replaces_id,
        "revoked_at": moment(key.revoked_at),
    }


# What was given is not repeated: it could be a whole key.


def _account(wanted: str) -> Account:
    account = account_called(wanted)
    if account is None:
        raise CommandError("There is no account with this id or name.")
    return account


def _key(wanted: str) -> ApiKey:
    key = ApiKey.objects.filter(pk=wanted).first()
    if key is None:
        raise CommandError("There is no key with this id. A key's id is the 12 characters after its mode.")
    return key


def _scopes(given: str) -> list[Scope]:
    try:
        return list(dict.fromkeys(Scope(scope) for scope in given.split(",")))
    except ValueError:
        raise ArgumentTypeError(f"must be a list of {', '.join(Scope.values)}") from None
