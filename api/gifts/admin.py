"""Gifts for founders: find one, read its story, and do what a service allows."""

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from api import actors
from api.delivery.models import Message
from api.gifts import services
from api.gifts.finding import find_gifts
from api.gifts.models import Gift, GiftEvent, GiftMedia
from api.gifts.serializers import watch_url
from api.gifts.states import OPENABLE, OrderStatus
from api.rendering.models import Render
from api.viewing.models import Thanks
from giftflick.admin import ReadOnlyAdmin, ReadOnlyInline, StateFilter, facts, link, moment, run_for_each, state
from giftflick.admin_search import SearchByIndex


class ThankedFilter(admin.SimpleListFilter):
    title = "thanked"
    parameter_name = "thanked"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002
        return [("yes", "yes")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        if self.value() != "yes":
            return queryset
        return queryset.filter(Exists(Thanks.objects.filter(gift=OuterRef("pk"))))


class EventInline(ReadOnlyInline):
    model = GiftEvent
    verbose_name_plural = "timeline"
    fields = readonly_fields = (moment("at"), "type", "actor", facts("data"))
    ordering = ["at"]


class MediaInline(ReadOnlyInline):
    model = GiftMedia
    verbose_name_plural = "media"
    fields = readonly_fields = ("position", link("upload"))
    ordering = ["position"]


class RenderInline(ReadOnlyInline):
    model = Render
    fk_name = "gift"
    fields = readonly_fields = (
        moment("created_at"),
        state("status"),
        "attempt",
        "provider_id",
        "duration_s",
        facts("failure"),
    )
    ordering = ["-id"]


class MessageInline(ReadOnlyInline):
    model = Message
    fields = readonly_fields = (
        moment("created_at"),
        state("kind"),
        "to_email",
        state("status"),
        "attempts",
        "is_possible_double",
        facts("failure"),
    )
    ordering = ["-id"]


class ThanksInline(ReadOnlyInline):
    model = Thanks
    fields = readonly_fields = (moment("created_at"), "message")


@admin.register(Gift)
class GiftAdmin(SearchByIndex, ReadOnlyAdmin):
    find = staticmethod(find_gifts)
    list_display = [
        moment("created_at"),
        state("status"),
        "account",
        "sender_name",
        "recipient_name",
        "recipient_email",
        "livemode",
    ]
    list_filter = [("status", StateFilter), "livemode", "delivery", "account", "template", ThankedFilter]
    list_select_related = ["account"]
    search_help_text = "An id, a watch link, or the beginning of a name, an e-mail address or an order reference."
    ordering = ["-id"]
    inlines = [EventInline, MediaInline, RenderInline, MessageInline, ThanksInline]
    actions = ["render_again", "resend", "approve", "mark_paid", "cancel"]
    fieldsets = [
        (None, {"fields": ["id", "explained_status", facts("failure"), ("account", "livemode"), "watch_link"]}),
        (
            "People",
            {"fields": [("sender_name", "sender_email"), ("recipient_name", "recipient_email"), "bounced_email"]},
        ),
        (
            "Content",
            {"fields": [("template", "occasion"), "message", facts("fields"), facts("product"), facts("metadata")]},
        ),
        (
            "Release",
            {
                "fields": [
                    ("order_required", "order_status", "order_reference"),
                    ("approval_required", moment("approved_at")),
                ]
            },
        ),
        ("Delivery", {"fields": ["delivery", (moment("deliver_at"), "deliver_wall", "timezone"), moment("due_at")]}),
        ("Film", {"fields": [("film", "watched_percent")]}),
        (
            "Times in UTC",
            {
                "fields": [
                    (moment("created_at"), moment("updated_at"), "version"),
                    (moment("submitted_at"), moment("rendered_at")),
                    (moment("sent_at"), moment("watched_at")),
                    (moment("expires_at"), moment("canceled_at"), moment("forgotten_at")),
                ]
            },
        ),
    ]

    @admin.display(description="status")
    def explained_status(self, gift: Gift) -> str:
        return f"{gift.status}: {gift.get_status_display()}"

    @admin.display(description="watch link")
    def watch_link(self, gift: Gift) -> SafeString | str:
        if gift.status not in OPENABLE:
            return "Not sent yet." if gift.sent_at is None else "No longer available."
        return format_html('<a href="{0}" rel="noreferrer">{0}</a>', watch_url(gift))

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
        return request.user.has_perm("api.change_gift")

    def _each(self, request: HttpRequest, gifts: QuerySet[Gift], service: Any, *, done: str) -> None:
        actor, now = actors.staff(request.user.get_username()), timezone.now()
        run_for_each(self, request, gifts, lambda gift: service(gift.pk, actor=actor, now=now), done=done)
