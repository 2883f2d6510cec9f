"""Reading what the first page shows: the figures that were made, and what is cheap enough to look at on the spot."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from api.outbox import selectors as outbox
from api.today.models import Figures

FRESH = timedelta(minutes=1)


@dataclass(frozen=True)
class Queue:
    """`age`: how long the job that has been due the longest waits for a worker. Counts end at `outbox.COUNTED_TO`."""

    age: timedelta
    waiting: int
    dead: int


def figures_of(mode: str) -> Figures:
    """One that was never made has no `as_of`."""
    return Figures.objects.filter(pk=mode).first() or Figures(mode=mode)


def is_fresh(figures: Figures, *, now: datetime, within: timedelta = FRESH) -> bool:
    """Figures from the future were made by another clock (`manage.py tick --now`) and are as good as old ones."""
    return figures.as_of is not None and abs(now - figures.as_of) < within


def queue(*, now: datetime) -> Queue:
    """In two queries over partial indexes."""
    state = outbox.queue_state(now=now)
    return Queue(age=state.age, waiting=outbox.count_waiting(), dead=state.dead)
