"""What a caller may do: the scope that each view names for its action."""

from typing import Any

from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.authentication import Caller
from api.exceptions import ForbiddenError


class HasScope(BasePermission):
    """Fails closed: a view's `required_scopes` must name a scope for the action, else nobody may call it."""

    def has_permission(self, request: Request, view: Any) -> bool:
        caller = request.auth
        if not isinstance(caller, Caller):
            raise NotAuthenticated("Send an API key in the header X-API-Key.")
        action = getattr(view, "action", None)
        if action is None:  # the method has no action: DRF answers 405
            return True
        scope = getattr(view, "required_scopes", {}).get(action)
        if scope not in caller.scopes:
            raise ForbiddenError(f"This key lacks the scope {scope}.", code="missing_scope")
        return True
