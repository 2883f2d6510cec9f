"""The founders' site: Django's admin in Unfold's looks, for people with a second factor only."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern
from django.utils import timezone
from django_otp.admin import OTPAdminSite
from unfold.sites import UnfoldAdminSite

from accounts import sign_in_views
from accounts.models import User
from accounts.reauthentication import fresh_sign_in
from accounts.sign_in_log import note, note_access_refused
from giftflick.admin_door import AuditedSite
from giftflick.admin_pages import page_urls

View = Callable[..., HttpResponseBase]


class FoundersSite(AuditedSite, OTPAdminSite, UnfoldAdminSite):  # type: ignore[misc]
    """Whoever has not shown a second factor is treated as a stranger: it fails closed."""

    logout_template = "admin/accounts_signed_out.html"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        """Only what somebody may open, and no section of which that is nothing."""
        sections = super().get_sidebar_list(request)
        for section in sections:
            section["items"] = [item for item in section["items"] if item["has_permission"]]
        return [section for section in sections if section["items"]]

    def get_urls(self) -> list[Any]:
        """Without Unfold's own search, which knows the names of lists only: there is `find`."""
        return [url for url in super().get_urls() if getattr(url, "name", "") != "search"]

    def extra_urls(self) -> list[URLPattern]:
        return [*sign_in_views.urls(), *page_urls(self.admin_view)]

    def admin_view(self, view: View, cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002 - Django's
        """Django's guard; who is refused is told so by `giftflick.errors`, and it stands in the audit log."""
        guarded: View = super().admin_view(view, cacheable)

        def noting(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                return guarded(request, *args, **kwargs)
            except PermissionDenied as refusal:
                note_access_refused(request, request.user, str(refusal), now=timezone.now())  # type: ignore[arg-type]
                raise

        return update_wrapper(noting, guarded)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:  # noqa: ARG002
        return sign_in_views.password(request)

    @fresh_sign_in
    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Every other session of whoever changes it ends: each is bound to the password."""
        with transaction.atomic():
            if request.method == "POST":  # Django writes the whole row: not over what is done to it meanwhile
                user: Any = request.user
                user.refresh_from_db(from_queryset=User.objects.select_for_update())
            response: HttpResponseBase = super().password_change(request, extra_context)
            if request.method == "POST" and response.status_code == 302:
                note("password.changed", request.user, now=timezone.now())  # type: ignore[arg-type]
        return response
