"""Mails for founders: what was sent to whom, and what the mail service reported."""

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from api.delivery import pages  # noqa: F401 - registers the preview
from api.delivery.models import MailEvent, Message
from giftflick.admin import About, ReadOnlyAdmin, ReadOnlyInline, StateFilter, facts, link, moment, state, words


class MailEventInline(ReadOnlyInline):
    model = MailEvent
    verbose_name_plural = "what SendGrid reported"
    fields = readonly_fields = (moment("at"), words("type"), facts("raw"))
    ordering = ["at"]


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
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
    search_fields = ["=id", "=gift__id", "to_email__iexact", "=provider_id"]
    search_help_text = "A mail's id, its gift's, an address, or SendGrid's message id."
    ordering = ["-id"]
    fields = [
        words("status"),
        words("kind"),
        ("gift", "endpoint"),
        ("account", "livemode"),
        ("to_name", "to_email"),
        ("attempts", "is_possible_double", "provider_id"),
        facts("failure"),
        (moment("created_at"), moment("sending_started_at")),
        (moment("accepted_at"), moment("reported_at")),
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


@admin.register(MailEvent)
class MailEventAdmin(ReadOnlyAdmin):
    list_display = [moment("received_at"), state("type"), link("message"), moment("at")]
    list_filter = [("type", StateFilter)]
    search_fields = ["=sg_event_id", "=message__id"]
    search_help_text = "SendGrid's id of an event, or a mail's id."
    fields = ["message", "sg_event_id", words("type"), (moment("at"), moment("received_at")), facts("raw")]
    ordering = ["-id"]
