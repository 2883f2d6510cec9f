"""Setting up the second factor, changing it, and that a password alone never can."""

import re
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import User
from accounts.second_factor import CODES, Setup, codes_left, enrol, make_recovery_codes, new_key, replace_codes
from api.exceptions import InvalidStateError
from tests.accounts.codes import (
    CODE,
    ENROL,
    KEEP,
    a_while_later,
    come_in,
    enrol_in,
    equip,
    key_of,
    member,
    phone_shows,
    shown_codes,
    shown_key,
    type_code,
    type_password,
    wrong_code,
)
from tests.admin.test_stale_edits import in_background
from tests.waiting import eventually, waiting_backends

OWN, REPLACE, NEW_CODES = "/admin/second-factor/", "/admin/second-factor/replace/", "/admin/second-factor/codes/"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_hashes")]


@pytest.fixture
def newcomer() -> User:
    return member(has_factor=False)


def is_in(client: Client) -> bool:
    return client.get("/admin/").status_code == 200


def test_a_newcomer_sets_up_a_phone_keeps_ten_codes_and_is_in(client: Client, newcomer: User) -> None:
    assert type_password(client)["Location"] == ENROL

    key, codes = enrol_in(client)

    assert is_in(client)
    assert (key_of(newcomer), len(set(codes))) == (key, CODES)
    again = Client()
    type_password(again)
    type_code(again, codes[0])
    assert is_in(again)


def test_the_page_shows_the_key_as_a_picture_as_text_and_as_a_link(client: Client, newcomer: User) -> None:
    type_password(client)

    page = client.get(ENROL).content.decode()

    key = shown_key(client.get(ENROL))
    [secret] = re.findall(r'id="secret">([^<]+)<', page)
    assert re.fullmatch(r"([A-Z2-7]{4} ){7}[A-Z2-7]{4}", secret)
    assert "<svg" in page
    assert f"otpauth://totp/Giftflick%3Aada?secret={secret.replace(' ', '')}" in page
    assert len(key) == 40
    assert "<script" not in page  # it works without


def test_until_the_codes_are_kept_nothing_counts(client: Client, newcomer: User) -> None:
    type_password(client)
    key = shown_key(client.get(ENROL))
    client.post(ENROL, {"code": phone_shows(key)})

    refused = client.post(KEEP, {})

    assert "Keep the codes first" in refused.content.decode()
    assert not is_in(client)
    assert not TOTPDevice.objects.exists()
    assert not StaticDevice.objects.exists()


def test_a_wrong_first_code_is_told_and_the_key_stays_the_same(client: Client, newcomer: User) -> None:
    type_password(client)
    key = shown_key(client.get(ENROL))

    answer = client.post(ENROL, {"code": wrong_code(key)})

    assert "This code is wrong. Is the clock of your phone right?" in answer.content.decode()
    assert shown_key(answer) == key
    assert client.get(KEEP)["Location"] == ENROL


def test_the_first_code_does_not_sign_in_once_more(client: Client, newcomer: User) -> None:
    type_password(client)
    code = phone_shows(shown_key(client.get(ENROL)))
    client.post(ENROL, {"code": code})
    client.get(KEEP)
    client.post(KEEP, {"kept": "on"})
    thief = Client()
    type_password(thief)

    type_code(thief, code)

    assert (is_in(client), is_in(thief)) == (True, False)


def test_codes_are_saved_as_a_file_and_stand_nowhere_in_clear_afterwards(client: Client, newcomer: User) -> None:
    type_password(client)
    key = shown_key(client.get(ENROL))
    client.post(ENROL, {"code": phone_shows(key)})
    codes = shown_codes(client.get(KEEP))

    file = client.get("/admin/login/recovery-codes.txt")
    client.post(KEEP, {"kept": "on"})

    assert file["Content-Disposition"] == 'attachment; filename="giftflick-recovery-codes.txt"'
    assert "no-store" in file["Cache-Control"]
    assert [code for code in codes if code in file.content.decode()] == codes
    kept = str(list(StaticToken.objects.values())) + str(dict(client.session))
    assert [code for code in codes if code in kept or code.replace("-", "") in kept] == []
    assert key not in str(dict(client.session))
    assert client.get(NEW_CODES)["Location"] == OWN
    assert client.get("/admin/login/recovery-codes.txt").status_code == 302


def test_whoever_has_only_the_password_gets_no_second_device_in(client: Client) -> None:
    user = member()
    key = key_of(user)
    type_password(client)

    for path in (ENROL, KEEP, "/admin/login/recovery-codes.txt"):
        assert client.get(path).status_code == 302
        assert client.post(path, {"code": "123456", "kept": "on"}).status_code == 302
    assert [device.key for device in TOTPDevice.objects.all()] == [key]
    with pytest.raises(InvalidStateError):
        enrol(user, Setup(new_key(), -1, 0, make_recovery_codes()), now=timezone.now())


