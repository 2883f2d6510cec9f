"""`/v1/webhook-endpoints`: shapes, bad input, tenancy, secrets, cost."""

import base64
import json
import threading
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connections
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import WEB_PAGE_SCOPES, Account, Scope
from api.exceptions import InvalidStateError
from api.webhooks import services
from api.webhooks.models import WebhookDelivery, WebhookEndpoint
from api.webhooks.outcomes import Outcome
from api.webhooks.selectors import ATTEMPTS_SHOWN
from api.webhooks.services.endpoints import ENDPOINTS_A_MODE
from tests.conftest import client_for
from tests.webhooks.conftest import MakeEndpoint

ENDPOINTS = "/v1/webhook-endpoints"
NOBODYS = "0193f000-0000-7000-8000-000000000000"
URL = "https://hooks.shop.example/giftflick"
BODY = {"url": URL, "types": ["gift.sent", "gift.watched"]}

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> datetime:
    """These tests go through views, which look at the clock."""
    return timezone.now()


def errors_of(answer: Any) -> list[tuple[str, str]]:
    return [(error["field"], error["code"]) for error in answer.json()["errors"]]


def tried(delivery: WebhookDelivery, now: datetime, *codes: int) -> None:
    """With an attempt for each of these answers."""
    for code in codes:
        WebhookDelivery.objects.filter(pk=delivery.pk).update(
            status="pending", next_attempt_at=now, finished_at=None, tries=0
        )
        call = services.begin_attempt(delivery.pk, now=now)
        assert call is not None
        services.record_outcome(call, Outcome(ms=12, code=code, response="words"), now=now)


def test_a_create_answers_the_endpoint_and_its_secret(api: APIClient) -> None:
    answer = api.post(ENDPOINTS, BODY)

    assert answer.status_code == 201
    endpoint = answer.json()
    assert UUID(endpoint.pop("id")).version == 7
    assert endpoint.pop("created_at") == endpoint.pop("updated_at")
    scheme, _, encoded = endpoint.pop("secret").partition("_")
    assert (scheme, len(base64.b64decode(encoded, validate=True))) == ("whsec", 32)
    assert endpoint == {
        "livemode": True,
        "version": 1,
        "url": URL,
        "types": ["gift.sent", "gift.watched"],
        "enabled": True,
        "disabled_at": None,
        "disabled_reason": None,
        "failing_since": None,
    }


def test_the_secret_is_shown_by_create_and_rotate_only(api: APIClient) -> None:
    made = api.post(ENDPOINTS, BODY).json()
    path = f"{ENDPOINTS}/{made['id']}"
    rotated = api.post(f"{path}/rotate").json()
    delivery = api.post(f"{path}/test").json()
    answers = [
        api.get(ENDPOINTS),
        api.get(path),
        api.patch(path, {"types": ["gift.ready"]}),
        api.post(f"{path}/test"),
        api.get(f"{path}/deliveries"),
        api.post(f"{path}/deliveries/{delivery['id']}/redeliver"),
    ]

    assert len({made["secret"], rotated["secret"]}) == 2
    assert [answer.status_code for answer in answers] == [200] * 6
    for answer in answers:
        assert b"whsec_" not in answer.content
        assert b"secret" not in answer.content


