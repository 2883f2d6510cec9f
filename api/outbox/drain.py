"""Running due jobs until there are none or the time is up."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta

from django.db import connections

from api.audit.doors import by_itself
from api.exceptions import BackendError
from api.outbox import services
from api.outbox.registry import MARGIN, Postpone, entry_for, time_for
from api.outbox.services import Claim
from giftflick import metrics
from giftflick.logs import request_id

log = logging.getLogger("giftflick.jobs")

BATCH = 100
AT_ONCE = 16

WORN_OUT = "Its worker came to its end each time that it was tried."

Clock = Callable[[], datetime]

_long = threading.Lock()  # two that need long would both take twice as long, and be cut off together


def drain(*, clock: Clock, until: datetime) -> int:
    """Run what is due, up to 16 jobs at once, and start none with less time left than it needs; the number of jobs run.

    Of those that need long, one at a time.

    Claimed jobs that the time does not suffice for are put back, for a worker that begins after this one.
    """
    done = 0
    while clock() < until - MARGIN:
        claims = services.claim(now=clock(), limit=BATCH)
        left = _run_all(claims, clock=clock, until=until)
        done += len(claims) - left
        if left or not claims:
            break
    return done


def _run_all(claims: Sequence[Claim], *, clock: Clock, until: datetime) -> int:
    """How many were put back."""
    put_back: list[Claim] = []
    if len(claims) == 1:
        _run_if_it_fits(claims[0], put_back, clock=clock, until=until)
        return len(put_back)
    waiting: queue.SimpleQueue[Claim] = queue.SimpleQueue()
    for claimed in claims:
        waiting.put(claimed)
    threads = [
        threading.Thread(target=_work_through, args=(waiting, put_back, clock, until))
        for _ in range(min(AT_ONCE, len(claims)))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(put_back)


def _work_through(waiting: "queue.SimpleQueue[Claim]", put_back: list[Claim], clock: Clock, until: datetime) -> None:
    try:
        while True:
            try:
                claimed = waiting.get_nowait()
            except queue.Empty:
                return
            _run_if_it_fits(claimed, put_back, clock=clock, until=until)
    except Exception:
        log.exception("worker crashed")  # Python itself would print its words; its job comes back with its lease's end
        metrics.put(Errors=1)
    finally:
        connections.close_all()


def _run_if_it_fits(claimed: Claim, put_back: list[Claim], *, clock: Clock, until: datetime) -> None:
    needs = time_for(claimed.kind)
    with _long if needs > MARGIN else nullcontext():
        if clock() < until - needs:
            run(claimed, clock=clock)
        else:
            services.put_off(claimed, until=clock())
            put_back.append(claimed)


def run(claimed: Claim, *, clock: Clock) -> None:
    """Run one job and write down its outcome; whatever it raises ends here, in the job's row and the log.

    Its lines carry the id of the request that caused it, and so do the jobs that it queues.
    """
    mark = request_id.set(claimed.request_id or f"job-{claimed.id}")
    started = time.perf_counter()
    outcome = "interrupted"
    try:
        outcome = _outcome(claimed, clock=clock)
    finally:
        log.info(
            "job",
            extra={
                "job": claimed.id,
                "kind": claimed.kind,
                "ref": str(claimed.ref_id),
                "attempt": claimed.attempts,
                "outcome": outcome,
                "ms": round((time.perf_counter() - started) * 1000),
            },
        )
        request_id.reset(mark)


def _outcome(claimed: Claim, *, clock: Clock) -> str:
    if services.is_worn_out(claimed):
        return _give_up(claimed, WORN_OUT, clock=clock)
    try:
        with by_itself():
            entry_for(claimed.kind).run(claimed.ref_id, now=clock())
        services.finish(claimed, now=clock())
    except Postpone as later:
        services.put_off(claimed, until=later.until, is_progress=later.is_progress)
        return "postponed"
    except BackendError as error:
        return _failed(claimed, error, is_hopeless=not error.retryable, wait=error.retry_after, clock=clock)
    except Exception as error:
        log.exception("job crashed", extra={"job": claimed.id, "kind": claimed.kind})
        metrics.put(Errors=1)
        return _failed(claimed, error, is_hopeless=False, wait=None, clock=clock)
    return "done"


def _failed(claimed: Claim, error: Exception, *, is_hopeless: bool, wait: timedelta | None, clock: Clock) -> str:
    # A BackendError's words are ours; another exception's may quote what no log should hold.
    reason = str(error) if isinstance(error, BackendError) else type(error).__name__
    if not is_hopeless and services.has_attempts_left(claimed):
        services.retry_later(claimed, now=clock(), reason=reason, retry_after=wait)
        return "retry"
    return _give_up(claimed, reason, clock=clock)


def _give_up(claimed: Claim, reason: str, *, clock: Clock) -> str:
    on_dead = entry_for(claimed.kind).on_dead
    if on_dead is not None:  # before giving up: killed in between, the job comes back and tells again
        with by_itself():
            on_dead(claimed.ref_id, reason, now=clock())
    services.give_up(claimed, now=clock(), reason=reason)
    return "dead"
