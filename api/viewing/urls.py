"""The recipient's addresses."""

from django.urls import path, register_converter

from api.viewing.views import PublicGiftViewSet, watch


class TokenConverter:
    """The letters that `api.tokens` uses; anything else is nobody's address and reaches no database."""

    regex = "[A-Za-z0-9_-]+"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(TokenConverter, "token")

urlpatterns = [
    path("g/<token:token>", watch, name="watch"),
    path("public/gifts/<token:token>", PublicGiftViewSet.as_view({"get": "retrieve"}), name="public-gift"),
    path(
        "public/gifts/<token:token>/progress", PublicGiftViewSet.as_view({"post": "progress"}), name="public-progress"
    ),
    path("public/gifts/<token:token>/thanks", PublicGiftViewSet.as_view({"post": "thanks"}), name="public-thanks"),
]
