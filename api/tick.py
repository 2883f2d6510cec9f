"""One turn of the clock: look for what time has made due, then drain the job table.

Ticks that come twice, late or at once are harmless: each sweep takes what others have not locked, each job is leased.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from accounts import bulk as account_bulk
from accounts import tasks as key_tasks
from accounts import throttling
from accounts.sweeps import purge_sessions, purge_tries
from api.audit import services as audit
from api.audit.doors import by_itself
from api.batches import services as batches
from api.batches import tasks as batch_tasks
from api.campaigns import services as campaigns
from api.campaigns import tasks as campaign_tasks
from api.console import services as console
from api.gifts import bulk as gift_bulk
from api.gifts import sweeps as gifts
from api.gifts import tasks as gift_tasks
from api.idempotency import services as idempotency
from api.media import tasks as media
from api.outbox import bulk as job_bulk
from api.outbox import services as outbox
from api.outbox import wakers
from api.outbox.drain import Clock, drain
from api.outbox.selectors import queue_state
from api.sheets import services as sheets
from api.sheets import tasks as sheet_tasks
from api.suppressions import bulk as suppression_bulk
from api.today import services as today
from api.today import tasks as today_tasks
from api.webhooks import bulk as webhook_bulk
from api.webhooks import services as webhooks
from api.webhooks import tasks as webhook_tasks
from giftflick import metrics

SWEEPS: dict[str, Callable[[datetime], int]] = {
    "due gifts": gifts.deliver_due,
    "overdue renders": gifts.look_after_overdue_renders,
    "expired gifts": gifts.expire,
    "untouched drafts": gifts.delete_untouched_drafts,
    "gifts to forget": gifts.forget,
    "moved wall times": gifts.recompute_wall_times,
    "unfinished uploads": media.sweep_unfinished,
    "old uploads": media.sweep_old,
    "old webhook deliveries": webhooks.purge_old,
    "daily sync of keys": key_tasks.schedule_sync,
    "old idempotent calls": lambda now: idempotency.purge_calls(now=now),
    "old rate windows": lambda now: throttling.purge_windows(now=now),
    "questions left behind": lambda now: console.end_overdue(now=now),
    "old questions asked": lambda now: console.purge_runs(now=now),
    "old tries to sign in": purge_tries,
    "old sessions": purge_sessions,
    "old audit entries": lambda now: audit.purge_old(now=now),
    "old batches' words": lambda now: batches.blank_old(now=now),
    "old batches": lambda now: batches.purge_old(now=now),
    "campaigns to forget": lambda now: campaigns.blank_defaults(now=now),
    "figures for the first page": today.schedule_figures,
    "old sheets and exports": lambda now: sheets.throw_old_away(now=now),
    "sheets and exports of long ago": lambda now: sheets.purge_old(now=now),
    "done jobs": lambda now: outbox.purge_done(now=now),
}

# Their jobs, and kinds of batches, are registered by being imported.
HANDLERS = (gift_tasks, webhook_tasks, key_tasks, batch_tasks, today_tasks, sheet_tasks, campaign_tasks)
BATCHES = (gift_bulk, job_bulk, webhook_bulk, account_bulk, suppression_bulk)


def sweep(now: datetime) -> dict[str, int]:
    """How many rows each sweep dealt with, where it found any."""
    with by_itself():
        found = {name: run(now) for name, run in SWEEPS.items()}
    return {name: count for name, count in found.items() if count}


def tick(*, clock: Clock, budget: timedelta) -> dict[str, int]:
    """What is left when the time is up, another worker is woken for."""
    until = clock() + budget
    with wakers.invoke_function.held():
        found = sweep(clock())
        state = queue_state(now=clock())  # before draining, which a crash or the end of the time may cut short
        metrics.put(Ticks=1, QueueAge=round(state.age.total_seconds(), 1), DeadJobs=state.dead)
        jobs = drain(clock=clock, until=until)
    if outbox.is_any_due(now=clock()):
        wakers.wake()
    return found | ({"jobs": jobs} if jobs else {})
