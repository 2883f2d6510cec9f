"""Founders look after endpoints and deliveries, and see no secret."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from api.webhooks import services
from api.webhooks.models import WebhookDelivery, WebhookEndpoint
from api.webhooks.outcomes import Outcome
from tests.admin.conftest import run_action
from tests.admin.signing import signed_in
from tests.webhooks.conftest import MakeEndpoint

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
    refused = run_action(founder, DELIVERIES, "redeliver", delivery.pk)
    assert refused == [f"webhook.test {delivery.pk}: This endpoint is disabled; enable it first."]

    assert run_action(founder, ENDPOINTS, "enable", endpoint.pk) == ["Switched on: 1."]
    assert run_action(founder, DELIVERIES, "redeliver", delivery.pk) == ["To be delivered again: 1."]

    endpoint.refresh_from_db()
    delivery.refresh_from_db()
    assert (endpoint.enabled, delivery.status) == (True, "pending")


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


@pytest.mark.parametrize("rows", [1, 3])
def test_lists_cost_the_same_for_any_number_of_rows(
    rows: int,
    founder: Client,
    make_endpoint: MakeEndpoint,
    now: datetime,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for hours in range(rows):
        services.send_test(make_endpoint(), now=now + timedelta(hours=hours))

    for page in (ENDPOINTS, DELIVERIES):
        with django_assert_num_queries(5):
            assert len(founder.get(page).context["cl"].result_list) == rows
