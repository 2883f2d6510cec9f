"""Through which door somebody acts, and why: set once where they come in, read wherever a change is recorded.

The doors are opened in `api.viewsets` (a shop), `giftflick.admin_door` (the team), `giftflick.commands` (a command) and
`api.outbox.drain` and `api.tick` (nobody: the system at work). Callbacks and the recipient's page need none, as their
services name the actor, and an actor's name tells the door. A batch says `acting(door=Door.IMPORT, …)` around each row.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from api import actors
from api.audit.states import Door


@dataclass(frozen=True)
class Acting:
    """`door` None: the actor's name tells it. `actor` is who did what a service has no name for."""

    door: Door | None = None
    actor: str = actors.SYSTEM
    why: str = ""


_NOBODY = Acting()
_acting: ContextVar[Acting] = ContextVar("acting", default=_NOBODY)
_OF_ACTOR = {
    actors.RENDERER: Door.VENDOR,
    actors.SENDGRID: Door.VENDOR,
    actors.RECIPIENT: Door.RECIPIENT,
    "api_key": Door.API,
    "staff": Door.ADMIN,
    "command": Door.COMMAND,
    "import": Door.IMPORT,
}


@contextmanager
def acting(*, door: Door | None = None, actor: str = "", why: str | None = None) -> Iterator[None]:
    """What is recorded within this block was done so. What is left out stays as it is around the block."""
    outer = _acting.get()
    mark = _acting.set(Acting(door or outer.door, actor or outer.actor, outer.why if why is None else why))
    try:
        yield
    finally:
        _acting.reset(mark)


@contextmanager
def by_itself() -> Iterator[None]:
    """The system at work: who woke it, and why, counts for nothing within this block."""
    mark = _acting.set(_NOBODY)
    try:
        yield
    finally:
        _acting.reset(mark)


def call(actor: str) -> None:
    """Name who acts until the innermost block ends: who calls may be known only after its beginning."""
    _acting.set(replace(_acting.get(), actor=actor))


def present() -> Acting:
    return _acting.get()


def door_of(actor: str) -> Door:
    """Whoever has no door of their own is of the system's making."""
    return _OF_ACTOR.get(actor.partition(":")[0], Door.SYSTEM)
