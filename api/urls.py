"""The API's routes."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from accounts.views import AccountViewSet
from api.delivery.views import sendgrid_events
from api.gifts.views import GiftViewSet
from api.media.views import UploadViewSet
from api.rendering.views import RendererCallbackView
from api.templates.views import TemplateViewSet
from api.viewing import urls as viewing
from api.webhooks.views import WebhookEndpointViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("account", AccountViewSet, basename="account")
router.register("templates", TemplateViewSet, basename="template")
router.register("gifts", GiftViewSet, basename="gift")
router.register("uploads", UploadViewSet, basename="upload")
router.register("webhook-endpoints", WebhookEndpointViewSet, basename="webhook-endpoint")

urlpatterns = [
    path("v1/", include(router.urls)),
    path("hooks/renderer/<uuid:render_id>/<str:secret>", RendererCallbackView.as_view(), name="renderer-callback"),
    path("hooks/sendgrid", sendgrid_events, name="sendgrid-events"),
    *viewing.urlpatterns,
]
