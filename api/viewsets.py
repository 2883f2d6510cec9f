"""What every endpoint under `/v1` has: a caller, a rate limit, and POSTs that may be sent twice."""

from typing import Any, ClassVar

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import Caller
from accounts.models import Scope
from accounts.throttling import limiter
from api import actors
from api.audit import doors
from api.exceptions import TooManyError
from api.idempotency.views import IdempotentPosts


class ApiViewSet(IdempotentPosts):
    """Base of all viewsets that shops call. `required_scopes` names the scope that each action needs."""

    required_scopes: ClassVar[dict[str, Scope]] = {}

    @property
    def caller(self) -> Caller:
        assert isinstance(self.request.auth, Caller)  # noqa: S101 - HasScope has seen to it
        return self.request.auth

    @property
    def actor(self) -> str:
        return actors.api_key(self.caller.key_id)

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """What the call changes is the key's doing, once it is known which key it is."""
        with doors.acting():
            return super().dispatch(request, *args, **kwargs)

    def check_permissions(self, request: Request) -> None:
        """A call counts before it is known whether it is allowed; OPTIONS needs a key and no scope."""
        if isinstance(request.auth, Caller):
            doors.call(self.actor)
            _count(request, request.auth)
            if self.action == "metadata":
                return
        super().check_permissions(request)

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002
        """What the header Allow says; a browser's preflight is answered before it gets here."""
        return Response(status=204)


def _count(request: Request, caller: Caller) -> None:
    allowance = limiter.take_for_key(caller.key_id, limit=caller.requests_per_minute, now=timezone.now())
    request._request.allowance = allowance  # type: ignore[attr-defined]  # noqa: SLF001 - the middleware's headers
    if not allowance.is_granted:
        raise TooManyError(f"This key may call {allowance.limit} times a minute.", retry_after=allowance.resets_in)
