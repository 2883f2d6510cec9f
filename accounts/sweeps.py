"""What is left of sign-ins once it counts no more."""

from datetime import datetime, timedelta

KEPT = timedelta(minutes=30)


def purge_tries(now: datetime) -> int:
    """Wrong passwords and codes of more than half an hour ago."""
    from axes.models import AccessAttempt

    removed, _ = AccessAttempt.objects.filter(attempt_time__lte=now - KEPT).delete()
    return int(removed)


def purge_sessions(now: datetime) -> int:
    from django.contrib.sessions.models import Session

    removed, _ = Session.objects.filter(expire_date__lt=now).delete()
    return removed
