"""The Lambda function's entry point: HTTP from API Gateway, the schedule's tick, calls that keep it warm; else nothing.

Everything a first request needs is done in init, which AWS gives a whole CPU: Django, the URLconf, the connection.
"""

import gc
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from giftflick.invocation import Context, observed
from giftflick.lambda_http import Event, call, is_http

if TYPE_CHECKING:
    from django.core.handlers.wsgi import WSGIHandler

# A scheduled event names its rule, and Zappa ends a rule's name with the function that it is for.
SCHEDULE = {"handler.keep_warm_callback": "keep_warm", "giftflick.lambda_entry.tick": "tick"}
ZAPPAS = ("manage", "command", "raw_command")


class RefusedEventError(Exception):
    """An event that this function does not serve. The message tells nothing of what was in it."""


@observed
def handler(event: Event, context: Context) -> Event:
    if not isinstance(event, dict):
        raise RefusedEventError("An event is an object.")
    if is_http(event):
        return call(application, event)
    task = _task(event)
    if task == "keep_warm":
        return {"keep_warm": True}
    if task == "tick":
        return tick(context)
    if any(name in event for name in ZAPPAS):
        raise RefusedEventError("Management commands are not run by this function.")
    raise RefusedEventError("This function serves HTTP APIs with payload 2.0, tick and keep_warm, nothing else.")


def tick(context: Context) -> Event:
    """One turn of the clock, in the time that is left of the invocation."""
    from datetime import timedelta

    from django.db import close_old_connections
    from django.utils import timezone

    from api import tick as clock

    close_old_connections()
    try:
        return {**clock.tick(clock=timezone.now, budget=timedelta(milliseconds=context.get_remaining_time_in_millis()))}
    finally:
        close_old_connections()


def _task(event: Event) -> str | None:
    """What the schedule, or a wake-up, asks for; None if the event asks for more than that, or something else."""
    for name in SCHEDULE.values():
        if event == {name: True}:
            return name
    resources = event.get("resources")
    if event.get("source") != "aws.events" or not isinstance(resources, list) or len(resources) != 1:
        return None
    return SCHEDULE.get(str(resources[0]).rpartition("-")[2])


def _start() -> "WSGIHandler":
    """Load all there is to load, and open the connection; a database that is away is the first request's business."""
    gc.disable()  # until everything is there, there is no garbage to find
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "giftflick.settings")

    from django.core.wsgi import get_wsgi_application
    from django.db import Error as DatabaseError
    from django.db import connection
    from django.urls import resolve

    from giftflick import sentry

    started = get_wsgi_application()
    sentry.start()
    resolve("/healthz")
    with suppress(DatabaseError):
        connection.ensure_connection()
    gc.freeze()
    gc.enable()
    return started


application = _start()
