"""The job that counts for the founders' first page."""

from datetime import datetime, timedelta
from uuid import UUID

from api.outbox.registry import Postpone, handles
from api.today.services import JOB, make_figures

A_MOMENT = timedelta(seconds=1)


@handles(JOB)
def count(ref_id: UUID, *, now: datetime) -> None:  # noqa: ARG001 - it is about everything
    """What it did not get to, the next run does."""
    if not make_figures(now=now):
        raise Postpone(now + A_MOMENT)
