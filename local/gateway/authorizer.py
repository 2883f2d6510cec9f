"""The REQUEST authorizer with the identity source X-API-Key, simple responses, and results kept for a while."""

import time
from collections.abc import Callable
from threading import Lock
from typing import Any

from local.gateway.events import Arrival, authorizer_event
from local.gateway.requests import RefusedRequestError, Request
from local.gateway.routes import Route
from local.lambda_runtime import Invocable, InvocationError
from local.terminal import say

IDENTITY = "x-api-key"
KEEP_S = 45.0
KEPT_AT_MOST = 10_000

Context = dict[str, Any]


class Authorizer:
    """Asks `function` who calls, at most once in `keep_s` seconds for each key; 0 asks every time.

    Whatever is no clear answer is an error and is not kept.
    """

    def __init__(
        self, function: Invocable, *, keep_s: float = KEEP_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._function = function
        self._keep_s = keep_s
        self._clock = clock
        self._lock = Lock()
        self._kept: dict[str, tuple[float, Context | None]] = {}

    def context_for(self, request: Request, route: Route, arrival: Arrival) -> Context:
        """What is known of the caller. Raises RefusedRequestError: 401 without a key, 403 for a wrong one."""
        identity = request.headers.get(IDENTITY, "")
        if not identity:
            raise RefusedRequestError(401)
        found, context = self._remembered(identity)
        if not found:
            context = self._ask(request, route, arrival, identity)
            self._remember(identity, context)
        if context is None:
            raise RefusedRequestError(403)
        return context

    def _ask(self, request: Request, route: Route, arrival: Arrival, identity: str) -> Context | None:
        """None for a caller who is refused."""
        try:
            answer = self._function.invoke(authorizer_event(request, route, arrival, identity))
        except InvocationError as error:
            say(str(error))
            raise RefusedRequestError(500) from error
        if not isinstance(answer, dict) or not isinstance(answer.get("isAuthorized"), bool):
            say("authorizer: its answer is no simple response")
            raise RefusedRequestError(500)
        return (answer.get("context") or {}) if answer["isAuthorized"] else None

    def _remembered(self, identity: str) -> tuple[bool, Context | None]:
        with self._lock:
            until, context = self._kept.get(identity, (0.0, None))
            return (until > self._clock(), context)

    def _remember(self, identity: str, context: Context | None) -> None:
        with self._lock:
            if len(self._kept) >= KEPT_AT_MOST:
                self._kept.clear()
            self._kept[identity] = (self._clock() + self._keep_s, context)
