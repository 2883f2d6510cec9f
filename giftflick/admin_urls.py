"""The admin's paths. Importing this finds every capability's pages, which takes a while."""

from django.contrib import admin

from giftflick import admin_help

__all__ = ["admin_help"]  # its pages are registered by being imported

OURS = frozenset({"accounts", "api"})

admin.autodiscover()
for model in list(admin.site._registry):  # noqa: SLF001 - Django lists them nowhere else
    if model._meta.app_label not in OURS:  # noqa: SLF001 - what packages bring would show secrets, or be edited by hand
        admin.site.unregister(model)

urlpatterns = admin.site.urls[0]
