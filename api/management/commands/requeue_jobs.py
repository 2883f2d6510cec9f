"""`manage.py requeue_jobs [--kind=…] [--limit=…]`: dead jobs get all their attempts again, oldest first."""

from argparse import ArgumentParser
from datetime import datetime

from api import tick  # noqa: F401 - importing it registers every kind
from api.outbox.registry import kinds
from api.outbox.selectors import count_dead, dead_jobs
from api.outbox.services import revive
from giftflick.commands import Json, JsonCommand, one_of, whole_number

AT_MOST = 10_000


class Command(JsonCommand):
    help = "Give dead jobs all their attempts again. A job must bear being run twice, so does this."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--kind", type=one_of(kinds()), help="only jobs of this kind")
        parser.add_argument("--limit", type=whole_number(1, AT_MOST), default=1000, help="at most so many (1000)")

    def answer(self, options: Json, *, now: datetime) -> Json:
        chosen = list(dead_jobs(options["kind"]).values_list("pk", flat=True)[: options["limit"]])
        return {"requeued": revive(chosen, now=now), "dead": count_dead()}
