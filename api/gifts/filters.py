"""The gift list's filters, each on an index."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from rest_framework.request import Request

from api.exceptions import InvalidFieldError
from api.gifts.models import Gift
from api.gifts.states import GiftStatus
from api.pagination import NewestFirstPagination

KNOWN = frozenset(
    {
        "status",
        "recipient_email",
        "order_reference",
        "created_after",
        "created_before",
        "deliver_after",
        "deliver_before",
        "limit",
        "cursor",
    }
)
RANGES = {
    "created_after": "created_at__gte",
    "created_before": "created_at__lt",
    "deliver_after": "deliver_at__gte",
    "deliver_before": "deliver_at__lt",
}


class GiftPagination(NewestFirstPagination):
    """With a `deliver_*` filter in the order of delivery, else newest first."""

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> tuple[str, ...]:  # noqa: ARG002
        if {"deliver_after", "deliver_before"} & set(request.query_params):
            return ("deliver_at", "id")
        return ("-id",)


def filter_gifts(gifts: QuerySet[Gift], request: Request) -> QuerySet[Gift]:
    """Raises InvalidFieldError on a filter that is unknown, malformed or given twice where once is meant."""
    params = request.query_params
    for name in params:
        if name not in KNOWN:
            raise InvalidFieldError(name, "unknown_filter", f"Filters are {', '.join(sorted(KNOWN))}.")
        if name != "status" and len(params.getlist(name)) > 1:
            raise InvalidFieldError(name, "repeated", "This can be given once.")
        if any("\x00" in value for value in params.getlist(name)):
            raise InvalidFieldError(name, "invalid", "NUL is not allowed here.")
    if "status" in params:
        gifts = gifts.filter(status__in=_statuses(params.getlist("status")))
    if "recipient_email" in params:
        gifts = gifts.annotate(recipient=Lower("recipient_email")).filter(recipient=params["recipient_email"].lower())
    if "order_reference" in params:
        gifts = gifts.filter(order_reference=params["order_reference"])
    for name, lookup in RANGES.items():
        if name in params:
            gifts = gifts.filter(**{lookup: _time(name, params[name])})
    return gifts


def _statuses(given: list[str]) -> list[str]:
    for status in given:
        if status not in GiftStatus.values:
            raise InvalidFieldError("status", "invalid_choice", f"Statuses are {', '.join(GiftStatus.values)}.")
    return given


def _time(name: str, given: str) -> datetime:
    try:
        parsed = parse_datetime(given.replace(" ", "+"))  # a plus sign in a query string may arrive as a blank
    except ValueError:
        parsed = None
    if parsed is None or timezone.is_naive(parsed) or not 1970 <= parsed.year <= 9000:
        raise InvalidFieldError(name, "invalid", "Use RFC 3339 with an offset, such as 2026-12-24T21:00:00Z.")
    return parsed
