"""Who calls: the key in `X-API-Key`, and nowhere else."""

from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiKey
from accounts.selectors import api_key_presented_as


@dataclass(frozen=True)
class Caller:
    """The key behind a request; `request.auth` under `/v1`."""

    account_id: UUID
    livemode: bool
    key_id: str
    key_name: str
    scopes: frozenset[str]
    account_name: str
    is_suspended: bool
    requests_per_minute: int
    mails_per_day: int

    @classmethod
    def from_key(cls, key: ApiKey) -> "Caller":
        return cls(
            account_id=key.account_id,
            livemode=key.livemode,
            key_id=key.pk,
            key_name=key.name,
            scopes=frozenset(key.scopes),
            account_name=key.account.name,
            is_suspended=key.account.suspended_at is not None,
            requests_per_minute=key.account.requests_per_minute,
            mails_per_day=key.account.mails_per_day,
        )


class ApiKeyAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[None, Caller] | None:
        presented = request.headers.get("X-API-Key")
        if presented is None:
            return None
        now = timezone.now()
        key = api_key_presented_as(presented, now=now)
        if key is None:
            raise AuthenticationFailed("This API key is not valid.")
        if key.last_used_on != now.date():
            ApiKey.objects.filter(pk=key.pk).update(last_used_on=now.date())
        caller = Caller.from_key(key)
        request._request.log_context = {"account": str(caller.account_id), "key": caller.key_id}  # type: ignore[attr-defined]  # noqa: SLF001
        return None, caller

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        return "X-API-Key"
