"""Which function does which kind of job."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


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


_entries: dict[str, Entry] = {}


def handles(kind: str, *, on_dead: OnDead | None = None) -> Callable[[Handler], Handler]:
    """Register the one function for a kind of job. It must bear being run twice.

    `on_dead` is called once all attempts are used up, to tell whoever waits.
    """

    def register(handler: Handler) -> Handler:
        if kind in _entries:
            raise ValueError(f"two handlers for {kind}")
        _entries[kind] = Entry(handler, on_dead)
        return handler

    return register


def entry_for(kind: str) -> Entry:
    return _entries[kind]


def kinds() -> list[str]:
    """Those registered so far: `api.tick` imports them all."""
    return sorted(_entries)
