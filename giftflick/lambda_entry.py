"""The Lambda function's entry point: HTTP by our CloudFront, the tick, keep-warm calls, listed commands; else nothing.

Everything a first request needs is done in init, which AWS gives a whole CPU: Django, the URLconf, the connection.
"""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from giftflick.invocation import Context, observed
from giftflick.lambda_http import Event, call, is_http, presented_secret

if TYPE_CHECKING:
    from django.core.handlers.wsgi import WSGIHandler

# A scheduled event names its rule, and Zappa ends a rule's name with the function that it is for.
SCHEDULE = {"handler.keep_warm_callback": "keep_warm", "giftflick.lambda_entry.tick": "tick"}
COMMANDS = ("manage", "command")  # as `zappa manage` and `zappa invoke` spell it
FORBIDDEN = {
    "statusCode": 403,
    "headers": {"content-type": "application/json"},
    "body": '{"message":"Forbidden"}',
    "isBase64Encoded": False,
}
WAIT_IN_INIT_S = 4  # for the database: AWS gives init ten seconds, and a sleeping Aurora wakes up from being asked


class RefusedEventError(Exception):
    """An event that this function does not serve. The message tells nothing of what was in it."""


@observed
def handler(event: Event, context: Context) -> Event:
    if not isinstance(event, dict):
        raise RefusedEventError("An event is an object.")
    task = _task(event)
    if task == "keep_warm":  # neither the database nor Secrets Manager is asked, so that it cannot fail
        return {"keep_warm": True}
    if is_http(event):
        return serve(event)
    if task == "tick":
        return tick(context)
    if (line := _command(event)) is not None:
        return manage(line)
    raise RefusedEventError("This function serves HTTP APIs with payload 2.0, tick, keep_warm and commands, no more.")


def serve(event: Event) -> Event:
    from api.outbox import wakers
    from giftflick import edge, secrets

    secrets.refresh()
    wakers.invoke_function.settle()
    if edge.is_open():
        return call(application, event)
    if edge.is_ours(presented_secret(event)):
        return call(application, event, is_from_edge=True)
    return FORBIDDEN


def tick(context: Context) -> Event:
    """One turn of the clock, in the time that is left of the invocation."""
    from datetime import timedelta

    from django.utils import timezone

    from api import tick as clock

    with _at_work():
        return {**clock.tick(clock=timezone.now, budget=timedelta(milliseconds=context.get_remaining_time_in_millis()))}


def manage(line: str) -> Event:
    """One of the commands that may be run from afar. Raises if it fails, by which the caller knows."""
    from giftflick import remote

    with _at_work():
        return remote.run(line)


@contextmanager
def _at_work() -> Iterator[None]:
    """What a request gets from Django itself: fresh secrets and a connection that is alive."""
    from django.db import close_old_connections

    from giftflick import secrets

    secrets.refresh()
    close_old_connections()
    try:
        yield
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


def _command(event: Event) -> str | None:
    """The whole line, if the event asks for a command and for nothing else."""
    return next((event[name] for name in COMMANDS if list(event) == [name] and isinstance(event[name], str)), None)


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
    options = connection.settings_dict["OPTIONS"]
    wait_s = options["connect_timeout"]
    options["connect_timeout"] = min(wait_s, WAIT_IN_INIT_S)
    with suppress(DatabaseError):
        connection.ensure_connection()
    options["connect_timeout"] = wait_s
    gc.freeze()
    gc.enable()
    return started


application = _start()
