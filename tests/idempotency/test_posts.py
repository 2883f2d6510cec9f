"""A POST sent twice with one key: one object, one answer."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Account
from api.gifts import services
from api.gifts.models import Gift
from api.idempotency.models import IdempotentCall
from api.tick import sweep
from tests import build
from tests.conftest import client_for
from tests.idempotency.conftest import GIFTS, facts, let_time_pass, post, problem

pytestmark = pytest.mark.usefixtures("template")

HOUR = timedelta(hours=1)


@pytest.fixture
def now() -> datetime:
    """These tests go through views, which look at the clock."""
    return timezone.now()


def test_the_same_call_again_gets_the_same_answer_and_does_nothing(api: APIClient, body: dict[str, Any]) -> None:
    first = post(api, GIFTS, body)
    second = post(api, GIFTS, body)

    assert (facts(first), facts(second)) == ((201, None), (201, "true"))
    assert (second.content, second["Content-Type"]) == (first.content, first["Content-Type"])
    assert [str(gift.pk) for gift in Gift.objects.all()] == [first.json()["id"]]


def test_blanks_and_the_order_of_names_do_not_make_another_body(api: APIClient) -> None:
    raws = [b'{"template": "none", "occasion": null}', b'{"occasion":null,\n"template":"none"}']

    answers = [api.post(GIFTS, raw, content_type="application/json", headers={"Idempotency-Key": "k"}) for raw in raws]

    assert [facts(answer) for answer in answers] == [(400, None), (400, "true")]


def test_another_body_under_the_same_key_is_refused(api: APIClient, body: dict[str, Any]) -> None:
    post(api, GIFTS, body)

    answer = post(api, GIFTS, body | {"message": "Other words"})

    assert problem(answer) == (422, "idempotency_mismatch")
    assert Gift.objects.count() == 1


def test_a_key_is_an_accounts_a_modes_and_a_paths_own(
    api: APIClient, test_api: APIClient, other_api: APIClient, body: dict[str, Any], account: Account, now: datetime
) -> None:
    gifts = [build.draft(account, now) for _ in range(2)]

    creates = [facts(post(client, GIFTS, body)) for client in (api, test_api, other_api)]
    submits = [facts(post(api, f"{GIFTS}/{gift.pk}/submit")) for gift in gifts]

    assert creates == [(201, None)] * 3
    assert submits == [(200, None)] * 2


def test_another_key_of_the_account_gets_the_answer_too(api: APIClient, account: Account, body: dict[str, Any]) -> None:
    post(api, GIFTS, body)

    assert facts(post(client_for(account), GIFTS, body)) == (201, "true")


def test_an_action_is_answered_as_it_was_though_the_gift_went_on(
    api: APIClient, account: Account, now: datetime
) -> None:
    gift = build.draft(account, now)
    first = post(api, f"{GIFTS}/{gift.pk}/submit")
    api.post(f"{GIFTS}/{gift.pk}/cancel")

    second = post(api, f"{GIFTS}/{gift.pk}/submit")

    assert (facts(second), second.json()["status"]) == ((200, "true"), "rendering")
    assert second.content == first.content


def test_a_refusal_is_remembered(api: APIClient, body: dict[str, Any]) -> None:
    nobodys = f"{GIFTS}/0193f000-0000-7000-8000-000000000000/submit"
    first = [post(api, GIFTS, body | {"template": "none"}), post(api, nobodys)]

    second = [post(api, GIFTS, body | {"template": "none"}), post(api, nobodys)]

    assert [facts(answer) for answer in second] == [(400, "true"), (404, "true")]
    assert [answer.content for answer in second] == [answer.content for answer in first]
    assert {answer["Content-Type"] for answer in second} == {"application/problem+json"}


def test_a_conflict_is_not_remembered(api: APIClient, account: Account, now: datetime) -> None:
    gift = build.draft(account, now)
    path = f"{GIFTS}/{gift.pk}/render"
    assert problem(post(api, path)) == (409, "invalid_state")
    services.submit_gift(gift.pk, actor="tests", now=now)

    assert facts(post(api, path)) == (200, None)


def test_what_does_not_get_in_is_not_remembered(api: APIClient, account: Account, body: dict[str, Any]) -> None:
    without_scope = client_for(account, scopes=[])
    assert post(APIClient(), GIFTS, body).status_code == 401
    assert post(without_scope, GIFTS, body).status_code == 403
    assert not IdempotentCall.objects.exists()

    assert facts(post(api, GIFTS, body)) == (201, None)


@pytest.mark.parametrize("key", ["", "x" * 256, "bücher", "tab\there"])
def test_a_key_that_is_none_is_a_field_error(key: str, api: APIClient, body: dict[str, Any]) -> None:
    answer = post(api, GIFTS, body, key=key)

    assert problem(answer) == (400, "validation_error")
    assert [error["field"] for error in answer.json()["errors"]] == ["Idempotency-Key"]
    assert not Gift.objects.exists()


@pytest.mark.parametrize("key", ["x" * 255, '"quoted, as the draft has it"', "~!"])
def test_any_printable_key_will_do(key: str, api: APIClient, body: dict[str, Any]) -> None:
    assert [facts(post(api, GIFTS, body, key=key)) for _ in range(2)] == [(201, None), (201, "true")]


def test_other_methods_do_not_know_the_key(api: APIClient, account: Account, now: datetime) -> None:
    path = f"{GIFTS}/{build.draft(account, now).pk}"
    headers = {"Idempotency-Key": "k"}

    answers = [api.get(path, headers=headers), api.patch(path, {"message": "One"}, headers=headers)]

    assert [facts(answer) for answer in answers] == [(200, None), (200, None)]
    assert not IdempotentCall.objects.exists()


def test_a_key_where_nothing_can_be_posted_changes_nothing(api: APIClient) -> None:
    assert problem(post(api, "/v1/account")) == (405, "method_not_allowed")


def test_a_day_later_the_key_is_new(api: APIClient, body: dict[str, Any], stored: Callable[[], IdempotentCall]) -> None:
    first = post(api, GIFTS, body)

    let_time_pass(23 * HOUR)
    assert facts(post(api, GIFTS, body)) == (201, "true")
    let_time_pass(HOUR)
    assert facts(post(api, GIFTS, body | {"message": "Of another day"})) == (201, None)
    assert stored().body != first.content.decode()


def test_the_tick_forgets_what_is_a_day_old(api: APIClient, body: dict[str, Any], now: datetime) -> None:
    post(api, GIFTS, body, key="old")
    let_time_pass(2 * HOUR)
    post(api, GIFTS, body, key="young")

    found = sweep(now + 23 * HOUR)

    assert found["old idempotent calls"] == 1
    assert [call.key for call in IdempotentCall.objects.all()] == ["young"]


@pytest.mark.usefixtures("standing_clock")
def test_a_key_costs_two_queries_and_so_does_a_replay(
    api: APIClient, account: Account, now: datetime, django_assert_num_queries: Any
) -> None:
    plain, keyed = (f"{GIFTS}/{build.scheduled(account, now).pk}/approve" for _ in range(2))
    for _ in range(3):
        api.get(GIFTS)  # enough of the key's minute is taken
    savepoint = 2  # the transaction around both, which in a test is one within the test's own

    with django_assert_num_queries(10):
        api.post(plain)
    with django_assert_num_queries(10 + 2 + savepoint):
        post(api, keyed)
    with django_assert_num_queries(2):
        post(api, keyed)
