"""Endpoints and deliveries as JSON. A secret is shown by `EndpointWithSecretOut` only."""

from typing import Any

from rest_framework import serializers

from api.serializers import FlagField, LineField, StrictSerializer, instant
from api.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from api.webhooks.states import WebhookType

TYPES_NAMED = 50


class EndpointIn(StrictSerializer):
    """A create's body; `partial=True` makes it a PATCH's. What a URL may be, the service says."""

    url = LineField(max_length=2000)
    types = serializers.ListField(
        child=serializers.ChoiceField(WebhookType.choices), allow_empty=False, max_length=TYPES_NAMED
    )
    enabled = FlagField(required=False)


class EndpointOut(serializers.BaseSerializer[WebhookEndpoint]):
    def to_representation(self, endpoint: WebhookEndpoint) -> dict[str, Any]:
        return {
            "id": str(endpoint.pk),
            "livemode": endpoint.livemode,
            "version": endpoint.version,
            "url": endpoint.url,
            "types": endpoint.types,
            "enabled": endpoint.enabled,
            "disabled_at": instant(endpoint.disabled_at),
            "disabled_reason": endpoint.disabled_reason or None,
            "failing_since": instant(endpoint.failing_since),
            "created_at": instant(endpoint.created_at),
            "updated_at": instant(endpoint.updated_at),
        }


class EndpointWithSecretOut(EndpointOut):
    """For the answers that make a secret."""

    def to_representation(self, endpoint: WebhookEndpoint) -> dict[str, Any]:
        return {**super().to_representation(endpoint), "secret": endpoint.secret}


class DeliveryOut(serializers.BaseSerializer[WebhookDelivery]):
    """`attempts` are the newest ten, the last one last; `response` is the beginning of what the endpoint answered."""

    def to_representation(self, delivery: WebhookDelivery) -> dict[str, Any]:
        return {
            "id": str(delivery.pk),
            "livemode": delivery.endpoint.livemode,
            "event_id": str(delivery.event_id),
            "type": delivery.type,
            "status": delivery.status,
            "created_at": instant(delivery.created_at),
            "next_attempt_at": instant(delivery.next_attempt_at),
            "attempts": [self._attempt(attempt) for attempt in reversed(delivery.newest_attempts)],
        }

    def _attempt(self, attempt: WebhookAttempt) -> dict[str, Any]:
        return {
            "at": instant(attempt.started_at),
            "code": attempt.code,
            "ms": attempt.ms,
            "response": attempt.response,
            "error": attempt.error or None,
        }
