"""Webhooks for founders: which endpoints there are, what was delivered, delivering it again. No secrets."""

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from api.webhooks import bulk, pages
from api.webhooks.content import gift_of
from api.webhooks.finding import find_deliveries, find_endpoints
from api.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from giftflick.admin import About, ReadOnlyAdmin, ReadOnlyInline, StateFilter, moment, named, state, words
from giftflick.admin_bulk import bulk_action
from giftflick.admin_filters import RowFilter
from giftflick.admin_parts import moment_words
from giftflick.admin_search import SearchByIndex


class WebhookAttemptInline(ReadOnlyInline):
    model = WebhookAttempt
    verbose_name_plural = "tries"
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
class WebhookEndpointAdmin(SearchByIndex, ReadOnlyAdmin):
    find = staticmethod(find_endpoints)
    list_display = [
        moment("created_at"),
        named("account", "shop"),
        "url",
        "enabled",
        state("disabled_reason"),
        moment("failing_since"),
    ]
    list_filter = ["enabled", ("disabled_reason", StateFilter), ("account", RowFilter), "livemode"]
    list_select_related = ["account"]
    search_help_text = "An endpoint's id, a shop's name, or part of a URL."
    ordering = ["-id"]
    fields = [
        ("account", "livemode", "version"),
        "url",
        "types",
        ("enabled", words("disabled_reason")),
        (moment("disabled_at"), moment("failing_since")),
        (moment("created_at"), moment("updated_at")),
        "id",
    ]
    is_short_list = True
    actions = [ENABLE]

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(pages.CHANGE_ENDPOINT)

    def about(self, request: HttpRequest, row: WebhookEndpoint) -> About:
        deliveries = f"{reverse('admin:api_webhookdelivery_changelist')}?endpoint__id__exact={row.pk}"
        buttons = [("Its deliveries", deliveries, "")]
        if not row.enabled and self.has_operate_permission(request):
            buttons.insert(0, ("Switch on", reverse("admin:webhook_enable", args=[row.pk]), "primary"))
        if row.enabled:
            lead = "On" if row.failing_since is None else f"On, and failing since {moment_words(row.failing_since)}"
        else:
            lead = f"Off: {row.get_disabled_reason_display() or 'the reason is not known'}"
        return About(lead=f"{lead}.", buttons=buttons)


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
    list_filter = [("status", StateFilter), ("endpoint", RowFilter)]
    list_select_related = ["endpoint"]
    search_help_text = "A delivery's or an endpoint's id."
    ordering = ["-id"]
    fields = [
        words("status"),
        ("type", "endpoint"),
        "body",
        ("tries", "runs"),
        (moment("created_at"), moment("next_attempt_at"), moment("finished_at")),
        ("id", "event_id"),
    ]
    inlines = [WebhookAttemptInline]
    actions = [REDELIVER]

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(pages.CHANGE_DELIVERY)

    def about(self, request: HttpRequest, row: WebhookDelivery) -> About:
        buttons = [("The endpoint", reverse("admin:api_webhookendpoint_change", args=[row.endpoint_id]), "")]
        if self.has_operate_permission(request):
            buttons.insert(0, ("Deliver it again", reverse("admin:webhook_redeliver", args=[row.pk]), "primary"))
        if gift_id := gift_of(row.body):
            buttons.append(("The gift", reverse("admin:api_gift_change", args=[gift_id]), ""))
        return About(lead=f"{row.type} to {row.endpoint.url}: {row.get_status_display()}.", buttons=buttons)
