"""The admin's door: whatever a page of it changes is recorded as its user's doing."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest

from api import actors
from api.audit.doors import acting
from api.audit.states import Door

if TYPE_CHECKING:
    Base = AdminSite
else:
    Base = object


def actor_of(request: HttpRequest) -> str:
    """Who is at the admin, as services and the audit log name them."""
    return actors.staff(request.user.get_username())


class AuditedSite(Base):
    """Stands before the site's other bases."""

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002
        @wraps(view)
        def through_the_door(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            with acting(door=Door.ADMIN, actor=actor_of(request)):
                return view(request, *args, **kwargs)

        return super().admin_view(through_the_door, cacheable)
