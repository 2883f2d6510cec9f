"""Reading endpoints and deliveries: an account's only through `endpoints_for`."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from api.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint

ATTEMPTS_SHOWN = 10
SHOWN_AS = "newest_attempts"


def endpoints_for(account_id: UUID, *, livemode: bool) -> QuerySet[WebhookEndpoint]:
    return WebhookEndpoint.objects.filter(account_id=account_id, livemode=livemode)


def deliveries_of(endpoint_id: UUID) -> QuerySet[WebhookDelivery]:
    """With their `newest_attempts`, in one query more."""
    newest = WebhookAttempt.objects.order_by("-id")[:ATTEMPTS_SHOWN]
    deliveries = WebhookDelivery.objects.filter(endpoint_id=endpoint_id).select_related("endpoint")
    return deliveries.prefetch_related(Prefetch("attempts", newest, to_attr=SHOWN_AS))


def deliveries_about(event_ids: Collection[UUID]) -> QuerySet[WebhookDelivery]:
    """Of these events, whichever endpoint they went to; newest first."""
    return WebhookDelivery.objects.filter(event_id__in=event_ids).select_related("endpoint").order_by("-id")