def test_of_two_who_set_up_at_once_one_wins_and_the_other_has_to_show_its_code(newcomer: User) -> None:
    owner, outsider = Client(), Client()
    for browser in (owner, outsider):
        type_password(browser)
        browser.post(ENROL, {"code": phone_shows(shown_key(browser.get(ENROL)))})

    owner.post(KEEP, {"kept": "on"})
    late = outsider.post(KEEP, {"kept": "on"})

    assert (is_in(owner), is_in(outsider)) == (True, False)
    assert late.status_code == 302
    assert TOTPDevice.objects.count() == 1


def test_ones_own_page_says_what_there_is(client: Client) -> None:
    user = member()
    come_in(client, user)

    page = client.get(OWN).content.decode()

    assert "10 left" in page
    assert key_of(user) not in page
    assert "My second factor" in client.get("/admin/").content.decode()


def test_another_phone_replaces_the_first_with_its_codes_and_ends_other_sessions(client: Client) -> None:
    user, other = member(), Client()
    old = key_of(user)
    come_in(other, user)
    come_in(client, user)
    assert client.post(REPLACE, {"begin": "1"})["Location"] == REPLACE

    key, codes = enrol_in(client, REPLACE, NEW_CODES)

    assert (key_of(user), len(codes), old == key) == (key, CODES, False)
    assert (is_in(client), is_in(other)) == (True, False)
    again = Client()
    type_password(again)
    a_while_later(user)
    type_code(again, phone_shows(old))
    assert not is_in(again)


def test_new_recovery_codes_replace_the_old_ones_once_they_are_kept_and_end_other_sessions(client: Client) -> None:
    user, other = member(), Client()
    come_in(other, user)
    come_in(client, user)
    before = set(StaticToken.objects.values_list("token", flat=True))
    client.post(NEW_CODES, {"begin": "1"})
    codes = shown_codes(client.get(NEW_CODES))
    assert set(StaticToken.objects.values_list("token", flat=True)) == before

    client.post(NEW_CODES, {"kept": "on"})

    assert len(set(StaticToken.objects.values_list("token", flat=True)) - before) == CODES
    assert StaticToken.objects.count() == CODES
    assert (is_in(client), is_in(other)) == (True, False)
    again = Client()
    type_password(again)
    type_code(again, codes[9])
    assert is_in(again)


def test_whoever_came_in_by_a_recovery_code_stays_in_with_new_ones(client: Client) -> None:
    user = member(has_factor=False)
    old = equip(user)
    type_password(client)
    type_code(client, old[0])
    client.post(NEW_CODES, {"begin": "1"})

    client.post(NEW_CODES, {"kept": "on"})

    assert is_in(client)
    assert codes_left(user) == CODES


@pytest.mark.django_db(transaction=True)
def test_of_two_sets_of_codes_that_are_kept_at_once_one_counts() -> None:
    user, now = member(), timezone.now()
    sets = [make_recovery_codes() for _ in range(2)]

    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        threads = [in_background(partial(replace_codes, user, codes, now=now)) for codes in sets]
        eventually(lambda: len(waiting_backends()) == 2, 20)
    for thread in threads:
        thread.join()

    assert StaticDevice.objects.count() == 1
    assert codes_left(user) == CODES


def test_what_one_person_has_begun_is_not_the_next_ones_in_the_same_browser(client: Client, newcomer: User) -> None:
    member("bea", has_factor=False)
    type_password(client, newcomer.get_username())
    key = shown_key(client.get(ENROL))

    type_password(client, "bea")

    assert shown_key(client.get(ENROL)) != key


@pytest.mark.parametrize("path", [REPLACE, NEW_CODES, "/admin/second-factor/codes.txt"])
def test_changing_it_wants_a_fresh_sign_in(client: Client, path: str) -> None:
    user = member()
    come_in(client, user)
    session = client.session
    session["confirmed_at"] -= 601
    session.save()

    for answer in (client.get(path), client.post(path, {"begin": "1", "kept": "on"})):
        assert answer["Location"].startswith("/admin/reauthenticate/?next="), path
    assert key_of(user) == TOTPDevice.objects.get().key


def test_two_members_keys_and_codes_differ() -> None:
    ada, bea = member(), member("bea")

    assert key_of(ada) != key_of(bea)
    assert StaticToken.objects.values("token").distinct().count() == 2 * CODES


def test_the_enrolment_pages_are_of_no_use_without_a_password(client: Client, newcomer: User) -> None:
    for path in (CODE, ENROL, KEEP):
        answer: Any = client.get(path)
        assert (answer.status_code, answer["Location"]) == (302, "/admin/login/")
