"""Answering a POST with an idempotency key once, and giving the same answer again afterwards."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction
from django.http import HttpResponse
from django.utils import timezone
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import Caller
from api.exceptions import PROBLEM, IdempotencyInProgressError
from api.idempotency import services
from api.idempotency.keys import HEADER, check_key, hash_body
from api.idempotency.services import ASK_AGAIN, Call, Claim, StoredAnswer

REPLAYED = "Idempotent-Replayed"
NOT_REMEMBERED = frozenset({401, 409, 429})

Handler = Callable[..., HttpResponse]


class IdempotentPosts(viewsets.GenericViewSet[Any]):
    """A viewset whose POSTs may carry an Idempotency-Key.

    What an action does and its stored answer are one transaction, so that a kill leaves both or neither.
    `calls_outside` names the actions that call a network service: their answer is stored afterwards. Of those in
    `replays_fresh` only the object's id is stored, and `replay` makes the answer afresh.
    """

    calls_outside: frozenset[str] = frozenset()
    replays_fresh: frozenset[str] = frozenset()
    post: Handler

    def replay(self, request: Request, object_id: UUID) -> Response:
        """The answer to an action in `replays_fresh` that was carried out before; its status is the first answer's."""
        raise NotImplementedError

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method == "POST" and "post" in self.action_map and HEADER in request.headers:
            self.post = partial(self._answer_once, self.post)

    def _answer_once(self, handler: Handler, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        found = services.claim(self._call(request), now=timezone.now())
        if isinstance(found, StoredAnswer):
            return self._answer_again(request, found)
        try:
            response = self._answer_claimed(found, partial(handler, request, *args, **kwargs))
        except Exception:
            with suppress(OperationalError, InterfaceError):  # the lock ends by itself
                services.release(found)
            raise
        return response

    def _call(self, request: Request) -> Call:
        caller = request.auth
        assert isinstance(caller, Caller)  # noqa: S101 - HasScope has seen to it
        return Call(
            account_id=caller.account_id,
            livemode=caller.livemode,
            path=request.path_info,
            key=check_key(request.headers[HEADER]),
            body_hash=hash_body(request.data),
        )

    def _answer_claimed(self, claimed: Claim, handle: Callable[[], HttpResponse]) -> HttpResponse:
        try:
            if self.action not in self.calls_outside:
                return self._answer_in_transaction(claimed, handle)
            response = handle()
        except Exception as error:  # noqa: BLE001 - what is no answer is raised again
            response = self.handle_exception(error)
        self._keep(claimed, response)
        return response

    def _answer_in_transaction(self, claimed: Claim, handle: Callable[[], HttpResponse]) -> HttpResponse:
        with transaction.atomic():
            response = handle()
            if not self._keep(claimed, response):
                raise IdempotencyInProgressError("Another call has taken this one's place.", retry_after=ASK_AGAIN)
            return response

    def _keep(self, claimed: Claim, response: HttpResponse) -> bool:
        """Remember the answer or, if it is none to be remembered, free the key. False if it had gone to another."""
        status = response.status_code
        if status in NOT_REMEMBERED or status >= 500:
            services.release(claimed)
            return True
        if self.action in self.replays_fresh and status < 300:
            return services.remember(claimed, status=status, object_id=_id_in(response))
        return services.remember(claimed, status=status, body=self._rendered(response))

    def _rendered(self, response: HttpResponse) -> str:
        """The body as it leaves; rendered here once and for all."""
        if isinstance(response, Response):
            self.finalize_response(self.request, response)
            response.render()
        return response.content.decode()

    def _answer_again(self, request: Request, stored: StoredAnswer) -> HttpResponse:
        response: HttpResponse
        if stored.object_id is not None:
            response = self.replay(request, stored.object_id)
            response.status_code = stored.status
        else:
            content_type = PROBLEM if stored.status >= 400 else "application/json"
            response = HttpResponse(stored.body, status=stored.status, content_type=content_type)
            if not stored.body:
                del response["Content-Type"]
        response[REPLAYED] = "true"
        return response


def _id_in(response: HttpResponse) -> UUID:
    assert isinstance(response, Response)  # noqa: S101 - the actions in `replays_fresh` answer so
    return UUID(str(response.data["id"]))
