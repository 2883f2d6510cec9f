"""Who calls: what API Gateway's authorizer said, else the key in `X-API-Key`, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.authorizer import Context, KeyStoreAwayError, Refused, verify
from accounts.services import note_use
from api.exceptions import ForbiddenError, UnavailableError
from giftflick.lambda_http import AUTHORIZER


@dataclass(frozen=True)
class Caller:
    """The key behind a request; `request.auth` under `/v1`, and `request.caller` for middleware."""

    account_id: UUID
    account_name: str
    livemode: bool
    key_id: str
    key_name: str
    scopes: frozenset[str]
    requests_per_minute: int
    mails_per_day: int
    origins: frozenset[str]

    @classmethod
    def from_context(cls, context: Mapping[str, str | int | bool]) -> "Caller":
        """Crashes where something is missing or of another kind: better no caller than half of one."""
        livemode = context["livemode"]
        if not isinstance(livemode, bool):
            raise TypeError("livemode is no flag")
        return cls(
            account_id=UUID(str(context["account_id"])),
            account_name=str(context["account_name"]),
            livemode=livemode,
            key_id=str(context["key_id"]),
            key_name=str(context["key_name"]),
            scopes=frozenset(str(context["scopes"]).split()),
            requests_per_minute=int(context["requests_per_minute"]),
            mails_per_day=int(context["mails_per_day"]),
            origins=frozenset(str(context["origins"]).split()),
        )


class ApiKeyAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[None, Caller] | None:
        now = timezone.now()
        context: Context | None = request.META.get(AUTHORIZER)
        if context is None:
            presented = request.headers.get("X-API-Key")
            if presented is None:
                return None
            context = _verified(presented, now=now)
        caller = Caller.from_context(context)
        if not note_use(caller.key_id, now=now):
            raise _invalid()
        django_request = request._request  # noqa: SLF001 - middleware sees this one
        django_request.caller = caller  # type: ignore[attr-defined]
        django_request.log_context = {"account": str(caller.account_id), "key": caller.key_id}  # type: ignore[attr-defined]
        return None, caller

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        return "X-API-Key"


def _verified(presented: str, *, now: datetime) -> Context:
    try:
        verdict = verify(presented, now=now)
    except KeyStoreAwayError as error:
        raise UnavailableError(
            "API keys cannot be verified at the moment; nothing was done.", retry_after=timedelta(seconds=5)
        ) from error
    if not isinstance(verdict, Refused):
        return verdict.context
    if verdict.reason == "suspended":
        raise ForbiddenError("This account is suspended.", code="account_suspended")
    raise _invalid()


def _invalid() -> AuthenticationFailed:
    return AuthenticationFailed("This API key is not valid.")
