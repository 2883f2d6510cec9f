"""Where requests go: the API, the recipient's pages, the vendors' callbacks, the founders' admin."""

from django.urls import include, path
from django.urls.resolvers import RoutePattern
from django.views.generic import RedirectView

from api.openapi.document import describe
from giftflick import health, site
from giftflick.admin_app import LazyResolver
from giftflick.errors import bad_request, page_not_found, permission_denied, server_error

urlpatterns = [
    path("", include("api.urls")),
    path("", site.home, name="home"),
    path("docs", site.docs, name="docs"),
    path("docs/reference", site.reference, name="reference"),
    path("llms.txt", site.llms),
    path("v1/openapi.json", describe, name="description"),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    LazyResolver(RoutePattern("admin/"), "giftflick.admin_urls", app_name="admin", namespace="admin"),
    LazyResolver(RoutePattern("founders/"), "accounts.founder_urls", app_name="founders", namespace="founders"),
    path("healthz", health.alive),
    path("readyz", health.ready),
]

handler400 = bad_request
handler403 = permission_denied
handler404 = page_not_found
handler500 = server_error
