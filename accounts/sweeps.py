"""What is left of sign-ins once it counts no more."""

from datetime import datetime


def purge_tries(now: datetime) -> int:
    """Wrong passwords and codes of more than half an hour ago."""
    from axes.models import AccessAttempt

    from accounts.lockout import LOCKED_FOR

    removed, _ = AccessAttempt.objects.filter(attempt_time__lte=now - LOCKED_FOR).delete()
    return int(removed)


def purge_sessions(now: datetime) -> int:
    from django.contrib.sessions.models import Session

    removed, _ = Session.objects.filter(expire_date__lt=now).delete()
    return removed
