"""Gifts for founders: find one, read its story, and do what a service allows."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from api.delivery.models import Message
from api.gifts import bulk
from api.gifts.models import Gift, GiftEvent, GiftMedia
from api.gifts.serializers import watch_url
from api.gifts.situations import READY_FILTERS, GiftSituation
from api.gifts.states import OPENABLE
from api.rendering.models import Render
from api.viewing.models import Thanks
from giftflick.admin import ReadOnlyAdmin, ReadOnlyInline, StateFilter, facts, link, moment, state
from giftflick.admin_bulk import Action, bulk_action
from giftflick.admin_filters import RowFilter


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


def _action(kind: str, label: str, consequence: str, *, is_dangerous: bool = False) -> Action:
    return bulk_action(
        f"{bulk.KIND}.{kind}",
        label=label,
        consequence=consequence,
        permission="operate",
        label_by="account__name",
        is_dangerous=is_dangerous,
    )


ACTIONS = [
    _action(
        "render_again",
        "Render again",
        "Each gets a new film of what is in it now, which costs a render. A mail that has not left yet waits for it.",
    ),
    _action(
        "resend",
        "Send again",
        "Each recipient gets the mail once more; a gift can be sent again three times a day. One that bounced needs a "
        "corrected address first.",
    ),
    _action("approve", "Approve", "Each that waits for approval is let go: it is sent at its hour, or at once."),
    _action(
        "mark_paid",
        "Mark the order paid",
        "Each that waits for its payment is let go, as if the shop had told that it was paid: sent at its hour, or at "
        "once.",
    ),
    _action(
        "cancel",
        "Cancel and withdraw",
        "Each is called off for good: its film is deleted, and the link in a mail that was sent no longer opens. This "
        "cannot be undone.",
        is_dangerous=True,
    ),
]


@admin.register(Gift)
class GiftAdmin(ReadOnlyAdmin):
    list_display = [
        moment("created_at"),
        state("status"),
        "account",
        "sender_name",
        "recipient_name",
        "recipient_email",
        "livemode",
    ]
    list_filter = [
        GiftSituation,
        ("status", StateFilter),
        ("account", RowFilter),
        ("template", RowFilter),
        "livemode",
        ("delivery", StateFilter),
    ]
    list_select_related = ["account"]
    search_fields = ["=id", "=token", "recipient_email__iexact", "sender_email__iexact", "=order_reference"]
    search_help_text = "A gift's id, an e-mail address, an order reference or the token of a watch link."
    ordering = ["-id"]
    inlines = [EventInline, MediaInline, RenderInline, MessageInline, ThanksInline]
    ready_filters = READY_FILTERS
    actions = ACTIONS
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

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("api.operate_gift")
