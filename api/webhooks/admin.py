"""Webhooks for founders: which endpoints there are, what was delivered, delivering it again. No secrets."""

from django.contrib import admin
from django.http import HttpRequest

from api.webhooks import bulk
from api.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from giftflick.admin import ReadOnlyAdmin, ReadOnlyInline, StateFilter, moment, state
from giftflick.admin_bulk import bulk_action
from giftflick.admin_filters import RowFilter


class WebhookAttemptInline(ReadOnlyInline):
    model = WebhookAttempt
    fields = readonly_fields = (moment("started_at"), moment("ended_at"), "code", "ms", "error", "response")
    ordering = ["id"]


ENABLE = bulk_action(
    bulk.ENABLE,
    label="Switch on",
    consequence="Each is sent its events again from now on; what happened while it was off is not sent.",
    permission="operate",
    label_by="account__name",
)
REDELIVER = bulk_action(
    bulk.REDELIVER,
    label="Deliver again",
    consequence="Each is sent once more, with all its tries: the same event, byte for byte.",
    permission="operate",
    label_by="type",
)


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ReadOnlyAdmin):
    list_display = [
        moment("created_at"),
        "account",
        "url",
        "enabled",
        state("disabled_reason"),
        moment("failing_since"),
    ]
    list_filter = ["enabled", ("disabled_reason", StateFilter), ("account", RowFilter), "livemode"]
    list_select_related = ["account"]
    search_fields = ["=id", "account__name__iexact", "url"]
    search_help_text = "An endpoint's id, a shop's name, or part of a URL."
    ordering = ["-id"]
    fields = [
        "id",
        ("account", "livemode", "version"),
        "url",
        "types",
        ("enabled", state("disabled_reason")),
        (moment("disabled_at"), moment("failing_since")),
        (moment("created_at"), moment("updated_at")),
    ]
    is_short_list = True
    actions = [ENABLE]

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("api.change_webhookendpoint")


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    list_display = [
        moment("created_at"),
        "type",
        state("status"),
        "endpoint",
        "tries",
        moment("next_attempt_at"),
        moment("finished_at"),
    ]
    list_filter = [("status", StateFilter), ("endpoint", RowFilter)]
    list_select_related = ["endpoint"]
    search_fields = ["=id", "=endpoint__id"]
    search_help_text = "A delivery's or an endpoint's id."
    ordering = ["-id"]
    fields = [
        ("id", "endpoint"),
        "event_id",
        ("type", "status"),
        "body",
        ("tries", "runs"),
        (moment("created_at"), moment("next_attempt_at"), moment("finished_at")),
    ]
    inlines = [WebhookAttemptInline]
    actions = [REDELIVER]

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("api.change_webhookdelivery")
