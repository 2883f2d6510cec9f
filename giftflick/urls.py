"""Where requests go: the API, the recipient's pages, the vendors' callbacks, the founders' admin."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from giftflick import health, site
from giftflick.errors import bad_request, page_not_found, server_error

urlpatterns = [
    path("", include("api.urls")),
    path("", site.home, name="home"),
    path("docs", site.docs, name="docs"),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("healthz", health.alive),
    path("readyz", health.ready),
]

handler400 = bad_request
handler404 = page_not_found
handler500 = server_error
