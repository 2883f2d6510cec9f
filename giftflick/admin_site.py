"""The founders' site: Django's admin in Unfold's looks, for people with a second factor only."""

from typing import Any

from django.http import HttpRequest
from django.urls import URLPattern
from django_otp.admin import OTPAdminSite
from unfold.sites import UnfoldAdminSite

from giftflick.admin_pages import page_urls


class FoundersSite(OTPAdminSite, UnfoldAdminSite):  # type: ignore[misc]
    """Whoever has not shown a second factor is treated as a stranger: it fails closed."""

    login_template = "admin/login.html"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        """Only what somebody may open, and no section of which that is nothing."""
        sections = super().get_sidebar_list(request)
        for section in sections:
            section["items"] = [item for item in section["items"] if item["has_permission"]]
        return [section for section in sections if section["items"]]

    def extra_urls(self) -> list[URLPattern]:
        return page_urls(self.admin_view)
