"""Where requests go: the API, the recipient's pages, the vendors' callbacks, the founders' admin."""

from django.contrib import admin
from django.urls import include, path

from giftflick import health, site
from giftflick.errors import page_not_found, server_error

urlpatterns = [
    path("", include("api.urls")),
    path("", site.home, name="home"),
    path("docs", site.docs, name="docs"),
    path("admin/", admin.site.urls),
    path("healthz", health.alive),
    path("readyz", health.ready),
]

handler404 = page_not_found
handler500 = server_error
