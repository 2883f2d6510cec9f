"""`GET /v1/account`: who am I, what may I, how much have I used."""

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Scope
from api.usage import usage_since
from api.viewsets import ApiViewSet


class AccountViewSet(ApiViewSet):
    required_scopes = {"list": Scope.ACCOUNT_READ}

    def list(self, request: Request) -> Response:  # noqa: ARG002
        caller = self.caller
        month = timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return Response(
            {
                "id": str(caller.account_id),
                "name": caller.account_name,
                "livemode": caller.livemode,
                "key": {"id": caller.key_id, "name": caller.key_name},
                "scopes": sorted(caller.scopes),
                "limits": {
                    "requests_per_minute": caller.requests_per_minute,
                    "mails_per_day": caller.mails_per_day,
                },
                "usage": {"since": month, **usage_since(month, caller.account_id, livemode=caller.livemode)},
            }
        )
