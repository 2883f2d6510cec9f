"""Guessing: how soon it ends, and that it ends for nobody but whoever guesses."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.db import connection, connections
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import lockout
from accounts.lockout import LOCKED_FOR, TRIES, TRIES_OF_ADDRESS, take_try
from accounts.models import User
from accounts.sweeps import purge_tries
from giftflick.lambda_http import CLIENT_ADDRESS
from tests.accounts.codes import (
    CODE,
    a_while_later,
    come_in,
    key_of,
    member,
    phone_shows,
    type_code,
    type_password,
    wrong_code,
)
from tests.conftest import Lines

HOME, OUTSIDE = "198.51.100.7", "203.0.113.9"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_hashes")]


@pytest.fixture
def ada() -> User:
    return member()


def at(address: str) -> Client:
    """A browser at an address, as the Lambda entry tells it."""
    extra: Any = {CLIENT_ADDRESS: address}
    return Client(**extra)


def is_in(client: Client) -> bool:
    return client.get("/admin/").status_code == 200


def guess(client: Client, times: int, name: str = "ada") -> list[int]:
    return [type_password(client, name, f"guess number {number}").status_code for number in range(times)]


def half_an_hour_later() -> None:
    for attempt in AccessAttempt.objects.all():
        AccessAttempt.objects.filter(pk=attempt.pk).update(attempt_time=attempt.attempt_time - LOCKED_FOR)


def test_after_five_wrong_passwords_even_the_right_one_is_not_looked_at(ada: User) -> None:
    outsider = at(OUTSIDE)

    assert guess(outsider, TRIES + 1) == [200] * TRIES + [429]
    answer = type_password(outsider)

    assert answer.status_code == 429
    assert "There were too many wrong tries. Please try again in 30 minutes." in answer.content.decode()
    assert not is_in(outsider)


def test_an_outsider_locks_nobody_out_at_another_address(ada: User) -> None:
    for number in range(3):
        guess(at(f"203.0.113.{number}"), TRIES + 3)

    founder = at(HOME)
    come_in(founder, ada)

    assert is_in(founder)


def test_nor_at_the_very_same_address_in_a_browser_that_its_owner_has_used_before(ada: User) -> None:
    founder, outsider = at(HOME), at(HOME)
    come_in(founder, ada)
    founder.post("/admin/logout/")
    guess(outsider, TRIES_OF_ADDRESS + 5)
    for number in range(30):
        guess(outsider, 1, f"name{number}")

    assert type_password(at(HOME)).status_code == 429
    come_in(founder, ada)
    assert is_in(founder)


def test_an_outsider_who_has_the_password_does_not_keep_its_owner_waiting_either(ada: User) -> None:
    founder = at(HOME)
    come_in(founder, ada)
    founder.post("/admin/logout/")
    TOTPDevice.objects.filter(user=ada).update(
        last_t=-1, throttling_failure_count=10, throttling_failure_timestamp=timezone.now()
    )
    stranger = at(OUTSIDE)
    type_password(stranger)
    assert type_code(stranger, phone_shows(key_of(ada))).status_code == 429

    type_password(founder)
    type_code(founder, phone_shows(key_of(ada)))

    assert is_in(founder)


def test_a_lock_is_over_after_half_an_hour_and_trying_on_does_not_prolong_it(ada: User) -> None:
    outsider = at(OUTSIDE)
    guess(outsider, TRIES)
    half_an_hour_later()
    assert is_in_after(outsider, ada)

    guess(outsider, TRIES)
    before = list(AccessAttempt.objects.order_by("pk").values_list("attempt_time", "failures_since_start"))
    guess(outsider, 3)
    assert list(AccessAttempt.objects.order_by("pk").values_list("attempt_time", "failures_since_start")) == before
    assert timedelta(hours=1) >= LOCKED_FOR


def is_in_after(client: Client, user: User) -> bool:
    come_in(client, user)
    known, client.cookies["known_browser"] = client.cookies["known_browser"].value, ""
    assert known
    found = is_in(client)
    client.post("/admin/logout/")
    return found


def test_wrong_codes_count_with_wrong_passwords(ada: User) -> None:
    outsider = at(OUTSIDE)
    for _ in range(TRIES):
        type_password(outsider)  # right, so it is given back
        a_while_later(ada)
        type_code(outsider, wrong_code(key_of(ada)))

    assert type_password(outsider).status_code == 429
    a_while_later(ada)
    answer = type_code(outsider, phone_shows(key_of(ada)))
    assert (answer.status_code, "too many wrong tries" in answer.content.decode()) == (429, True)
    assert not is_in(outsider)


def test_a_sign_in_makes_earlier_slips_forgotten(ada: User) -> None:
    client = at(HOME)
    for _ in range(3):
        guess(client, TRIES - 1)
        come_in(client, ada)
        assert is_in(client)
        client.post("/admin/logout/")
        client.cookies.clear()


def test_one_address_may_not_try_many_names(ada: User) -> None:
    outsider = at(OUTSIDE)

    statuses = [guess(outsider, 1, f"name{number}")[0] for number in range(TRIES_OF_ADDRESS + 2)]

    assert statuses == [200] * TRIES_OF_ADDRESS + [429, 429]
    assert AccessAttempt.objects.count() <= TRIES_OF_ADDRESS + 1


def test_of_ipv6_the_network_counts_and_not_each_of_its_addresses(ada: User) -> None:
    statuses = [guess(at(f"2001:db8:0:1::{number:x}"), 1)[0] for number in range(1, TRIES + 2)]

    assert statuses == [200] * TRIES + [429]
    assert type_password(at("2001:db8:0:2::1"))["Location"] == CODE


def test_no_header_makes_another_address(ada: User) -> None:
    forged = [{"X-Forwarded-For": f"192.0.2.{number}", "User-Agent": f"b{number}"} for number in range(7)]

    statuses = [type_password(at(OUTSIDE), password="no", headers=headers).status_code for headers in forged]

    assert statuses == [200] * TRIES + [429] * 2


def test_names_differing_in_capitals_count_as_one(ada: User) -> None:
    outsider = at(OUTSIDE)

    statuses = [guess(outsider, 1, name)[0] for name in ("ada", "Ada", "ADA", "aDa", "adA", "ADa")]

    assert statuses == [200] * TRIES + [429]


def test_a_cookie_of_another_person_or_of_ones_own_making_is_of_no_use(ada: User) -> None:
    bea = member("bea")
    theirs = at(OUTSIDE)
    come_in(theirs, bea)
    cookie = theirs.cookies["known_browser"].value
    theirs.post("/admin/logout/")
    assert guess(theirs, TRIES + 1) == [200] * TRIES + [429]

    made_up = at("203.0.113.77")
    made_up.cookies["known_browser"] = cookie[:-4] + "AAAA"
    assert guess(made_up, TRIES + 1) == [200] * TRIES + [429]


def test_in_a_known_browser_one_may_not_guess_for_ever_either(ada: User) -> None:
    client = at(HOME)
    come_in(client, ada)
    client.post("/admin/logout/")

    assert guess(client, TRIES + 1) == [200] * TRIES + [429]


def test_no_name_address_or_password_is_kept_or_logged(ada: User, log_lines: Lines) -> None:
    client = at(OUTSIDE)
    type_password(client, "hunter2-typed-as-a-name", "hunter3-a-password")
    guess(client, TRIES)
    type_password(client)
    type_code(client, "hunter4")

    kept = str(list(AccessAttempt.objects.values()))
    for secret in ("hunter2", "hunter3", "hunter4", "guess number", "'ada'"):
        assert secret not in kept
        assert secret not in str(log_lines())
    assert OUTSIDE not in str(log_lines())


def test_what_does_not_count_any_more_is_removed(ada: User) -> None:
    guess(at(OUTSIDE), 1)
    half_an_hour_later()
    guess(at(HOME), 1)

    assert purge_tries(timezone.now()) == 2  # the person's there, and the address'
    assert purge_tries(timezone.now()) == 0
    assert AccessAttempt.objects.count() == 2


def test_asking_for_it_again_counts_like_signing_in(ada: User) -> None:
    client = at(HOME)
    come_in(client, ada)
    statuses = []
    for _ in range(TRIES + 1):
        answer = client.post("/admin/reauthenticate/", {"password": "wrong", "code": "123456"})
        statuses.append("too many wrong tries" in answer.content.decode())

    assert statuses == [False] * TRIES + [True]


def request_at(address: str) -> HttpRequest:
    extra: Any = {CLIENT_ADDRESS: address}
    return RequestFactory().post("/admin/login/", **extra)


@pytest.mark.django_db(transaction=True)
def test_a_hundred_tries_at_once_are_no_more_than_five() -> None:
    now = timezone.now()

    def once(_number: int) -> bool:
        try:
            return take_try(request_at(OUTSIDE), "ada", now=now)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        granted = list(pool.map(once, range(100)))

    assert sum(granted) == TRIES


def test_one_request_is_one_try_however_often_it_is_asked(ada: User) -> None:
    request, now = request_at(OUTSIDE), timezone.now()

    assert [take_try(request, "ada", now=now) for _ in range(10)] == [True] * 10
    assert lockout.is_used_up(request, "ada", now=now) is False


def test_a_try_costs_few_queries(ada: User, django_assert_num_queries: Any) -> None:
    take_try(request_at(OUTSIDE), "ada", now=timezone.now())

    with django_assert_num_queries(6):  # two rows locked and counted, in one transaction
        take_try(request_at(OUTSIDE), "ada", now=timezone.now())
    assert connection.in_atomic_block
