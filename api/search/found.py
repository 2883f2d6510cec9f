"""What a look-up found: rows of one kind by their keys, with what of them fitted."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet

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


def found_by(what: str, rows: QuerySet[Any], *, is_theirs: bool = True) -> Found:
    """Rows with a whole identifier, the newest first; it names them, unless it is of something else."""
    found = list(rows.order_by("-pk").values_list("pk", flat=True)[:MANY])
    exact = frozenset(found) if is_theirs else frozenset[Any]()
    return Found(dict.fromkeys(found, what), exact, is_cut=len(found) == MANY)


def found_by_id(rows: QuerySet[Any], key: Any) -> Found:
    return found_by("id", rows.filter(pk=key))


def found_in(rows: QuerySet[Any], what: str, fits: Q, *, same: Q | None = None, order: str = "-pk") -> Found:
    """Rows of a table that is short enough to be read; those that the term names, as `same` says, come first."""
    is_same = ExpressionWrapper(same or Q(pk__in=[]), output_field=BooleanField())
    fitting = rows.filter(fits).annotate(is_same=is_same).order_by("-is_same", order)
    found = dict(fitting.values_list("pk", "is_same")[:MANY])
    exact = frozenset(key for key, is_same in found.items() if is_same)
    return Found(dict.fromkeys(found, what), exact, is_cut=len(found) == MANY)


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
