"""The HTTP API itself: a request takes a route, is authorized where the route wants it, and a function answers it."""

from collections.abc import Callable

from local.gateway import answers, routes
from local.gateway.answers import Answer
from local.gateway.authorizer import Authorizer
from local.gateway.events import Arrival, http_event
from local.gateway.requests import RefusedRequestError, Request
from local.gateway.routes import Route
from local.lambda_runtime import FunctionTimeoutError, Invocable, InvocationError, ThrottledError, TooLargeEventError
from local.terminal import say


class HttpApi:
    """Its routes are those of `match`."""

    def __init__(
        self, function: Invocable, authorizer: Authorizer, match: Callable[[str, str], Route] = routes.match
    ) -> None:
        self._function = function
        self._authorizer = authorizer
        self._match = match

    def answer(self, request: Request, arrival: Arrival) -> Answer:
        route = self._match(request.method, request.path)
        try:
            context = self._authorizer.context_for(request, route, arrival) if route.needs_authorizer else None
            return answers.of_function(self._function.invoke(http_event(request, route, arrival, context)))
        except RefusedRequestError as refusal:
            return answers.own(refusal.status)
        except (InvocationError, answers.NoAnswerError) as error:
            say(str(error))
            return answers.own(_status_for(error))


def _status_for(error: Exception) -> int:
    if isinstance(error, TooLargeEventError):
        return 413
    return 503 if isinstance(error, FunctionTimeoutError | ThrottledError) else 500
