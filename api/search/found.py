"""What a look-up found: rows of one kind by their keys, with what of them fitted."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model

from api.search.terms import MANY, Hit, Term


@dataclass(frozen=True)
class Found:
    """`what` says of each key what fitted: those that are just the term come first, the newest first among equals.

    `exact` are those whose identifier is the term: people may have the same name or address, so these identify nobody.
    """

    what: dict[Any, str] = field(default_factory=dict)
    exact: frozenset[Any] = frozenset()
    is_cut: bool = False  # more than `MANY` fit: these are not all

    def __bool__(self) -> bool:
        return bool(self.what)


def found_by(what: str, keys: Iterable[Any]) -> Found:
    """Rows that a whole identifier names."""
    found = list(keys)
    return Found(dict.fromkeys(found, what), frozenset(found))


def found_by_id(model: type[Model], key: Any) -> Found:
    return found_by("id", model._default_manager.filter(pk=key).values_list("pk", flat=True))  # noqa: SLF001 - documented


def gathered(term: Term, hits: Iterable[Hit], *, identifying: frozenset[str] = frozenset()) -> Found:
    """Rows that were found by the beginning of one of their values; keys grow with time.

    `identifying` names the values that belong to one row, as a rule.
    """
    what: dict[Any, str] = {}
    same: set[Any] = set()
    exact: set[Any] = set()
    count: Counter[str] = Counter()
    wanted = {term.text.lower(), term.vendor_id.lower()}
    for hit in hits:
        count[hit.what] += 1
        what.setdefault(hit.key, hit.what)
        if hit.value.lower() in wanted:
            same.add(hit.key)
            if hit.what in identifying:
                exact.add(hit.key)
    ordered = sorted(what, key=lambda key: (key in same, key), reverse=True)
    is_cut = any(number >= MANY for number in count.values())
    return Found({key: what[key] for key in ordered}, frozenset(exact), is_cut)
