"""From the timeline to deliveries: who is told, what, and what it costs."""

import json
import time
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from uuid6 import uuid7

from accounts.models import Account
from api.gifts import lifecycle
from api.gifts import services as gifts
from api.gifts.models import Gift, GiftEvent
from api.outbox.models import Job
from api.webhooks import services
from api.webhooks.models import WebhookDelivery, WebhookEndpoint
from api.webhooks.services.endpoints import ENDPOINTS_A_MODE
from api.webhooks.states import WebhookType
from tests import build
from tests.webhooks.conftest import MakeEndpoint

pytestmark = pytest.mark.django_db

LATER = timedelta(days=90)


def deliveries(endpoint: WebhookEndpoint) -> list[str]:
    return list(WebhookDelivery.objects.filter(endpoint=endpoint).order_by("id").values_list("type", flat=True))


def record(gift: Gift, kind: str, now: datetime) -> None:
    with transaction.atomic():
        lifecycle.record_event(gift, kind, actor="tests", now=now)


def test_a_gifts_whole_story_is_told_in_order(endpoint: WebhookEndpoint, account: Account, now: datetime) -> None:
    gift = build.bounce(build.sent(account, now), now)
    gifts.record_progress(gift.pk, percent=25, now=now)
    gifts.leave_thanks(gift.pk, text="Thank you!", now=now)
    gifts.expire_gift(gift.pk, now=now + LATER)

    assert deliveries(endpoint) == [
        "gift.rendering",
        "gift.ready",
        "gift.scheduled",
        "gift.sent",
        "gift.bounced",
        "gift.watched",
        "gift.thanked",
        "gift.expired",
    ]


@pytest.mark.parametrize("kind", WebhookType.values)
def test_every_type_reaches_who_asked_for_it_and_nobody_else(
    kind: str, make_endpoint: MakeEndpoint, account: Account, now: datetime
) -> None:
    wanting = make_endpoint(types=(kind,))
    other = make_endpoint(types=tuple(set(WebhookType.values) - {kind}))

    record(build.draft(account, now), kind, now)

    assert (deliveries(wanting), deliveries(other)) == ([kind], [])


def test_what_is_no_webhooks_type_reaches_nobody(endpoint: WebhookEndpoint, account: Account, now: datetime) -> None:
    gift = build.draft(account, now)
    for kind in ["gift.created", "gift.updated", "gift.forgotten", "mail.accepted", "order.paid", "webhook.test"]:
        record(gift, kind, now)

    assert deliveries(endpoint) == []


def test_other_accounts_other_modes_and_what_is_off_hear_nothing(
    make_endpoint: MakeEndpoint, account: Account, other_account: Account, now: datetime
) -> None:
    live, test = make_endpoint(), make_endpoint(livemode=False)
    others, off = make_endpoint(other_account), make_endpoint()
    services.update_endpoint(off.pk, {"enabled": False}, now=now)

    build.rendering(account, now)
    build.rendering(account, now, livemode=False)

    assert [deliveries(endpoint) for endpoint in (live, test, others, off)] == [
        ["gift.rendering"],
        ["gift.rendering"],
        [],
        [],
    ]
    assert b'"livemode":false' in WebhookDelivery.objects.get(endpoint=test).body.encode()


