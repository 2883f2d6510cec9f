"""What every request gets: an id that comes back and stands in each log line, one log line, a limit to its like."""

import logging
import re
import time
from collections.abc import Callable
from uuid import uuid4

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import timezone

from accounts.addresses import client_address
from accounts.throttling import Allowance, limiter
from giftflick import metrics
from giftflick.admin_policy import ADMIN_PATHS, add_policy
from giftflick.errors import API_PATHS, too_many_requests
from giftflick.invocation import is_cold_start
from giftflick.logs import CALLERS_OWN_ID, request_id
from giftflick.queries import QueryCount

log = logging.getLogger("giftflick.requests")

OPEN_TO_ANYBODY = re.compile(r"/(?:public(?:/.*)?|[gc]/.*|readyz)\Z", re.DOTALL)


class RequestMiddleware:
    """Logs the route's pattern, never the path, the query or the body: tokens stand in paths."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-Id", "")
        mark = request_id.set(given if CALLERS_OWN_ID.fullmatch(given) else uuid4().hex)
        started = time.perf_counter()
        queries = QueryCount()
        try:
            with connection.execute_wrapper(queries):
                response = self.get_response(request)
            _add_headers(request, response)
            _log(request, response, ms=round((time.perf_counter() - started) * 1000), queries=queries)
            if response.status_code >= 500:
                metrics.put(Errors=1)
        finally:
            request_id.reset(mark)
        return response

    def process_exception(self, _request: HttpRequest, exception: Exception) -> None:
        """Log a view's crash, not its refusal; what the caller is answered is decided by `giftflick.errors`."""
        if isinstance(exception, Http404 | PermissionDenied | SuspiciousOperation):
            return
        log.error("unhandled exception", exc_info=exception)


def _add_headers(request: HttpRequest, response: HttpResponseBase) -> None:
    response["X-Request-Id"] = request_id.get()
    if request.path.startswith(API_PATHS):  # names, addresses and signed URLs are in there
        response.headers.setdefault("Cache-Control", "no-store")
    elif request.path.startswith(ADMIN_PATHS):
        add_policy(response)
    allowance = getattr(request, "allowance", None)
    if isinstance(allowance, Allowance):
        for name, value in allowance.headers.items():
            response[name] = value


def _log(request: HttpRequest, response: HttpResponseBase, *, ms: int, queries: QueryCount) -> None:
    log.info(
        "request",
        extra={
            "method": request.method,
            "route": request.resolver_match.route if request.resolver_match else None,
            "status": response.status_code,
            "ms": ms,
            "cold_start": is_cold_start.get(),
            "queries": queries.number,
            "queries_ms": round(queries.seconds * 1000),
            **getattr(request, "log_context", {}),
        },
    )


class AddressLimitMiddleware:
    """Limits, per client address, what can be called without a key."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not OPEN_TO_ANYBODY.match(request.path_info):
            return self.get_response(request)
        allowance = limiter.take_for_address(client_address(request), now=timezone.now())
        request.allowance = allowance  # type: ignore[attr-defined]
        return self.get_response(request) if allowance.is_granted else too_many_requests(request, allowance)
