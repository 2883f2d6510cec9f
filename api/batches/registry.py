"""Which function does which kind of batch to one item."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from api.audit.states import Door
from api.batches.models import BatchItem


class Handler(Protocol):
    def __call__(self, item: BatchItem, *, actor: str, now: datetime) -> str: ...


@dataclass(frozen=True)
class Kind:
    """`look` is what its page and result need besides; `permission` lets cancel the rest, beside who started it.
    `row_page` names the admin page that an item's `ref_id` leads to. `is_personal`: its items' labels name people.
    """

    name: str
    handler: Handler
    door: Door
    is_atomic: bool
    look: str
    permission: str
    row_page: str
    is_personal: bool


_kinds: dict[str, Kind] = {}


def batch_kind(
    name: str,
    *,
    door: Door = Door.ADMIN,
    is_atomic: bool = True,
    look: str = "",
    permission: str = "",
    row_page: str = "",
    is_personal: bool = False,
) -> Callable[[Handler], Handler]:
    """Register the one function for a kind of batch: it does one item and returns, in words, what came of it.

    An ApplicationError fails the item with its words. What the function changes and the item's outcome are one
    transaction; raising `Postpone` undoes it and lets the whole batch wait until then. With `is_atomic=False`, for
    what calls the outside, they are not: it must bear being run twice.
    """

    def register(handler: Handler) -> Handler:
        if name in _kinds:
            raise ValueError(f"two kinds of batch named {name}")
        _kinds[name] = Kind(name, handler, door, is_atomic, look, permission, row_page, is_personal)
        return handler

    return register


def known_kinds() -> list[Kind]:
    return list(_kinds.values())


def kind_of(name: str) -> Kind:
    return _kinds[name]


def known_kind(name: str) -> Kind | None:
    """None for a kind that this process has not imported, or that a later version dropped."""
    return _kinds.get(name)
