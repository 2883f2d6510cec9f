"""What is written down of every invocation of the Lambda function: cold starts, crashes, and time that runs out."""

import logging
import time
from collections.abc import Callable
from contextvars import ContextVar
from datetime import timedelta
from functools import wraps
from typing import Any, Protocol

from giftflick import metrics, sentry
from giftflick.deadline import MARGIN_S, Stacks, deadline
from giftflick.lambda_http import Event, is_http
from giftflick.logs import CALLERS_OWN_ID, is_ours, places, request_id

log = logging.getLogger("giftflick.invocations")
deadline_log = logging.getLogger("giftflick.deadline")

API_GATEWAY_WAITS_S = 30.0  # then the caller gets a 503, however long the function may go on

_ends_at: ContextVar[float] = ContextVar("ends_at", default=float("inf"))  # on the monotonic clock
is_cold_start: ContextVar[bool] = ContextVar("is_cold_start", default=False)
_is_first = True


class Context(Protocol):
    """What AWS tells about an invocation."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int: ...


Handler = Callable[[Event, Context], Event]


class CrashError(Exception):
    """Stands in for an exception whose words might tell too much: AWS logs them, and gives them to the invoker."""


def observed(handler: Handler) -> Handler:
    """Have a handler's invocations counted and watched; each has a request id from its beginning.

    An exception that is not of this project leaves as a CrashError.
    """

    @wraps(handler)
    def observe(event: Event, context: Context) -> Event:
        global _is_first
        marks = request_id.set(_request_id(event, context)), is_cold_start.set(_is_first)
        end = _ends_at.set(time.monotonic() + context.get_remaining_time_in_millis() / 1000)
        try:
            if _is_first:
                _is_first = False
                metrics.put(ColdStarts=1)
            with deadline.watch(_left_s(event, context), _report_timeout):
                return handler(event, context)
        except Exception as error:
            log.exception("invocation crashed")
            metrics.put(Errors=1)
            if _may_be_told(error):
                raise
            raise CrashError(f"{type(error).__name__}; the log says where") from None
        finally:
            sentry.flush()
            request_id.reset(marks[0])
            is_cold_start.reset(marks[1])
            _ends_at.reset(end)

    return observe


def cut_to_time_left(wanted: timedelta) -> timedelta:
    """As long as that, but no longer than AWS lets this invocation go on; outside of one, as long as that."""
    return timedelta(seconds=min(wanted.total_seconds(), _ends_at.get() - time.monotonic()))


def _report_timeout(stacks: Stacks) -> None:
    deadline_log.error("out of time", extra={"threads": {name: places(frames) for name, frames in stacks.items()}})
    metrics.put(Timeouts=1)
    sentry.report_timeout(stacks)


def _may_be_told(error: Exception) -> bool:
    from django.core.management.base import CommandError

    return is_ours(type(error).__module__) or isinstance(error, CommandError)


def _left_s(event: Any, context: Context) -> float:
    left_s = context.get_remaining_time_in_millis() / 1000
    if isinstance(event, dict) and is_http(event):
        left_s = min(left_s, API_GATEWAY_WAITS_S)
    return left_s - MARGIN_S


def _request_id(event: Any, context: Context) -> str:
    """The caller's own or API Gateway's, as the site sees it; AWS's id of the invocation where there is no request."""
    if not isinstance(event, dict) or not is_http(event):
        return context.aws_request_id
    given = _own_request_id(event) or str(event["requestContext"].get("requestId", ""))
    return given if CALLERS_OWN_ID.fullmatch(given) else context.aws_request_id


def _own_request_id(event: Event) -> str:
    headers = event.get("headers")
    if not isinstance(headers, dict):
        return ""
    return next((str(value) for name, value in headers.items() if name.lower() == "x-request-id"), "")