def test_a_replay_of_create_or_rotate_leaves_the_secret_out(api: APIClient) -> None:
    first, second = (api.post(ENDPOINTS, BODY, headers={"Idempotency-Key": "k"}) for _ in range(2))
    path = f"{ENDPOINTS}/{first.json()['id']}/rotate"
    turned, returned = (api.post(path, {}, headers={"Idempotency-Key": "k"}) for _ in range(2))

    for original, replay, status in ((first, second, 201), (turned, returned, 200)):
        assert (original.status_code, replay.status_code) == (status, status)
        assert replay["Idempotent-Replayed"] == "true"
        assert original.json().keys() - replay.json().keys() == {"secret"}
    assert WebhookEndpoint.objects.count() == 1
    assert WebhookEndpoint.objects.get().version == 2


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"url": None}, [("url", "null")]),
        ({"url": 1}, [("url", "invalid")]),
        ({"url": ["x"]}, [("url", "invalid")]),
        ({"url": ""}, [("url", "blank")]),
        ({"url": "hello"}, [("url", "invalid_url")]),
        ({"url": URL + "\n"}, [("url", "control_character")]),
        ({"url": URL + "a" * 2000}, [("url", "max_length")]),
        ({"url": "http://hooks.shop.example/"}, [("url", "invalid_url")]),
        ({"url": "https://u:p@hooks.shop.example/"}, [("url", "invalid_url")]),
        ({"types": None}, [("types", "null")]),
        ({"types": []}, [("types", "empty")]),
        ({"types": "gift.sent"}, [("types", "not_a_list")]),
        ({"types": {"gift.sent": True}}, [("types", "not_a_list")]),
        ({"types": ["gift.created"]}, [("types.0", "invalid_choice")]),
        ({"types": ["webhook.test"]}, [("types.0", "invalid_choice")]),
        ({"types": ["gift.sent", "*"]}, [("types.1", "invalid_choice")]),
        ({"types": ["gift.sent", None]}, [("types.1", "null")]),
        ({"types": [1]}, [("types.0", "invalid_choice")]),
        ({"types": [["gift.sent"]]}, [("types.0", "invalid_choice")]),
        ({"types": [True]}, [("types.0", "invalid_choice")]),
        ({"types": ["gift.sent"] * 51}, [("types", "max_length")]),
        ({"types": ["GIFT.SENT"]}, [("types.0", "invalid_choice")]),
        ({"enabled": "yes"}, [("enabled", "invalid")]),
        ({"enabled": 1}, [("enabled", "invalid")]),
        ({"secret": "whsec_abc"}, [("secret", "unknown_field")]),
        ({"livemode": True}, [("livemode", "unknown_field")]),
        ({"id": NOBODYS}, [("id", "unknown_field")]),
        ({"version": 1}, [("version", "unknown_field")]),
        ({"url": 1, "types": [], "x": 1}, [("url", "invalid"), ("types", "empty"), ("x", "unknown_field")]),
    ],
)
def test_bad_input_is_refused_by_field_in_create_and_patch(
    changes: dict[str, Any], errors: list[tuple[str, str]], api: APIClient
) -> None:
    path = f"{ENDPOINTS}/{api.post(ENDPOINTS, BODY).json()['id']}"

    created = api.post(ENDPOINTS, {**BODY, **changes})
    assert (created.status_code, errors_of(created)) == (400, errors)
    patched = api.patch(path, changes)
    assert (patched.status_code, errors_of(patched)) == (400, errors)
    assert WebhookEndpoint.objects.count() == 1


@pytest.mark.parametrize("missing", ["url", "types"])
def test_create_needs_both(missing: str, api: APIClient) -> None:
    answer = api.post(ENDPOINTS, {name: value for name, value in BODY.items() if name != missing})

    assert (answer.status_code, errors_of(answer)) == (400, [(missing, "required")])


@pytest.mark.parametrize("action", ["rotate", "test"])
def test_an_action_takes_no_body(action: str, api: APIClient) -> None:
    path = f"{ENDPOINTS}/{api.post(ENDPOINTS, BODY).json()['id']}/{action}"

    answer = api.post(path, {"secret": "whsec_mine"})

    assert (answer.status_code, errors_of(answer)) == (400, [("secret", "unknown_field")])


def test_types_are_kept_once_each(api: APIClient) -> None:
    answer = api.post(ENDPOINTS, {**BODY, "types": ["gift.watched", "gift.sent", "gift.watched"]})

    assert answer.json()["types"] == ["gift.sent", "gift.watched"]


