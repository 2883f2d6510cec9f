"""Choosing a password by a mailed link. A GET leaves the link as it is: mail scanners follow links."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse_lazy

from accounts.models import User
from api.viewing.headers import allow_content, keep_private


class ChoosePassword(PasswordResetConfirmView):
    """Django's own, which moves the token from the address into the session, with our page and our headers."""

    template_name = "founder_password.html"
    success_url = reverse_lazy("admin:index")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().dispatch(request, *args, **kwargs)
        allow_content(response, has_form=True)
        keep_private(response)
        if kwargs["token"] == self.reset_url_token:
            # The form's address has no token, and a browser that may not name it posts with `Origin: null`.
            response["Referrer-Policy"] = "same-origin"
        return response

    def get_user(self, uidb64: str) -> User | None:
        """Somebody who was let go has no more use for a link."""
        user = super().get_user(uidb64)
        return user if isinstance(user, User) and user.is_active and user.is_staff else None

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        messages.success(self.request, f"Your password is set. Sign in as {form.user.get_username()}.")
        return response

    def render_to_response(self, context: dict[str, Any], **options: Any) -> HttpResponse:
        status = HTTPStatus.OK if self.validlink else HTTPStatus.GONE
        return super().render_to_response(context, status=status, **options)
