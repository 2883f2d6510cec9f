"""`manage.py api_key issue`: the whole key is printed once and kept nowhere."""

import json
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import Account, Scope
from accounts.services import issue_api_key


class Command(BaseCommand):
    help = "Issue an API key for an account."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        issue = actions.add_parser("issue", help="make a key and show it, once")
        issue.add_argument("--account", required=True, help="the account's id or name")
        issue.add_argument("--name", required=True, help="what the key is for")
        issue.add_argument("--test", action="store_true", help="a test key; live is the default")
        issue.add_argument("--scopes", help=f"comma-separated, all by default: {','.join(Scope.values)}")
        issue.add_argument("--expires-in-days", type=int)

    def handle(self, *_args: Any, **options: Any) -> None:
        now = timezone.now()
        days = options["expires_in_days"]
        if days is not None and not 0 < days <= 3650:
            raise CommandError("--expires-in-days must be between 1 and 3650")
        key, text = issue_api_key(
            self._account(options["account"]),
            name=options["name"][:100],
            livemode=not options["test"],
            scopes=self._scopes(options["scopes"]),
            expires_at=now + timedelta(days=days) if days else None,
            created_by="command",
            now=now,
        )
        self.stdout.write(
            json.dumps({"id": key.id, "account": str(key.account_id), "livemode": key.livemode, "key": text})
        )

    @staticmethod
    def _account(wanted: str) -> Account:
        account = Account.objects.filter(name=wanted).first()
        if account is None:
            account = next((known for known in Account.objects.all() if str(known.pk) == wanted), None)
        if account is None:
            raise CommandError(f"There is no account {wanted!r}.")
        return account

    @staticmethod
    def _scopes(given: str | None) -> list[Scope] | None:
        if given is None:
            return None
        try:
            return [Scope(scope) for scope in given.split(",")]
        except ValueError as error:
            raise CommandError(f"{error}; scopes are {', '.join(Scope.values)}") from error
