"""The gift list's filters, each on an index."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from rest_framework.request import Request

from api.exceptions import InvalidFieldError
from api.gifts.models import Gift
from api.gifts.states import GiftStatus
from api.pagination import NewestFirstPagination, check_parameters
from api.time_keys import key_at

RANGES = {
    "created_after": "created_at__gte",
    "created_before": "created_at__lt",
    "deliver_after": "deliver_at__gte",
    "deliver_before": "deliver_at__lt",
}
FILTERS = frozenset({"status", "recipient_email", "order_reference", *RANGES})
# A gift's id is made right after its `created_at` was read from the clock.
ID_FOLLOWS_WITHIN = timedelta(seconds=5)


class GiftPagination(NewestFirstPagination):
    """With a `deliver_*` filter in the order of delivery, else newest first."""

    known_parameters = NewestFirstPagination.known_parameters | FILTERS
    repeatable_parameters = frozenset({"status"})

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> tuple[str, ...]:  # noqa: ARG002
        if {"deliver_after", "deliver_before"} & set(request.query_params):
            return ("deliver_at", "id")
        return ("-id",)

    def read(self, rows: QuerySet[Any], ordering: Sequence[str], count: int) -> list[Any]:
        """Of several statuses each is read in order from its own index, and the heads are merged."""
        statuses = set(self.request.query_params.getlist("status"))
        if len(statuses) < 2:
            return super().read(rows, ordering, count)
        names = [name.lstrip("-") for name in ordering]
        bare = rows.select_related(None).prefetch_related(None).order_by(*ordering)
        first, *others = [bare.filter(status=status).values_list(*names)[:count] for status in sorted(statuses)]
        heads = first.union(*others, all=True).order_by(*ordering)[:count]
        return list(rows.filter(pk__in=[values[-1] for values in heads]).order_by(*ordering))


def filter_gifts(gifts: QuerySet[Gift], request: Request) -> QuerySet[Gift]:
    """Raises InvalidFieldError on a filter that is unknown, malformed or given twice where once is meant.

    Several statuses are left to `GiftPagination`.
    """
    check_parameters(request, GiftPagination.known_parameters, repeatable=GiftPagination.repeatable_parameters)
    params = request.query_params
    statuses = _statuses(params.getlist("status"))
    if len(statuses) == 1:
        gifts = gifts.filter(status__in=statuses)
    if "recipient_email" in params:
        gifts = gifts.alias(recipient=Lower("recipient_email")).filter(recipient=params["recipient_email"].lower())
    if "order_reference" in params:
        gifts = gifts.filter(order_reference=params["order_reference"])
    times = {name: _time(name, params[name]) for name in RANGES if name in params}
    if "created_after" in times:
        gifts = gifts.filter(id__gte=key_at(times["created_after"]))
    if "created_before" in times:
        gifts = gifts.filter(id__lt=key_at(times["created_before"] + ID_FOLLOWS_WITHIN))
    return gifts.filter(**{RANGES[name]: at for name, at in times.items()})


def _statuses(given: list[str]) -> set[str]:
    for status in given:
        if status not in GiftStatus.values:
            raise InvalidFieldError("status", "invalid_choice", f"Statuses are {', '.join(GiftStatus.values)}.")
    return set(given)


def _time(name: str, given: str) -> datetime:
    try:
        parsed = parse_datetime(given.replace(" ", "+"))  # a plus sign in a query string may arrive as a blank
    except ValueError:
        parsed = None
    if parsed is None or timezone.is_naive(parsed) or not 1970 <= parsed.year <= 9000:
        raise InvalidFieldError(name, "invalid", "Use RFC 3339 with an offset, such as 2026-12-24T21:00:00Z.")
    return parsed.astimezone(UTC)  # PostgreSQL takes no offset of 16 hours and more