def test_an_endpoint_can_be_made_that_is_off(api: APIClient) -> None:
    endpoint = api.post(ENDPOINTS, {**BODY, "enabled": False}).json()

    assert (endpoint["enabled"], endpoint["disabled_reason"]) == (False, "requested")
    assert endpoint["disabled_at"] == endpoint["created_at"]


def test_a_patch_changes_what_it_names(api: APIClient) -> None:
    made = api.post(ENDPOINTS, BODY).json()
    path = f"{ENDPOINTS}/{made['id']}"

    off = api.patch(path, {"enabled": False}).json()
    on = api.patch(path, {"enabled": True, "types": ["gift.ready"]}).json()
    moved = api.patch(path, {"url": "https://other.shop.example/"}).json()

    assert (off["version"], off["enabled"], off["disabled_reason"]) == (2, False, "requested")
    assert (on["version"], on["enabled"], on["disabled_reason"], on["disabled_at"]) == (3, True, None, None)
    assert (on["types"], on["url"]) == (["gift.ready"], URL)
    assert (moved["version"], moved["url"]) == (4, "https://other.shop.example/")
    assert api.get(path).json() == moved


@pytest.mark.parametrize(
    ("tag", "status"),
    [
        ('"1"', 200),
        ("*", 200),
        ('"9", "1"', 200),
        ('"9"', 412),
        ('W/"1"', 412),
        ('"x"', 412),
        ("1", 400),
        ("x", 400),
        ("", 400),
        ('"1', 400),
    ],
)
def test_if_match_is_honoured(tag: str, status: int, api: APIClient) -> None:
    made = api.post(ENDPOINTS, BODY).json()

    answer = api.patch(f"{ENDPOINTS}/{made['id']}", {"types": ["gift.ready"]}, headers={"If-Match": tag})

    assert answer.status_code == status
    assert WebhookEndpoint.objects.get().version == (2 if status == 200 else 1)


def test_a_deleted_endpoint_is_gone_with_its_deliveries(api: APIClient) -> None:
    path = f"{ENDPOINTS}/{api.post(ENDPOINTS, BODY).json()['id']}"
    api.post(f"{path}/test")

    assert api.delete(path).status_code == 204

    assert [api.get(path).status_code, api.delete(path).status_code] == [404, 404]
    assert (WebhookEndpoint.objects.count(), WebhookDelivery.objects.count()) == (0, 0)


def test_there_are_at_most_twenty_in_each_mode(api: APIClient, test_api: APIClient, other_api: APIClient) -> None:
    made = [api.post(ENDPOINTS, BODY) for _ in range(ENDPOINTS_A_MODE + 1)]

    assert [answer.status_code for answer in made] == [201] * ENDPOINTS_A_MODE + [409]
    assert made[-1].json()["code"] == "too_many_endpoints"
    assert [client.post(ENDPOINTS, BODY).status_code for client in (test_api, other_api)] == [201, 201]


