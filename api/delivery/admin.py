"""Mails for founders: what was sent to whom, and what the mail service reported."""

from functools import partial

from django.contrib import admin

from api.delivery.finding import find_mail_events, find_messages
from api.delivery.models import MailEvent, Message
from giftflick.admin import ReadOnlyAdmin, ReadOnlyInline, StateFilter, facts, link, moment, state
from giftflick.admin_search import SearchByIndex


class MailEventInline(ReadOnlyInline):
    model = MailEvent
    fields = readonly_fields = (moment("at"), state("type"), facts("raw"))
    ordering = ["at"]


@admin.register(Message)
class MessageAdmin(SearchByIndex, ReadOnlyAdmin):
    find = staticmethod(partial(find_messages, is_list=True))
    list_display = [
        moment("created_at"),
        state("kind"),
        state("status"),
        "to_email",
        link("gift"),
        "attempts",
        "is_possible_double",
    ]
    list_filter = [("status", StateFilter), ("kind", StateFilter), "is_possible_double", "livemode"]
    search_help_text = "A mail's id, its gift's, or the beginning of an address or of SendGrid's message id."
    ordering = ["-id"]
    fields = [
        "id",
        ("gift", "account", "livemode"),
        "kind",
        "status",
        ("to_name", "to_email"),
        ("attempts", "is_possible_double", "provider_id"),
        facts("failure"),
        (moment("created_at"), moment("sending_started_at")),
        (moment("accepted_at"), moment("reported_at")),
    ]
    inlines = [MailEventInline]


@admin.register(MailEvent)
class MailEventAdmin(SearchByIndex, ReadOnlyAdmin):
    find = staticmethod(find_mail_events)
    list_display = [moment("received_at"), state("type"), link("message"), moment("at")]
    list_filter = [("type", StateFilter)]
    search_help_text = "SendGrid's id of an event, or a mail's id."
    fields = ["message", "sg_event_id", "type", (moment("at"), moment("received_at")), facts("raw")]
    ordering = ["-id"]
