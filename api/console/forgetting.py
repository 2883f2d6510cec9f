"""Taking a person out of what was asked and kept: whoever erases somebody calls it, in the same transaction."""

import re
from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from api.console.models import QueryRun, SavedQuery

FORGOTTEN = "(forgotten)"


def forget_addresses(addresses: Iterable[str]) -> int:
    """Replace these e-mail addresses in statements of the log and in kept questions; how many of both had one."""
    found = {address for address in addresses if address}
    if not found:
        return 0
    pattern = re.compile("|".join(re.escape(address) for address in sorted(found)), re.IGNORECASE)
    return sum(_replace(pattern, found, model, name) for model, name in ((QueryRun, "statement"), (SavedQuery, "sql")))


def _replace(pattern: re.Pattern[str], addresses: set[str], model: Any, name: str) -> int:
    holds_one = Q()
    for address in addresses:
        holds_one |= Q(**{f"{name}__icontains": address})
    rows = list(model.objects.select_for_update().filter(holds_one).order_by("pk"))  # two erasures take turns
    for row in rows:
        setattr(row, name, pattern.sub(FORGOTTEN, getattr(row, name)))
    model.objects.bulk_update(rows, [name], batch_size=100)
    return len(rows)