@pytest.mark.django_db(transaction=True)
def test_there_are_at_most_twenty_also_for_those_who_hurry(account: Account, now: datetime) -> None:
    def create() -> None:
        try:
            services.create_endpoint(account.pk, livemode=True, url=URL, types=["gift.sent"], now=now)
        except InvalidStateError:
            pass
        finally:
            connections.close_all()

    threads = [threading.Thread(target=create) for _ in range(ENDPOINTS_A_MODE + 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert WebhookEndpoint.objects.count() == ENDPOINTS_A_MODE


def test_a_test_event_is_queued_and_shown(api: APIClient) -> None:
    made = api.post(ENDPOINTS, BODY).json()

    answer = api.post(f"{ENDPOINTS}/{made['id']}/test")

    assert answer.status_code == 200
    delivery = answer.json()
    assert UUID(delivery.pop("id")).version == UUID(delivery.pop("event_id")).version == 7
    assert delivery.pop("created_at") == delivery.pop("next_attempt_at")
    assert delivery == {"livemode": True, "type": "webhook.test", "status": "pending", "attempts": []}
    assert json.loads(WebhookDelivery.objects.get().body)["data"] == {"endpoint_id": made["id"], "livemode": True}


def test_a_delivery_shows_its_attempts(api: APIClient, now: datetime, account: Account) -> None:
    endpoint = services.create_endpoint(account.pk, livemode=True, url=URL, types=["gift.sent"], now=now)
    delivery = services.send_test(endpoint, now=now)
    tried(delivery, now, 503)

    (shown,) = api.get(f"{ENDPOINTS}/{endpoint.pk}/deliveries").json()["results"]

    at = now.isoformat().replace("+00:00", "Z")
    assert shown["attempts"] == [{"at": at, "code": 503, "ms": 12, "response": "words", "error": None}]
    next_attempt_at = (now + timedelta(seconds=5)).isoformat().replace("+00:00", "Z")
    assert (shown["status"], shown["next_attempt_at"]) == ("pending", next_attempt_at)


def test_of_many_attempts_the_newest_are_shown_in_order(api: APIClient, now: datetime, account: Account) -> None:
    endpoint = services.create_endpoint(account.pk, livemode=True, url=URL, types=["gift.sent"], now=now)
    delivery = services.send_test(endpoint, now=now)
    tried(delivery, now, *range(500, 513))

    (shown,) = api.get(f"{ENDPOINTS}/{endpoint.pk}/deliveries").json()["results"]

    assert [attempt["code"] for attempt in shown["attempts"]] == [*range(513 - ATTEMPTS_SHOWN, 513)]


def test_a_delivery_is_asked_for_again(api: APIClient, now: datetime, account: Account) -> None:
    endpoint = services.create_endpoint(account.pk, livemode=True, url=URL, types=["gift.sent"], now=now)
    delivery = services.send_test(endpoint, now=now)
    tried(delivery, now, 200)

    answer = api.post(f"{ENDPOINTS}/{endpoint.pk}/deliveries/{delivery.pk}/redeliver")

    assert answer.status_code == 200
    assert (answer.json()["id"], answer.json()["status"]) == (str(delivery.pk), "pending")
    assert [attempt["code"] for attempt in answer.json()["attempts"]] == [200]


def test_nothing_is_sent_to_an_endpoint_that_is_off(api: APIClient) -> None:
    path = f"{ENDPOINTS}/{api.post(ENDPOINTS, BODY).json()['id']}"
    delivery = api.post(f"{path}/test").json()
    api.patch(path, {"enabled": False})

    for action in ("test", f"deliveries/{delivery['id']}/redeliver"):
        answer = api.post(f"{path}/{action}")
        assert (answer.status_code, answer.json()["code"]) == (409, "invalid_state"), action


def calls(client: APIClient, endpoint: object, delivery: object) -> dict[str, int]:
    """What each operation on one endpoint answers."""
    path = f"{ENDPOINTS}/{endpoint}"
    return {
        "get": client.get(path).status_code,
        "patch": client.patch(path, {"enabled": True}).status_code,
        "test": client.post(f"{path}/test").status_code,
        "rotate": client.post(f"{path}/rotate").status_code,
        "deliveries": client.get(f"{path}/deliveries").status_code,
        "redeliver": client.post(f"{path}/deliveries/{delivery}/redeliver").status_code,
        "delete": client.delete(path).status_code,
    }


def test_tenants_and_modes_never_meet(
    api: APIClient,
    test_api: APIClient,
    other_api: APIClient,
    make_endpoint: MakeEndpoint,
    account: Account,
    other_account: Account,
    now: datetime,
) -> None:
    mine, mine_test, others = make_endpoint(), make_endpoint(livemode=False), make_endpoint(other_account)
    rows = [(endpoint, services.send_test(endpoint, now=now)) for endpoint in (mine, mine_test, others)]

    for client, own in ((api, mine), (test_api, mine_test), (other_api, others)):
        assert [row["id"] for row in client.get(ENDPOINTS).json()["results"]] == [str(own.pk)]
        for endpoint, delivery in rows:
            if endpoint != own:
                assert set(calls(client, endpoint.pk, delivery.pk).values()) == {404}
    before = list(WebhookEndpoint.objects.order_by("id").values())
    assert [row["version"] for row in before] == [1, 1, 1]
    assert set(calls(api, NOBODYS, NOBODYS).values()) == {404}
    assert calls(api, mine.pk, rows[0][1].pk) == {**dict.fromkeys(calls(api, NOBODYS, NOBODYS), 200), "delete": 204}


def test_a_delivery_is_found_at_its_own_endpoint_only(
    api: APIClient, make_endpoint: MakeEndpoint, now: datetime
) -> None:
    one, two = make_endpoint(), make_endpoint()
    delivery = services.send_test(one, now=now)

    assert api.post(f"{ENDPOINTS}/{two.pk}/deliveries/{delivery.pk}/redeliver").status_code == 404
    assert api.get(f"{ENDPOINTS}/{two.pk}/deliveries").json()["results"] == []


@pytest.mark.parametrize(
    "scopes",
    [WEB_PAGE_SCOPES, [scope for scope in Scope if scope != Scope.WEBHOOKS_WRITE], []],
    ids=["web", "all", "no"],
)
def test_every_operation_needs_the_scope(
    scopes: list[Scope], account: Account, make_endpoint: MakeEndpoint, now: datetime
) -> None:
    endpoint = make_endpoint()
    delivery = services.send_test(endpoint, now=now)
    client = client_for(account, scopes=scopes)

    assert client.get(ENDPOINTS).status_code == 403
    assert client.post(ENDPOINTS, BODY).status_code == 403
    assert set(calls(client, endpoint.pk, delivery.pk).values()) == {403}
    assert set(calls(APIClient(), endpoint.pk, delivery.pk).values()) == {401}


@pytest.mark.parametrize("place", ["", "/ENDPOINT/deliveries"])
def test_lists_are_paged_newest_first(place: str, api: APIClient, make_endpoint: MakeEndpoint, now: datetime) -> None:
    endpoints = [make_endpoint() for _ in range(5)]
    rows = endpoints if place == "" else [services.send_test(endpoints[0], now=now) for _ in range(5)]
    path: str | None = ENDPOINTS + place.replace("ENDPOINT", str(endpoints[0].pk)) + "?limit=2"

    pages = []
    while path:
        page = api.get(path).json()
        pages.append([row["id"] for row in page["results"]])
        path = page["next"]

    newest_first = sorted((str(row.pk) for row in rows), reverse=True)
    assert pages == [newest_first[:2], newest_first[2:4], newest_first[4:]]


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "limit=", "cursor=x", "cursor=%00"])
def test_a_malformed_page_is_refused(query: str, api: APIClient, make_endpoint: MakeEndpoint) -> None:
    endpoint = make_endpoint()

    for path in (ENDPOINTS, f"{ENDPOINTS}/{endpoint.pk}/deliveries"):
        answer = api.get(f"{path}?{query}")
        assert (answer.status_code, errors_of(answer)[0][0]) == (400, query.partition("=")[0])


@pytest.mark.usefixtures("standing_clock")
@pytest.mark.parametrize("rows", [1, 3])
def test_lists_cost_the_same_for_any_number_of_rows(
    rows: int, api: APIClient, make_endpoint: MakeEndpoint, now: datetime, django_assert_num_queries: Any
) -> None:
    endpoints = [make_endpoint() for _ in range(rows)]
    for _ in range(rows):
        tried(services.send_test(endpoints[0], now=now), now, 500, 200)
    for _ in range(3):  # the key's first use is written down, and a handful of its minute's calls is taken
        api.get(ENDPOINTS)

    with django_assert_num_queries(1):
        assert len(api.get(ENDPOINTS).json()["results"]) == rows
    with django_assert_num_queries(3):
        assert len(api.get(f"{ENDPOINTS}/{endpoints[0].pk}/deliveries").json()["results"]) == rows
