"""`make logs`: shows what a stage's functions have logged, and what they go on to log until Ctrl-C."""

import argparse
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from infra.aws import Aws
from infra.command import run, stage_parser
from infra.stages import DeployError, Stage, stage_called
from local.terminal import say

PAUSE_S = 2.0
LATE = timedelta(seconds=30)  # CloudWatch may show an event that long after its time
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def log_groups(stage: Stage) -> dict[str, str]:
    return {
        "site": f"/aws/lambda/{stage.function}",
        "release": f"/aws/lambda/{stage.release_function}",
        "authorizer": f"/aws/lambda/{stage.function}-authorizer",
    }


def duration(text: str) -> timedelta:
    """`10m` is ten minutes. Raises ArgumentTypeError."""
    found = re.fullmatch(r"(\d{1,5})([smhd])", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: 30s, 10m, 2h and 1d are")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


def show(aws: Aws, group: str, since: datetime, pattern: str = "", write: Callable[[str], None] = say) -> "Shown":
    """Show what was logged from `since` on, oldest first."""
    shown = Shown(aws, group, pattern, write)
    shown.show(since)
    return shown


class Shown:
    """What of a log group has been shown: an event is shown once, however late it comes."""

    def __init__(self, aws: Aws, group: str, pattern: str, write: Callable[[str], None]) -> None:
        self._aws = aws
        self._group = group
        self._pattern = pattern
        self._write = write
        self._ids: set[str] = set()

    def show(self, since: datetime) -> None:
        """Raises DeployError if there is no such log group."""
        for id_, message in self._events(since):
            if id_ not in self._ids:
                self._ids.add(id_)
                self._write(message.rstrip())

    def follow(self) -> None:
        """Until a signal."""
        while True:
            time.sleep(PAUSE_S)
            self.show(datetime.now(UTC) - LATE)

    def _events(self, since: datetime) -> Iterator[tuple[str, str]]:
        logs = self._aws.logs
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=self._group, startTime=int(since.timestamp() * 1000), filterPattern=self._pattern
        )
        try:
            for page in pages:
                yield from ((event["eventId"], event["message"]) for event in page["events"])
        except logs.exceptions.ResourceNotFoundException:
            stage = self._aws.stage.name
            raise DeployError(f"there is no log group {self._group}: make deploy STAGE={stage} makes it") from None


def main() -> None:
    parser = stage_parser("logs", __doc__)
    parser.add_argument("--function", choices=("site", "release", "authorizer"), default="site")
    parser.add_argument("--since", type=duration, default="10m", metavar="10m", help="how far back: 30s, 10m, 2h, 1d")
    parser.add_argument("--filter", default="", metavar="PATTERN", help='CloudWatch\'s: "{ $.status = 500 }"')
    parser.add_argument("--no-follow", action="store_true", help="end with what there is")
    arguments = parser.parse_args()

    def command() -> None:
        aws = Aws(stage_called(arguments.stage))
        group = log_groups(aws.stage)[arguments.function]
        shown = show(aws, group, datetime.now(UTC) - arguments.since, arguments.filter)
        if not arguments.no_follow:
            shown.follow()

    run(command)


if __name__ == "__main__":
    main()
