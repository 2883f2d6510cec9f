"""Through which door somebody acts, and why: set once where they come in, read wherever a change is recorded."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from api import actors
from api.audit.states import Door


@dataclass(frozen=True)
class Acting:
    """`door` None: the actor's name tells it. `actor` empty: the service that records knows it."""

    door: Door | None = None
    actor: str = ""
    why: str = ""


_NOBODY = Acting()
_acting: ContextVar[Acting] = ContextVar("acting", default=_NOBODY)
_OF_ACTOR = {
    actors.SYSTEM: Door.SYSTEM,
    actors.RENDERER: Door.VENDOR,
    actors.SENDGRID: Door.VENDOR,
    actors.RECIPIENT: Door.RECIPIENT,
    "api_key": Door.API,
    "staff": Door.ADMIN,
    "command": Door.COMMAND,
    "import": Door.IMPORT,
}


@contextmanager
def acting(*, door: Door | None = None, actor: str = "", why: str = "") -> Iterator[None]:
    """What is recorded within this block was done so. What is left out stays as it is around the block."""
    outer = _acting.get()
    mark = _acting.set(Acting(door or outer.door, actor or outer.actor, why or outer.why))
    try:
        yield
    finally:
        _acting.reset(mark)


def present() -> Acting:
    return _acting.get()


def door_of(actor: str) -> Door:
    return _OF_ACTOR[actor.partition(":")[0]]
