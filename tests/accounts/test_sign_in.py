"""The way into the admin: a password, then a code. A password alone opens nothing."""

import re
import time
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.messages import get_messages
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import User
from accounts.sign_in import HALF
from tests.accounts.codes import (
    CODE,
    ENROL,
    LOGIN,
    PASSWORD,
    a_while_later,
    come_in,
    equip,
    key_of,
    member,
    phone_shows,
    type_code,
    type_password,
    wrong_code,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_hashes")]


def is_in(client: Client) -> bool:
    return client.get("/admin/").status_code == 200


def test_password_and_code_sign_in(client: Client) -> None:
    user = member()

    first = type_password(client)
    assert (first.status_code, first["Location"], is_in(client)) == (302, CODE, False)
    second = type_code(client, phone_shows(key_of(user)))

    assert (second.status_code, second["Location"], is_in(client)) == (302, "/admin/", True)
    user.refresh_from_db()
    assert user.last_login is not None


def test_blanks_in_a_code_are_no_matter(client: Client) -> None:
    user = member()
    type_password(client)
    code = phone_shows(key_of(user))

    type_code(client, f" {code[:3]} {code[3:]} ")

    assert is_in(client)


def test_one_comes_back_to_the_page_that_was_asked_for(client: Client) -> None:
    user = member()
    asked = client.get("/admin/accounts/account/?q=confetti")

    client.post(LOGIN, {"username": "ada", "password": PASSWORD, "next": "/admin/accounts/account/?q=x"})
    done = type_code(client, phone_shows(key_of(user)))

    assert asked["Location"] == "/admin/login/?next=/admin/accounts/account/%3Fq%3Dconfetti"
    assert done["Location"] == "/admin/accounts/account/?q=x"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/admin/",
        "/\\evil.example/admin/",
        "javascript:alert(1)",
        "/v1/gifts",
        "/admin/../v1/",
        "/admin/login/code/",
        "/adminevil",
        "",
    ],
)
def test_nothing_leads_out_of_the_admin(client: Client, elsewhere: str) -> None:
    user = member()

    client.post(LOGIN, {"username": "ada", "password": PASSWORD, "next": elsewhere})
    done = type_code(client, phone_shows(key_of(user)))

    assert done["Location"] == "/admin/"


@pytest.mark.parametrize("who", ["wrong password", "unknown", "let go", "not of the team", "nobody", "no password"])
def test_whoever_may_not_come_in_is_told_the_same(client: Client, who: str) -> None:
    member("ada", is_active=who != "let go")
    User.objects.filter(username="ada").update(is_staff=who != "not of the team")
    name = {"unknown": "eve", "nobody": ""}.get(who, "ada")
    password = {"wrong password": "not this one", "no password": ""}.get(who, PASSWORD)

    answer = type_password(client, name, password)

    assert answer.status_code == 200
    if name and password:
        assert "Name and password do not belong together." in answer.content.decode()
    assert HALF not in client.session
    assert not is_in(client)


def test_a_password_alone_opens_no_page(client: Client) -> None:
    member()
    type_password(client)

    for path in ("/admin/", "/admin/second-factor/", "/admin/reauthenticate/", "/admin/password_change/"):
        assert client.get(path).status_code == 302, path
    assert client.get(ENROL)["Location"] == CODE


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "-12345", "0" * 41, "a\x00b"])
def test_what_is_no_code_is_refused_in_words(client: Client, code: str) -> None:
    member()
    type_password(client)

    answer = type_code(client, code)

    assert (answer.status_code, "errorlist" in answer.content.decode(), is_in(client)) == (200, True, False)


def test_a_code_works_once(client: Client) -> None:
    user = member()
    code = phone_shows(key_of(user))
    type_password(client)
    type_code(client, code)
    thief = Client()
    type_password(thief)

    answer = type_code(thief, code)

    assert "This code is wrong, or has been used already." in answer.content.decode()
    assert not is_in(thief)


def test_a_code_of_somebody_elses_phone_does_not_work(client: Client) -> None:
    member()
    bea = member("bea")
    type_password(client)

    type_code(client, phone_shows(key_of(bea)))

    assert not is_in(client)


def test_a_recovery_code_works_once_in_place_of_the_phone_and_says_how_many_are_left(client: Client) -> None:
    user = member(has_factor=False)
    codes = equip(user)
    type_password(client)

    answer = client.post(CODE, {"code": codes[3].upper()}, follow=True)

    [told] = [str(message) for message in get_messages(answer.wsgi_request)]
    assert told.startswith("You have 9 recovery codes left.")
    thief = Client()
    type_password(thief)
    type_code(thief, codes[3])
    assert not is_in(thief)
    a_while_later(user)
    type_code(thief, codes[4].replace("-", " "))
    assert is_in(thief)


def test_after_a_wrong_code_the_next_has_to_wait_and_is_told_how_long(client: Client) -> None:
    user = member()
    TOTPDevice.objects.filter(user=user).update(throttling_failure_count=6, throttling_failure_timestamp=timezone.now())
    type_password(client)

    answer = type_code(client, phone_shows(key_of(user)))

    assert answer.status_code == 429
    [seconds] = re.findall(
        r"There were too many wrong codes\. Please try again in (\d+) seconds\.", answer.content.decode()
    )
    assert 0 < int(seconds) <= 32  # less what the two requests took
    assert not is_in(client)


