"""`manage.py tick`: one turn of the clock, now or at another time."""

from argparse import ArgumentParser
from datetime import datetime, timedelta

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from api.tick import tick
from giftflick.commands import Json, JsonCommand, whole_number
from giftflick.invocation import cut_to_time_left

LONGEST = 900  # as long as a Lambda function may run


class Command(JsonCommand):
    help = "Do what is due, once. --now does it as if it were that time."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--now", help="an RFC 3339 time with its offset, such as 2027-03-01T00:00:00Z")
        parser.add_argument("--seconds", type=whole_number(1, LONGEST), default=60, help="how long it may take (60)")

    def answer(self, options: Json, *, now: datetime) -> Json:
        started = pretended = now
        if options["now"]:
            try:
                given = parse_datetime(options["now"])
            except ValueError:
                given = None
            if given is None or timezone.is_naive(given):
                raise CommandError("--now wants a time with its offset, such as 2027-03-01T00:00:00Z")
            pretended = given
        budget = cut_to_time_left(timedelta(seconds=options["seconds"]))
        found = tick(clock=lambda: pretended + (timezone.now() - started), budget=budget)
        return {"now": pretended.isoformat(), **found}
