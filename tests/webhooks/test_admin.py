"""Founders look after endpoints and deliveries, and see no secret."""

from datetime import datetime
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import User
from api.search.terms import MANY
from api.webhooks import services
from api.webhooks.models import WebhookDelivery, WebhookEndpoint
from api.webhooks.outcomes import Outcome
from tests.admin.conftest import press
from tests.admin.signing import signed_in

ENDPOINTS = "/admin/api/webhookendpoint/"
DELIVERIES = "/admin/api/webhookdelivery/"


@pytest.fixture
def founder(db: None) -> Client:
    return signed_in(User.objects.create_superuser("ada"))


@pytest.fixture
def delivery(endpoint: WebhookEndpoint, now: datetime) -> WebhookDelivery:
    """Its endpoint answered 410, and was switched off for it."""
    delivery = services.send_test(endpoint, now=now)
    call = services.begin_attempt(delivery.pk, now=now)
    assert call is not None
    services.record_outcome(call, Outcome(ms=120, code=410, response="no such hook"), now=now)
    return delivery


def test_an_endpoint_is_switched_on_and_a_delivery_repeated(
    founder: Client, endpoint: WebhookEndpoint, delivery: WebhookDelivery
) -> None:
    again = f"/admin/webhook-deliveries/{delivery.pk}/redeliver/"
    assert press(founder, again) == "This endpoint is disabled; enable it first."

    assert press(founder, f"/admin/webhooks/{endpoint.pk}/enable/") == "Switched on."
    assert press(founder, again) == "It is delivered again within a minute."

    endpoint.refresh_from_db()
    delivery.refresh_from_db()
    assert (endpoint.enabled, delivery.status) == (True, "pending")


def test_an_endpoint_leads_to_all_its_deliveries(founder: Client, endpoint: WebhookEndpoint, now: datetime) -> None:
    fields = {"endpoint": endpoint, "type": "gift.sent", "body": "{}", "created_at": now, "next_attempt_at": now}
    WebhookDelivery.objects.bulk_create(WebhookDelivery(event_id=uuid4(), **fields) for _ in range(MANY + 1))
    page = founder.get(f"{ENDPOINTS}{endpoint.pk}/change/")
    [address] = [address for label, address, _ in page.context["buttons"] if label == "Its deliveries"]

    assert founder.get(address).context["cl"].result_count == MANY + 1


def test_pages_show_what_happened_and_no_secret(
    founder: Client, endpoint: WebhookEndpoint, delivery: WebhookDelivery, now: datetime
) -> None:
    rotated = services.rotate_secret(endpoint.pk, now=now)

    pages = [
        founder.get(path).content.decode()
        for path in (ENDPOINTS, DELIVERIES, f"{ENDPOINTS}{endpoint.pk}/change/", f"{DELIVERIES}{delivery.pk}/change/")
    ]

    for page in pages:
        assert "whsec_" not in page
        assert endpoint.secret not in page
        assert rotated.secret not in page
    assert endpoint.url in pages[2]
    assert "gone" in pages[2]
    assert "no such hook" in pages[3]
