"""Who is let go, or helped, while they change their own password or type a code."""

from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django_otp.plugins.otp_static.models import StaticDevice

import giftflick.admin_urls  # noqa: F401 - finds the pages
from accounts import second_factor, team
from accounts.founders import _token, make_founder
from accounts.models import User
from api.exceptions import InvalidStateError
from tests.accounts.codes import PASSWORD, equip, member
from tests.admin.signing import signed_in
from tests.admin.test_stale_edits import in_background
from tests.waiting import eventually, waiting_backends

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick_hashes")]

NEW = "another-long-phrase-8"


def let_go(bea: User, ada: User) -> None:
    team.change_member(bea, groups=[], by=ada, now=timezone.now(), is_active=False)


def mailed_form(user: User) -> tuple[Client, str]:
    """A browser that has opened the user's link, and the form's address."""
    client = Client()
    link = reverse("founders:password", args=[urlsafe_base64_encode(force_bytes(user.pk)), _token(user)])
    return client, client.get(link, follow=True).redirect_chain[-1][0]


def test_who_is_let_go_while_changing_the_password_stays_out() -> None:
    ada, bea = member("ada"), member("bea")
    client = signed_in(bea)
    form = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}

    with transaction.atomic():
        let_go(bea, ada)
        thread = in_background(lambda: client.post("/admin/password_change/", form))
        eventually(waiting_backends, 20)
    thread.join()

    bea.refresh_from_db()
    assert (bea.is_active, bea.sessions_ended) == (False, 2)


def test_who_is_let_go_while_choosing_a_password_stays_out_and_is_told() -> None:
    ada, bea = member("ada"), member("bea", has_factor=False)
    client, address = mailed_form(bea)
    answers: list[Any] = []

    with transaction.atomic():
        let_go(bea, ada)
        form = {"new_password1": NEW, "new_password2": NEW}
        thread = in_background(lambda: answers.append(client.post(address, form)))
        eventually(waiting_backends, 20)
    thread.join()

    assert (answers[0].status_code, "no longer works" in answers[0].content.decode()) == (410, True)
    before, bea = bea.password, User.objects.get(pk=bea.pk)
    assert (bea.is_active, bea.sessions_ended, bea.password) == (False, 1, before)


def test_a_link_that_is_used_twice_at_once_counts_once() -> None:
    bea = member("bea", has_factor=False)
    forms = [(*mailed_form(bea), f"{NEW}{number}") for number in range(2)]
    answers: list[int] = []

    def choose(client: Client, address: str, phrase: str) -> None:
        answers.append(client.post(address, {"new_password1": phrase, "new_password2": phrase}).status_code)

    with transaction.atomic():
        User.objects.select_for_update().get(pk=bea.pk)
        threads = [in_background(partial(choose, *form)) for form in forms]
        eventually(lambda: len(waiting_backends()) == 2, 20)
    for thread in threads:
        thread.join()

    assert sorted(answers) == [302, 410]


@pytest.mark.parametrize("is_reset", [True, False])
def test_a_code_that_is_typed_while_the_codes_are_replaced_knots_nothing(is_reset: bool) -> None:
    ada, bea = member("ada"), member("bea", has_factor=False)
    [code, *_] = equip(bea)
    came: list[object] = []

    def replace() -> None:
        if is_reset:
            team.reset_second_factor(bea, actor="staff:ada", by=ada, now=timezone.now())
        else:
            second_factor.replace_codes(bea, second_factor.make_recovery_codes(), now=timezone.now())

    def type_it() -> None:
        try:
            came.append(second_factor.check_code(bea, code, now=timezone.now()))
        except Exception as error:  # noqa: BLE001 - whatever comes is looked at
            came.append(error)

    with transaction.atomic():
        list(StaticDevice.objects.select_for_update().filter(user=bea))
        threads = [in_background(type_it)]
        eventually(lambda: len(waiting_backends()) == 1, 20)
        threads.append(in_background(replace))
        eventually(lambda: len(waiting_backends()) == 2, 20)
    for thread in threads:
        thread.join()

    assert not [one for one in came if "deadlock" in str(one)]


def test_an_address_that_a_colleague_gets_in_this_instant_makes_no_second_founder() -> None:
    ada, came = member("ada"), list[object]()

    def create() -> None:
        try:
            came.append(make_founder(email="eve@giftflick.example", username="eve", now=timezone.now()))
        except InvalidStateError as refusal:
            came.append(refusal.detail)

    with transaction.atomic():
        team.invite_member(username="eva", email="Eve@giftflick.example", groups=[], by=ada, now=timezone.now())
        thread = in_background(create)
        eventually(waiting_backends, 20)
    thread.join()

    assert came == ["This address is a user's who is no founder, or no longer: change that in the admin."]
