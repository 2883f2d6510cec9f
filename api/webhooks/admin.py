"""Webhooks for founders: which endpoints there are, what was delivered, delivering it again. No secrets."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from api.webhooks import services
from api.webhooks.finding import find_deliveries, find_endpoints
from api.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from giftflick.admin import ReadOnlyAdmin, ReadOnlyInline, StateFilter, moment, run_for_each, state
from giftflick.admin_search import SearchByIndex


class WebhookAttemptInline(ReadOnlyInline):
    model = WebhookAttempt
    fields = readonly_fields = (moment("started_at"), moment("ended_at"), "code", "ms", "error", "response")
    ordering = ["id"]


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(SearchByIndex, ReadOnlyAdmin):
    find = staticmethod(find_endpoints)
    list_display = [
        moment("created_at"),
        "account",
        "url",
        "enabled",
        state("disabled_reason"),
        moment("failing_since"),
    ]
    list_filter = ["enabled", ("disabled_reason", StateFilter), "livemode"]
    list_select_related = ["account"]
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
    actions = ["enable"]

    @admin.action(description="Switch on", permissions=["operate"])
    def enable(self, request: HttpRequest, endpoints: QuerySet[WebhookEndpoint]) -> None:
        now = timezone.now()
        run_for_each(
            self,
            request,
            endpoints,
            lambda endpoint: services.update_endpoint(endpoint.pk, {"enabled": True}, now=now),
            done="Switched on",
        )

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("api.change_webhookendpoint")


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(SearchByIndex, ReadOnlyAdmin):
    find = staticmethod(find_deliveries)
    list_display = [
        moment("created_at"),
        "type",
        state("status"),
        "endpoint",
        "tries",
        moment("next_attempt_at"),
        moment("finished_at"),
    ]
    list_filter = [("status", StateFilter), "endpoint__livemode"]
    list_select_related = ["endpoint"]
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
    actions = ["redeliver"]

    @admin.action(description="Deliver again", permissions=["operate"])
    def redeliver(self, request: HttpRequest, deliveries: QuerySet[WebhookDelivery]) -> None:
        now = timezone.now()
        run_for_each(
            self,
            request,
            deliveries,
            lambda delivery: services.redeliver(delivery, now=now),
            done="To be delivered again",
        )

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("api.change_webhookdelivery")
