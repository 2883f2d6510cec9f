"""Which function does which kind of job."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

# Started with less time left, a job could be cut off by the function's end; jobs call out for at most 8 s at a time.
MARGIN = timedelta(seconds=15)


class Handler(Protocol):
    def __call__(self, ref_id: UUID, *, now: datetime) -> None: ...


class OnDead(Protocol):
    def __call__(self, ref_id: UUID, reason: str, *, now: datetime) -> None: ...


class Postpone(Exception):  # noqa: N818 - not an error: the job's turn has not come
    """Raised by a handler: run me again then; this did not count as an attempt.

    `is_progress`: a part was done, and the next one has all its attempts.
    """

    def __init__(self, until: datetime, *, is_progress: bool = False) -> None:
        super().__init__(until.isoformat())
        self.until = until
        self.is_progress = is_progress


@dataclass(frozen=True)
class Entry:
    run: Handler
    on_dead: OnDead | None
    needs: timedelta


_entries: dict[str, Entry] = {}


def handles(kind: str, *, on_dead: OnDead | None = None, needs: timedelta = MARGIN) -> Callable[[Handler], Handler]:
    """Register the one function for a kind of job. It must bear being run twice.

    `on_dead` is called once all attempts are used up, to tell whoever waits. `needs` is the time that must be
    left for it to be started: well within a function's minute, or each worker would hand it on to the next.
    """

    def register(handler: Handler) -> Handler:
        if kind in _entries:
            raise ValueError(f"two handlers for {kind}")
        _entries[kind] = Entry(handler, on_dead, needs)
        return handler

    return register


def entry_for(kind: str) -> Entry:
    return _entries[kind]


def time_for(kind: str) -> timedelta:
    """Of a kind that nobody handles, which `entry_for` will say, as of any other."""
    return _entries[kind].needs if kind in _entries else MARGIN


def kinds() -> list[str]:
    """Those registered so far: `api.tick` imports them all."""
    return sorted(_entries)