def test_no_pause_grows_beyond_ten_minutes_whoever_guesses(client: Client) -> None:
    user = member()
    long_ago = timezone.now() - timedelta(hours=1)
    TOTPDevice.objects.filter(user=user).update(throttling_failure_count=40, throttling_failure_timestamp=None)
    type_password(client)

    type_code(client, wrong_code(key_of(user)))

    device = TOTPDevice.objects.get(user=user)
    assert 2 ** (device.throttling_failure_count - 1) <= 600
    assert device.throttling_failure_timestamp > long_ago


def test_the_session_gets_another_id_at_each_step(client: Client) -> None:
    user = member()
    client.get(LOGIN)

    type_password(client)
    half = client.cookies["sessionid"].value
    type_code(client, phone_shows(key_of(user)))
    whole = client.cookies["sessionid"].value

    assert half != whole
    thief = Client()
    thief.cookies["sessionid"] = half
    assert not is_in(thief)


def test_a_session_that_somebody_planted_is_not_the_one_that_gets_in(client: Client) -> None:
    user = member()
    type_password(client)
    planted = client.cookies["sessionid"].value
    victim = Client()
    victim.cookies["sessionid"] = planted

    come_in(victim, user)

    assert (is_in(victim), is_in(client)) == (True, False)


def test_a_password_that_was_shown_waits_twenty_minutes_for_its_code(client: Client) -> None:
    user = member()
    type_password(client)
    session = client.session
    session[HALF] = {**session[HALF], "at": time.time() - 20 * 60 - 1}
    session.save()

    assert type_code(client, phone_shows(key_of(user)))["Location"] == LOGIN
    assert not is_in(client)


def test_a_changed_password_ends_what_waits_for_a_code(client: Client) -> None:
    user = member()
    type_password(client)
    user.set_password("another-long-phrase-8")
    user.save()

    assert type_code(client, phone_shows(key_of(user)))["Location"] == LOGIN


def test_twelve_hours_after_the_sign_in_the_session_is_over_however_busy_it_is(client: Client) -> None:
    user = member()
    come_in(client, user)
    until = client.session.get_expiry_date()
    assert abs(until - timezone.now() - timedelta(hours=12)) < timedelta(minutes=1)

    session = client.session
    session["busy"] = True
    session.save()
    client.post("/admin/reauthenticate/", {"password": PASSWORD, "code": "000000"})

    assert client.session.get_expiry_date() == until
    assert Session.objects.get(pk=client.session.session_key).expire_date == until
    session["_session_expiry"] = (timezone.now() - timedelta(seconds=1)).isoformat()
    session.save()
    assert not is_in(client)


def test_cookies_are_kept_from_scripts_other_sites_and_plain_http(client: Client, settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    user = member()
    client.get(LOGIN)

    come_in(client, user)

    for name in ("sessionid", "known_browser"):
        cookie = client.cookies[name]
        assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax"), name
    assert client.cookies["known_browser"]["path"] == "/admin/"
    assert (client.cookies["csrftoken"]["secure"], client.cookies["csrftoken"]["samesite"]) == (True, "Lax")


def test_cookies_are_secure_unless_a_laptop_says_otherwise() -> None:
    assert settings.SESSION_COOKIE_SECURE is settings.CSRF_COOKIE_SECURE is settings.SECURE_COOKIES
    assert settings.SESSION_COOKIE_HTTPONLY


def test_signing_out_ends_the_session(client: Client) -> None:
    user = member()
    come_in(client, user)
    session = client.cookies["sessionid"].value

    client.post("/admin/logout/")

    thief = Client()
    thief.cookies["sessionid"] = session
    assert not is_in(client)
    assert not is_in(thief)


def test_another_sign_in_in_the_same_browser_ends_the_one_before(client: Client) -> None:
    ada, bea = member(), member("bea")
    come_in(client, ada)

    type_password(client, "bea")

    assert not is_in(client)
    type_code(client, phone_shows(key_of(bea)))
    assert client.get("/admin/").context["user"] == bea


def test_a_changed_password_ends_every_other_session_but_not_ones_own(client: Client) -> None:
    user, other = member(), Client()
    come_in(other, user)
    come_in(client, user)
    a_while_later(user)

    changed = client.post(
        "/admin/password_change/",
        {
            "old_password": PASSWORD,
            "new_password1": "another-long-phrase-8",
            "new_password2": "another-long-phrase-8",
        },
    )

    assert changed["Location"] == "/admin/password_change/done/"
    assert (is_in(client), is_in(other)) == (True, False)


def test_pages_before_the_admin_are_in_no_cache_and_load_nothing_foreign(client: Client) -> None:
    member(has_factor=False)
    shown = [client.get(LOGIN)]
    type_password(client)
    shown.append(client.get(ENROL))

    for page in shown:
        assert "no-store" in page["Cache-Control"]
        assert "script-src 'self'" in page["Content-Security-Policy"]
        assert "form-action 'self'" in page["Content-Security-Policy"]


def test_a_forged_form_signs_nobody_in() -> None:
    user = member()
    client = Client(enforce_csrf_checks=True)

    assert type_password(client).status_code == 403
    half = Client()
    type_password(half)
    client.cookies["sessionid"] = half.cookies["sessionid"].value
    assert type_code(client, phone_shows(key_of(user))).status_code == 403
