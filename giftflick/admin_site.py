"""The founders' site: Django's admin in Unfold's looks, for people with a second factor only."""

from django.urls import URLPattern
from django_otp.admin import OTPAdminSite
from unfold.sites import UnfoldAdminSite

from giftflick.admin_door import AuditedSite
from giftflick.admin_pages import page_urls


class FoundersSite(AuditedSite, OTPAdminSite, UnfoldAdminSite):  # type: ignore[misc]
    """Whoever has not shown a second factor is treated as a stranger: it fails closed."""

    login_template = "admin/login.html"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)

    def extra_urls(self) -> list[URLPattern]:
        return page_urls(self.admin_view)
