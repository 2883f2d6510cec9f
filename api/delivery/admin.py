"""Mails for founders: what was sent to whom, and what the mail service reported."""

from functools import partial

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from api.delivery import pages  # noqa: F401 - registers the preview
from api.delivery.finding import find_mail_events, find_messages
from api.delivery.models import MailEvent, Message
from giftflick.admin import (
    About,
    ReadOnlyAdmin,
    ReadOnlyInline,
    StateFilter,
    facts,
    link,
    mode,
    moment,
    named,
    state,
    words,
)
from giftflick.admin_bulk import bulk_action
from giftflick.admin_parts import when
from giftflick.admin_search import SearchByIndex


def _yes(is_so: bool) -> str:  # noqa: FBT001 - a column's value
    return "yes: SendGrid's word on the first try never came" if is_so else ""


class MailEventInline(ReadOnlyInline):
    model = MailEvent
    verbose_name_plural = "what SendGrid reported"
    fields = readonly_fields = (moment("at"), words("type"), facts("raw"))
    ordering = ["at"]


SEND_AGAIN = bulk_action(
    "gifts.resend",  # by its name: mails know nothing of gifts
    label="Send their gifts again",
    consequence="The gift of each is mailed once more, to the address that it has now; a gift can be sent again three "
    "times a day. Several mails of one gift count once.",
    permission="operate",
    ref="gift_id",
)


@admin.register(Message)
class MessageAdmin(SearchByIndex, ReadOnlyAdmin):
    find = staticmethod(partial(find_messages, is_list=True))
    list_display = [
        moment("created_at"),
        state("kind"),
        state("status"),
        named("to_email", "to"),
        link("gift"),
        named("attempts", "tries"),
        named("is_possible_double", "possibly twice", _yes),
    ]
    list_filter = [("status", StateFilter), ("kind", StateFilter), "is_possible_double", "livemode"]
    actions = [SEND_AGAIN]
    search_help_text = "A mail's id, its gift's, or the beginning of an address or of SendGrid's message id."
    ordering = ["-id"]
    fields = [
        words("status"),
        words("kind"),
        ("gift", "endpoint"),
        ("account", mode()),
        (named("to_name", "to"), named("to_email", "address")),
        (named("attempts", "tries"), named("is_possible_double", "possibly arrived twice", _yes)),
        named("provider_id", "SendGrid's id"),
        facts("failure"),
        (named("created_at", "written", when), named("sending_started_at", "last handed to SendGrid", when)),
        (named("accepted_at", "taken by SendGrid", when), named("reported_at", "first reported on", when)),
        "id",
    ]
    inlines = [MailEventInline]

    def about(self, request: HttpRequest, row: Message) -> About:  # noqa: ARG002
        buttons = [("Preview", reverse("admin:mail_preview", args=[row.pk]), "")]
        if row.gift_id:
            buttons.insert(0, ("The gift", reverse("admin:api_gift_change", args=[row.gift_id]), ""))
        kind, whom = row.get_kind_display(), row.to_email or "an address that was erased"
        return About(
            lead=f"{kind[:1].upper()}{kind[1:]}, to {whom}: {row.get_status_display()}.",
            trouble=str((row.failure or {}).get("detail", "")),
            buttons=buttons,
        )

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("api.operate_gift")


@admin.register(MailEvent)
class MailEventAdmin(SearchByIndex, ReadOnlyAdmin):
    find = staticmethod(find_mail_events)
    list_display = [moment("received_at"), state("type"), link("message"), moment("at")]
    list_filter = [("type", StateFilter)]
    search_help_text = "SendGrid's id of an event, or a mail's id."
    fields = ["message", "sg_event_id", words("type"), (moment("at"), moment("received_at")), facts("raw")]
    ordering = ["-id"]
