"""`manage.py sync_api_keys`: bring records and key table together, and say in one JSON line what had drifted."""

from argparse import ArgumentParser
from datetime import datetime

from accounts.key_sync import sync
from giftflick.commands import Json, JsonCommand


class Command(JsonCommand):
    help = "Repair what differs between the keys' records and the table that the authorizer reads."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what differs and leave it")

    def answer(self, options: Json, *, now: datetime) -> Json:
        report = sync(now=now, is_dry_run=options["dry_run"])
        return {"checked": report.checked, "drift": report.drift, "is_repaired": not options["dry_run"]}
