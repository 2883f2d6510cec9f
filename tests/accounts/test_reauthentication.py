"""Dangerous things want both factors once more, ten minutes after they were last shown."""

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from accounts.models import User
from tests.accounts.codes import PASSWORD, a_while_later, come_in, equip, key_of, member, phone_shows, wrong_code

DANGEROUS = "/admin/accounts/user/add/"
AGAIN = "/admin/reauthenticate/"
NEW = {"username": "bea", "email": "bea@giftflick.example", "groups": ["1"]}

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_hashes")]


@pytest.fixture
def user() -> User:
    return member()


@pytest.fixture
def stale(client: Client, user: User) -> Client:
    """Signed in, ten minutes and a second ago."""
    come_in(client, user)
    age(client, 601)
    a_while_later(user)
    return client


def age(client: Client, seconds: int) -> None:
    session = client.session
    session["confirmed_at"] -= seconds
    session.save()


def test_within_ten_minutes_nobody_is_asked_again(client: Client, user: User) -> None:
    come_in(client, user)
    age(client, 500)

    assert client.get(DANGEROUS).status_code == 200


def test_later_it_asks_for_both_and_leads_back(stale: Client, user: User) -> None:
    asked = stale.get(f"{DANGEROUS}?_popup=1")
    assert asked["Location"] == f"{AGAIN}?next=%2Fadmin%2Faccounts%2Fuser%2Fadd%2F%3F_popup%3D1"

    page = stale.get(asked["Location"])
    done = stale.post(AGAIN, {"password": PASSWORD, "code": phone_shows(key_of(user)), "next": page.context["next"]})

    assert done["Location"] == f"{DANGEROUS}?_popup=1"
    assert stale.get(DANGEROUS).status_code == 200


def test_a_recovery_code_will_do(client: Client, user: User) -> None:
    come_in(client, user)
    user.staticdevice_set.all().delete()  # type: ignore[attr-defined]
    user.totpdevice_set.all().delete()  # type: ignore[attr-defined]
    codes = equip(user)
    come_in(client, user)
    age(client, 601)

    client.post(AGAIN, {"password": PASSWORD, "code": codes[0]})

    assert client.get(DANGEROUS).status_code == 200


def test_a_late_form_does_nothing_and_is_shown_again(stale: Client) -> None:
    answer = stale.post(DANGEROUS, NEW)

    assert answer["Location"].startswith(AGAIN)
    assert User.objects.count() == 1
    assert [str(message) for message in get_messages(answer.wsgi_request)] == [
        "Nothing was done yet: this took a while. Once you have shown who you are, press the button again."
    ]


@pytest.mark.parametrize(
    ("password", "right_code", "field"),
    [("wrong", True, "password"), (PASSWORD, False, "code"), ("", True, "password")],
)
def test_one_factor_is_not_enough(stale: Client, user: User, password: str, right_code: bool, field: str) -> None:
    code = phone_shows(key_of(user)) if right_code else wrong_code(key_of(user))

    answer = stale.post(AGAIN, {"password": password, "code": code})

    assert (answer.status_code, list(answer.context["form"].errors)) == (200, [field])
    assert stale.get(DANGEROUS).status_code == 302


def test_a_colleagues_factors_are_not_ones_own(stale: Client) -> None:
    bea = member("bea")
    User.objects.filter(pk=bea.pk).update(password=User.objects.get(username="ada").password)

    answer = stale.post(AGAIN, {"password": PASSWORD, "code": phone_shows(key_of(bea))})

    assert list(answer.context["form"].errors) == ["code"]


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/v1/", "/admin/login/", "\\\\evil", ""]
)
def test_it_leads_nowhere_but_into_the_admin(stale: Client, user: User, elsewhere: str) -> None:
    answers = {"password": PASSWORD, "code": phone_shows(key_of(user)), "next": elsewhere}

    assert stale.post(AGAIN, answers)["Location"] == "/admin/"


def test_a_clock_that_was_set_back_makes_nobody_fresh_for_ever(client: Client, user: User) -> None:
    come_in(client, user)
    age(client, -3600)

    assert client.get(DANGEROUS).status_code == 302


def test_a_password_alone_is_not_asked_again_but_refused(client: Client) -> None:
    assert client.get(AGAIN)["Location"] == f"/admin/login/?next={AGAIN}"
