"""Taking a person out of what was asked and kept: whoever erases somebody calls it, in the same transaction."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Q

from api.console.models import LONGEST_NAME, QueryRun, SavedQuery

FORGOTTEN = "(forgotten)"


def forget_addresses(addresses: Iterable[str]) -> int:
    """Replace these e-mail addresses in statements of the log and in kept questions; how many of both had one.

    A question's version goes up by it, so that a form from before does not bring the address back.
    """
    found = {address for address in addresses if address}
    found |= {address.replace("'", "''") for address in found}  # as it stands in SQL
    if not found:
        return 0
    return _forget_in_log(found) + _forget_in_questions(found)


def _forget_in_log(addresses: set[str]) -> int:
    runs = _without(addresses, QueryRun, ["statement"])
    QueryRun.objects.bulk_update(runs, ["statement"], batch_size=100)
    return len(runs)


def _forget_in_questions(addresses: set[str]) -> int:
    texts = ["name", "description", "sql"]
    questions = _without(addresses, SavedQuery, texts)
    for question in questions:
        question.name = question.name[:LONGEST_NAME]
        question.version += 1
    SavedQuery.objects.bulk_update(questions, [*texts, "version"], batch_size=100)
    return len(questions)


def _without(addresses: set[str], model: Any, names: Sequence[str]) -> list[Any]:
    """The rows that had one, locked, so that two erasures take turns; not saved."""
    holds_one = Q()
    for name in names:
        for address in addresses:
            holds_one |= Q(**{f"{name}__icontains": address})
    pattern = _pattern(addresses)
    changed = []
    for row in model.objects.select_for_update().filter(holds_one).order_by("pk"):
        texts = {name: pattern.sub(FORGOTTEN, getattr(row, name)) for name in names}
        if any(getattr(row, name) != text for name, text in texts.items()):
            row.__dict__.update(texts)
            changed.append(row)
    return changed


def _pattern(addresses: set[str]) -> re.Pattern[str]:
    """Not within a longer address, which is somebody else's; what is glued to a word is taken for one."""
    any_of = "|".join(re.escape(address) for address in sorted(addresses))
    return re.compile(rf"(?<!\w)(?<!\w[.+-])(?:{any_of})(?!\w|[.-]\w)", re.IGNORECASE)
