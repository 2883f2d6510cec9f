"""Gifts for founders: find one, read its story, and do what a service allows."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from api import actors
from api.gifts import services
from api.gifts.models import Gift
from api.gifts.pages.actions import OPERATE
from api.gifts.pages.gift import show_gift
from api.gifts.states import OrderStatus
from giftflick.admin import ReadOnlyAdmin, StateFilter, mode, moment, run_for_each, state


@admin.register(Gift)
class GiftAdmin(ReadOnlyAdmin):
    list_display = [
        moment("created_at"),
        state("status"),
        "account",
        "sender_name",
        "recipient_name",
        "recipient_email",
        mode(),
    ]
    list_filter = [("status", StateFilter), "livemode", "delivery", "account", "template"]
    list_select_related = ["account"]
    search_fields = ["=id", "=token", "recipient_email__iexact", "sender_email__iexact", "=order_reference"]
    search_help_text = "A gift's id, an e-mail address, an order reference or the token of a watch link."
    ordering = ["-id"]
    actions = ["render_again", "resend", "approve", "mark_paid", "cancel"]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The gift's page. Nothing is posted to it: each button has a page of its own."""
        if request.method == "POST" or not self.has_view_permission(request):
            raise PermissionDenied("A gift is changed by its buttons only.")
        gift_id = self._id(object_id)
        answer = show_gift(request, gift_id) if gift_id else None
        return answer or super().change_view(request, object_id, form_url, extra_context)

    @staticmethod
    def _id(given: str) -> UUID | None:
        try:
            return UUID(given)
        except ValueError:
            return None

    @admin.action(description="Render again", permissions=["operate"])
    def render_again(self, request: HttpRequest, gifts: QuerySet[Gift]) -> None:
        self._each(request, gifts, services.render_again, done="Rendering again")

    @admin.action(description="Send again", permissions=["operate"])
    def resend(self, request: HttpRequest, gifts: QuerySet[Gift]) -> None:
        self._each(request, gifts, services.resend_gift, done="Sending again")

    @admin.action(description="Approve", permissions=["operate"])
    def approve(self, request: HttpRequest, gifts: QuerySet[Gift]) -> None:
        self._each(request, gifts, services.approve_gift, done="Approved")

    @admin.action(description="Mark the order paid", permissions=["operate"])
    def mark_paid(self, request: HttpRequest, gifts: QuerySet[Gift]) -> None:
        def pay(gift_id: Any, **who_and_when: Any) -> Gift:
            return services.set_order(gift_id, status=OrderStatus.PAID, reference="", **who_and_when)

        self._each(request, gifts, pay, done="Marked as paid")

    @admin.action(description="Cancel (withdraws what was sent)", permissions=["operate"])
    def cancel(self, request: HttpRequest, gifts: QuerySet[Gift]) -> None:
        self._each(request, gifts, services.cancel_gift, done="Canceled")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(OPERATE)

    def _each(self, request: HttpRequest, gifts: QuerySet[Gift], service: Any, *, done: str) -> None:
        actor, now = actors.staff(request.user.get_username()), timezone.now()
        run_for_each(self, request, gifts, lambda gift: service(gift.pk, actor=actor, now=now), done=done)
