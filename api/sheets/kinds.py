"""The kinds of sheets that can be taken in. Each says which columns it has, and which resource knows its rows.

A resource is django-import-export's: slow to import, so it is named here and imported by whoever needs it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING
from uuid import UUID

from api.sheets.reading import Column

if TYPE_CHECKING:
    from api.sheets.resources.base import SheetResource

ColumnsOf = Callable[[UUID | None], Sequence[Column]]  # of what the rows belong to


@dataclass(frozen=True)
class SheetKind:
    """`resource` is `module:class`; `key_of` says which thing a row is about, `shows_key` whether a list may, and
    `has_scope` whether its rows belong to something, such as a campaign.
    """

    name: str
    title: str
    one: str
    key_of: Callable[[Mapping[str, str]], str]
    columns: ColumnsOf
    resource: str
    permission: str
    shows_key: bool = True
    has_scope: bool = False

    @property
    def batch_kind(self) -> str:
        return f"import.{self.name}"

    def resource_for(self, scope_id: UUID | None) -> "SheetResource":
        module, _, name = self.resource.partition(":")
        found: SheetResource = getattr(import_module(module), name)(scope_id=scope_id)
        return found


_kinds: dict[str, SheetKind] = {}


def register_kind(kind: SheetKind) -> SheetKind:
    if kind.name in _kinds:
        raise ValueError(f"two kinds of sheet named {kind.name}")
    _kinds[kind.name] = kind
    return kind


def kind_called(name: str) -> SheetKind:
    """Raises KeyError."""
    return _kinds[name]
