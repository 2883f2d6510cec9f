"""Callers who go on calling while something is changed, and remember each call that was not answered as it must be."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

import urllib3

from local.rehearsal.account import RehearsalError

PACE_S = 0.3  # two thirds of the 300 calls of a page that an address may make in a minute
AT_LEAST = 40  # after a change


@dataclass(frozen=True)
class Call:
    """What is asked, and which answer is right."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200


class Load:
    """`answers` counts them: a status, or the kind of a failure."""

    def __init__(self) -> None:
        self.answers: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()

    def ask(self, call: Call, stopping: Event) -> None:
        pool = urllib3.PoolManager(retries=False, timeout=35)
        path = urllib3.util.parse_url(call.url).path or ""
        while not stopping.wait(PACE_S):
            try:
                answer = str(pool.request("GET", call.url, headers=call.headers).status)
            except urllib3.exceptions.HTTPError as error:
                answer = type(error).__name__
            self.answers[answer] += 1
            if answer != str(call.status):
                self.wrong[f"{answer} for {_route(path)}"] += 1


@contextmanager
def under_load(calls: list[Call]) -> Iterator[Load]:
    """Each call made over and over until the block ends. Raises RehearsalError if any was answered otherwise."""
    load, stopping = Load(), Event()
    threads = [Thread(target=load.ask, args=(call, stopping), daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    try:
        yield load
        _wait_for(load)
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
    if load.wrong:
        raise RehearsalError(f"{load.wrong.total()} of {load.answers.total()} calls failed: {dict(load.wrong)}")


def _wait_for(load: Load) -> None:
    """Until enough was asked after the change, too."""
    wanted, deadline = load.answers.total() + AT_LEAST, time.monotonic() + 60
    while load.answers.total() < wanted:
        if time.monotonic() > deadline:
            raise RehearsalError("the site answers too slowly to be asked 40 times in a minute")
        time.sleep(PACE_S)


def _route(path: str) -> str:
    """Without a token that stands in it."""
    return "/".join(path.split("/")[:2])
