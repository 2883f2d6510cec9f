"""Reading what is kept, and what was asked."""

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from accounts.models import User
from api.console.models import QueryRun, SavedQuery
from api.console.states import RunState

# Past this, whoever waited for an answer has been killed: no statement is let run for longer.
OVERDUE = timedelta(seconds=20)


def questions_for(user: User) -> QuerySet[SavedQuery]:
    """Shared ones and one's own."""
    return SavedQuery.objects.filter(Q(is_shared=True) | Q(owner=user)).select_related("owner").order_by("name")


def recent_runs_of(user: User, *, limit: int) -> QuerySet[QueryRun]:
    return QueryRun.objects.filter(user=user).order_by("-id")[:limit]


def running(*, now: datetime) -> QuerySet[QueryRun]:
    return QueryRun.objects.filter(state=RunState.RUNNING, started_at__gt=now - OVERDUE)


def overdue(*, now: datetime) -> QuerySet[QueryRun]:
    return QueryRun.objects.filter(state=RunState.RUNNING, started_at__lte=now - OVERDUE)
