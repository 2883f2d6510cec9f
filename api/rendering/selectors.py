"""Reading renders."""

from datetime import datetime, timedelta

from django.db.models import QuerySet

from api.rendering.models import Render
from api.rendering.states import OPEN

OVERDUE_AFTER = timedelta(minutes=60)


def overdue_renders(*, now: datetime) -> QuerySet[Render]:
    return Render.objects.filter(status__in=OPEN, created_at__lt=now - OVERDUE_AFTER)
