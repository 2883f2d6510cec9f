"""`manage.py sync_api_keys`: bring records and key table together, and say in one JSON line what had drifted."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.key_sync import sync
from api.exceptions import ApplicationError, BackendError


class Command(BaseCommand):
    help = "Repair what differs between the keys' records and the table that the authorizer reads."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what differs and leave it")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            report = sync(now=timezone.now(), is_dry_run=options["dry_run"])
        except (ApplicationError, BackendError) as error:
            raise CommandError(error.detail) from error
        self.stdout.write(
            json.dumps({"checked": report.checked, "drift": report.drift, "is_repaired": not options["dry_run"]})
        )
