"""Reading the audit log: every way in has an index that also gives the order."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Model, QuerySet

from accounts.selectors import account_called
from api import actors
from api.audit.models import AuditEntry
from api.time_keys import key_at


def entries_of(row: Model) -> QuerySet[AuditEntry]:
    """What was done to a row, newest first."""
    entries = AuditEntry.objects.filter(object_id=str(row.pk), object_type=row._meta.model_name)  # noqa: SLF001
    return entries.order_by("-id")


def find_entries(entries: QuerySet[AuditEntry], term: str) -> QuerySet[AuditEntry]:
    """The entries that a term leads to: the first of account, object, request, actor and action that knows it.

    One of them and never several, so that one index finds and orders them however many there are.
    """
    for wanted in _readings(term.strip()):
        if AuditEntry.objects.filter(**wanted).exists():
            return entries.filter(**wanted)
    return entries.none()


def written_between(entries: QuerySet[AuditEntry], since: datetime, until: datetime) -> QuerySet[AuditEntry]:
    return entries.filter(id__gte=key_at(since), id__lt=key_at(until))


def older_than(age: timedelta, *, now: datetime) -> QuerySet[AuditEntry]:
    return AuditEntry.objects.filter(id__lt=key_at(now - age)).order_by("id")


def _readings(term: str) -> list[dict[str, Any]]:
    if not term or "\x00" in term:
        return []
    account = account_called(term)
    return [
        *([{"account_id": account.pk}] if account else []),
        {"object_id": term},
        {"request_id": term},
        {"actor": term},
        {"actor": actors.staff(term)},
        {"actor": actors.api_key(term)},
        {"action": term},
    ]