def test_a_body_has_ids_and_states_and_what_is_the_shops_own(
    endpoint: WebhookEndpoint, account: Account, now: datetime
) -> None:
    gift = build.rendering(
        account,
        now,
        order={"required": True, "reference": "SO-1001"},
        metadata={"cart": "c_91 \u2603"},
        product={"name": "Espresso set", "url": "https://shop.example/set"},
    )

    delivery = WebhookDelivery.objects.get()
    event = GiftEvent.objects.get(gift=gift, type="gift.rendering")
    assert delivery.event_id == event.pk
    assert delivery.body == json.dumps(
        {
            "type": "gift.rendering",
            "timestamp": event.at.isoformat().replace("+00:00", "Z"),
            "data": {
                "gift_id": str(gift.pk),
                "livemode": True,
                "from": "draft",
                "to": "rendering",
                "order_reference": "SO-1001",
                "metadata": {"cart": "c_91 \u2603"},
            },
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def test_no_body_tells_who_people_are_or_lets_anybody_in(
    endpoint: WebhookEndpoint, account: Account, now: datetime
) -> None:
    gift = build.bounce(build.sent(account, now, fields={"headline": "BEN IS 30"}), now)
    gifts.leave_thanks(gift.pk, text="Thank you!", now=now)
    gifts.cancel_gift(gift.pk, actor="tests", now=now)
    build.failed(account, now)

    told = "\n".join(WebhookDelivery.objects.values_list("body", flat=True))
    gift.refresh_from_db()
    for word in ["Ana", "Ben", "example.com", "30th", "BEN", "Thank you", gift.token, "http", "550 unknown", "message"]:
        assert word not in told, word


@pytest.mark.parametrize(("kind", "queries"), [("gift.sent", 1), ("gift.created", 0), ("video.progress", 0)])
@pytest.mark.parametrize("endpoints", [0, 1, 3])
def test_telling_costs_one_query_for_any_number_of_endpoints(
    endpoints: int, kind: str, queries: int, make_endpoint: MakeEndpoint, account: Account, now: datetime
) -> None:
    for _ in range(endpoints):
        make_endpoint()

    with (
        transaction.atomic(),
        CaptureQueriesContext(
            connection,
        ) as captured,
    ):
        services.announce(
            event_id=uuid4(), kind=kind, account_id=account.pk, livemode=True, gift_id=uuid4(), data={}, now=now
        )

    assert len(captured) == queries
    assert WebhookDelivery.objects.count() == endpoints * queries


def test_an_event_is_rolled_back_with_its_deliveries(
    endpoint: WebhookEndpoint, account: Account, now: datetime
) -> None:
    gift = build.draft(account, now)

    with transaction.atomic():
        lifecycle.record_event(gift, "gift.sent", actor="tests", now=now)
        transaction.set_rollback(True)

    assert (deliveries(endpoint), Job.objects.filter(kind="webhook.deliver").count()) == ([], 0)


def test_each_delivery_has_its_job_and_ids_of_version_7_in_order(
    make_endpoint: MakeEndpoint, account: Account, now: datetime
) -> None:
    for _ in range(3):
        make_endpoint()

    build.rendering(account, now)

    ids = set(WebhookDelivery.objects.values_list("pk", flat=True))
    assert {identifier.version for identifier in ids} == {7}
    jobs: list[tuple[UUID, str, Any]] = list(
        Job.objects.filter(kind="webhook.deliver").values_list("ref_id", "state", "dedupe_key")
    )
    assert set(jobs) == {(identifier, "waiting", f"webhook.deliver:{identifier}:0") for identifier in ids}
    assert len(ids) == 3


def test_one_event_has_the_same_id_at_every_endpoint(
    make_endpoint: MakeEndpoint, account: Account, now: datetime
) -> None:
    for _ in range(3):
        make_endpoint()

    gift = build.rendering(account, now)

    event = GiftEvent.objects.get(gift=gift, type="gift.rendering")
    assert set(WebhookDelivery.objects.values_list("event_id", flat=True)) == {event.pk}


def test_more_endpoints_than_there_may_be_break_nothing(
    make_endpoint: MakeEndpoint, account: Account, now: datetime
) -> None:
    first = make_endpoint()
    WebhookEndpoint.objects.bulk_create(
        [
            WebhookEndpoint(
                account=account,
                livemode=True,
                url=first.url,
                types=first.types,
                secret="x",
                created_at=now,
                updated_at=now,
            )
            for _ in range(ENDPOINTS_A_MODE + 5)
        ]
    )

    build.rendering(account, now)

    assert WebhookDelivery.objects.count() == ENDPOINTS_A_MODE


def test_ids_are_of_their_time_however_much_is_announced(account: Account, now: datetime) -> None:
    """`uuid7` makes each id a millisecond later than the one before, whatever the clock says."""
    gift = build.draft(account, now)
    before = ahead_of_the_clock_ms()

    for _ in range(100):
        record(gift, "gift.sent", now)

    assert ahead_of_the_clock_ms() - before <= 400


def ahead_of_the_clock_ms() -> int:
    return (uuid7().int >> 80) - time.time_ns() // 10**6
