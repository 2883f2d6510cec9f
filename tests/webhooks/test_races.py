"""An endpoint deleted while an event is being announced to it: neither side breaks the other."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection, connections, transaction
from rest_framework.test import APIClient

from accounts.models import Account
from api.exceptions import NotFoundError
from api.outbox.models import Job
from api.webhooks import services
from api.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from tests.waiting import eventually, in_another_connection, waiting_backends

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def announce(account: Account, now: datetime) -> Callable[[], None]:
    def announce() -> None:
        services.announce(
            event_id=uuid4(),
            kind="gift.sent",
            account_id=account.pk,
            livemode=True,
            gift_id=uuid4(),
            data={},
            now=now,
        )

    return announce


def in_background(act: Callable[[], object]) -> threading.Thread:
    """Started, and waiting for a lock that this test's transaction holds."""

    def run() -> None:
        try:
            with transaction.atomic():
                act()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    eventually(waiting_backends, 10)
    return thread


def test_a_deletion_waits_for_an_announcement_and_takes_it_along(
    endpoint: WebhookEndpoint, announce: Callable[[], None], now: datetime
) -> None:
    with transaction.atomic():
        announce()
        deleting = in_background(lambda: services.delete_endpoint(endpoint.pk, now=now))
    deleting.join()

    assert (WebhookEndpoint.objects.count(), WebhookDelivery.objects.count()) == (0, 0)


def test_an_announcement_waits_for_a_deletion_and_skips_the_endpoint(
    endpoint: WebhookEndpoint, announce: Callable[[], None], now: datetime
) -> None:
    with transaction.atomic():
        services.delete_endpoint(endpoint.pk, now=now)
        announcing = in_background(announce)
    announcing.join()

    assert (WebhookDelivery.objects.count(), Job.objects.count()) == (0, 0)


def test_an_announcement_does_not_wait_for_a_change(
    endpoint: WebhookEndpoint, announce: Callable[[], None], now: datetime
) -> None:
    def change() -> None:
        try:
            services.rotate_secret(endpoint.pk, now=now)
            services.update_endpoint(endpoint.pk, {"types": ["gift.sent"]}, now=now)
        finally:
            connections.close_all()

    with transaction.atomic():
        announce()
        thread = threading.Thread(target=change)
        thread.start()
        thread.join(10)
        assert not thread.is_alive()

    assert WebhookDelivery.objects.count() == 1


def test_a_try_waits_for_a_deletion_and_is_not_made(endpoint: WebhookEndpoint, now: datetime) -> None:
    delivery = services.send_test(endpoint, now=now)
    begun: list[object] = []

    with transaction.atomic():
        services.delete_endpoint(endpoint.pk, now=now)
        beginning = in_background(lambda: begun.append(services.begin_attempt(delivery.pk, now=now)))
    beginning.join()

    assert begun == [None]


def test_a_deletion_waits_for_a_try_that_begins_and_takes_it_along(endpoint: WebhookEndpoint, now: datetime) -> None:
    delivery = services.send_test(endpoint, now=now)

    with transaction.atomic():
        assert services.begin_attempt(delivery.pk, now=now) is not None
        deleting = in_background(lambda: services.delete_endpoint(endpoint.pk, now=now))
    deleting.join()

    assert (WebhookEndpoint.objects.count(), WebhookAttempt.objects.count()) == (0, 0)


def test_an_endpoint_that_was_deleted_meanwhile_is_not_tested(endpoint: WebhookEndpoint, now: datetime) -> None:
    services.delete_endpoint(endpoint.pk, now=now)

    with pytest.raises(NotFoundError):
        services.send_test(endpoint, now=now)


def test_an_old_delivery_that_is_delivered_once_more_is_not_forgotten(endpoint: WebhookEndpoint, now: datetime) -> None:
    delivery = services.send_test(endpoint, now=now)
    WebhookDelivery.objects.update(status="failed", finished_at=now, next_attempt_at=None)
    later = now + timedelta(days=31)
    forgotten: list[int] = []

    with ThreadPoolExecutor(1) as worker, transaction.atomic():
        services.redeliver(delivery, now=later)
        purging = worker.submit(closing, lambda: forgotten.append(services.purge_old(later)))
        eventually(lambda: purging.done() or waiting_backends(), 20)

    assert (forgotten, WebhookDelivery.objects.count()) == ([0], 1)


def closing(act: Callable[[], object]) -> None:
    try:
        act()
    finally:
        connections.close_all()


def test_a_delivery_whose_endpoint_goes_before_it_is_answered_with_is_not_there(
    endpoint: WebhookEndpoint, api: APIClient, now: datetime
) -> None:
    delivery = services.send_test(endpoint, now=now)

    def delete_between(execute: Callable[..., object], sql: str, *rest: object) -> object:
        if is_redelivered and not connection.in_atomic_block:
            is_redelivered.clear()
            in_another_connection(lambda: services.delete_endpoint(endpoint.pk, now=now))
        answer = execute(sql, *rest)
        if sql.startswith("UPDATE") and "webhook" in sql:
            is_redelivered.append(True)
        return answer

    is_redelivered: list[bool] = []
    with connection.execute_wrapper(delete_between):
        answer = api.post(f"/v1/webhook-endpoints/{endpoint.pk}/deliveries/{delivery.pk}/redeliver")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
