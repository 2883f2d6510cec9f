"""Choosing a password by a mailed link. A GET leaves the link as it is: mail scanners follow links."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import INTERNAL_RESET_SESSION_TOKEN, PasswordResetConfirmView
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse, reverse_lazy
from django.utils import timezone

from accounts.known_browsers import remember_browser
from accounts.lockout import unlock
from accounts.models import User
from accounts.second_factor import calm
from accounts.sign_in_log import note
from accounts.sign_in_views import go_on
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

    def form_valid(self, form: Any) -> HttpResponseBase:  # type: ignore[override]
        """The password is set: on to the second factor, or to setting it up. Whoever was locked out is so no longer.

        Who is let go in this instant, or uses the link a second time, is told that it is used up.
        """
        request, user, now = self.request, form.user, timezone.now()
        with transaction.atomic():
            user.refresh_from_db(from_queryset=User.objects.select_for_update())
            token = request.session.get(INTERNAL_RESET_SESSION_TOKEN)
            if not user.is_active or not self.token_generator.check_token(user, token):
                self.validlink = False
                return self.render_to_response(self.get_context_data())
            super().form_valid(form)
            unlock(user)
            calm(user)
            note("password.changed", user, now=now)
        messages.success(request, f"Your password is set. From now on you sign in as {user.get_username()}.")
        response = go_on(request, user, next_page=reverse("admin:index"), now=now)
        remember_browser(request, response, user)
        return response

    def render_to_response(self, context: dict[str, Any], **options: Any) -> HttpResponse:
        status = HTTPStatus.OK if self.validlink else HTTPStatus.GONE
        return super().render_to_response(context, status=status, **options)
