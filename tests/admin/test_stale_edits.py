"""Two founders at the same row: the second is told and nothing is overwritten, at whatever moment they save."""

import json
import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Group
from django.db import connections, transaction
from django.test import Client

from accounts import services as accounts
from accounts.models import Account, User
from api.audit.models import AuditEntry
from api.templates.models import Template
from giftflick.admin import ModelAdmin, ReadOnlyAdmin
from tests.admin.forms import opened, save, stamps
from tests.admin.signing import signed_in
from tests.admin.test_forms import account_form
from tests.waiting import eventually, waiting_backends

Form = dict[str, Any]
TOLD = "Somebody changed this while you had it open"


def page_of(account: Account) -> str:
    return f"/admin/accounts/account/{account.pk}/change/"


@pytest.fixture
def second(db: None) -> Client:
    return signed_in(User.objects.create_superuser("zoe"))


def test_the_second_is_told_and_overwrites_nothing(founder: Client, second: Client, account: Account) -> None:
    path = page_of(account)
    first_saw, second_saw = opened(founder, path), opened(second, path)

    form = account_form(account, mails_per_day=10, _stamps=first_saw, _why="they asked")
    assert founder.post(path, form).status_code == 302
    answer = second.post(path, account_form(account, mails_per_day=99, name="Second", _stamps=second_saw))

    assert answer.status_code == 200
    account.refresh_from_db()
    assert (account.mails_per_day, account.name) == (10, "Confetti Shop")
    text = answer.content.decode()
    assert TOLD in text
    assert 'value="99"' in text
    assert 'value="Second"' in text
    (conflict,) = answer.context["conflicts"]
    assert (conflict.name, conflict.by, conflict.yours, conflict.is_yours_kept) == ("mails_per_day", "ada", "99", True)
    assert [(line.before, line.after) for line in conflict.lines] == [("2000", "10")]
    assert AuditEntry.objects.filter(action="account.changed").count() == 1


def test_saving_again_knowingly_goes_on_top(founder: Client, second: Client, account: Account) -> None:
    path = page_of(account)
    saw = opened(second, path)
    founder.post(path, account_form(account, mails_per_day=10, _stamps=opened(founder, path)))
    told = second.post(path, account_form(account, mails_per_day=99, _stamps=saw)).content.decode()

    assert second.post(path, account_form(account, mails_per_day=99, _stamps=stamps(told))).status_code == 302

    account.refresh_from_db()
    assert account.mails_per_day == 99
    newest = AuditEntry.objects.filter(action="account.changed").latest("id")
    assert (newest.actor, newest.changes) == ("staff:zoe", {"mails_per_day": [10, 99]})


def test_what_the_second_had_not_touched_is_shown_as_it_is_by_now(
    founder: Client, second: Client, account: Account
) -> None:
    """Else saving again would take back what nobody meant to."""
    path = page_of(account)
    saw = opened(second, path)
    founder.post(path, account_form(account, mails_per_day=10, _stamps=opened(founder, path)))

    answer = second.post(path, account_form(account, name="Second", _stamps=saw))

    assert [conflict.is_yours_kept for conflict in answer.context["conflicts"]] == [False]
    form = answer.context["adminform"].form
    assert (form["mails_per_day"].value(), form["name"].value()) == (10, "Second")


def test_a_third_change_in_between_is_told_too(founder: Client, second: Client, account: Account) -> None:
    path = page_of(account)
    saw = opened(second, path)
    founder.post(path, account_form(account, mails_per_day=10, _stamps=opened(founder, path)))
    told = second.post(path, account_form(account, mails_per_day=99, _stamps=saw)).content.decode()
    account.refresh_from_db()
    founder.post(path, account_form(account, mails_per_day=11, _stamps=opened(founder, path)))

    answer = second.post(path, account_form(account, mails_per_day=99, _stamps=stamps(told)))

    assert answer.status_code == 200
    account.refresh_from_db()
    assert account.mails_per_day == 11


def test_what_was_changed_past_the_admin_counts(founder: Client, account: Account) -> None:
    """By the API, a command, or by hand: the row itself is compared, not who wrote to the log."""
    path = page_of(account)
    saw = opened(founder, path)
    Account.objects.update(origins=["https://new.example"])

    answer = founder.post(path, account_form(account, origins="https://mine.example", _stamps=saw))

    (conflict,) = answer.context["conflicts"]
    assert (conflict.name, conflict.by) == ("origins", "")
    assert [line.after for line in conflict.lines] == ["https://new.example"]
    account.refresh_from_db()
    assert account.origins == ["https://new.example"]


def test_what_the_form_does_not_edit_is_neither_a_conflict_nor_overwritten(
    founder: Client, account: Account, now: datetime
) -> None:
    path = page_of(account)
    saw = opened(founder, path)
    accounts.suspend_account(account, now=now)

    assert founder.post(path, account_form(account, mails_per_day=10, _stamps=saw)).status_code == 302

    account.refresh_from_db()
    assert (account.mails_per_day, account.suspended_at is not None) == (10, True)


def test_two_who_make_the_same_change_agree(founder: Client, second: Client, account: Account) -> None:
    path = page_of(account)
    saw = opened(second, path)
    form = account_form(account, mails_per_day=10)
    founder.post(path, {**form, "_stamps": opened(founder, path)})

    assert second.post(path, {**form, "_stamps": saw}).status_code == 302
    assert AuditEntry.objects.filter(action="account.changed").count() == 1


def test_a_change_that_was_taken_back_is_none(founder: Client, second: Client, account: Account) -> None:
    path = page_of(account)
    saw = opened(second, path)
    for mails in (10, account.mails_per_day):
        founder.post(path, account_form(account, mails_per_day=mails, _stamps=opened(founder, path)))

    assert second.post(path, account_form(account, name="Second", _stamps=saw)).status_code == 302


def test_a_form_with_another_mistake_keeps_its_stamps(founder: Client, second: Client, account: Account) -> None:
    path = page_of(account)
    saw = opened(second, path)

    wrong = second.post(path, account_form(account, domains="no host name", _stamps=saw)).content.decode()
    assert TOLD not in wrong
    assert stamps(wrong) == saw

    founder.post(path, account_form(account, mails_per_day=10, _stamps=opened(founder, path)))
    both = second.post(path, account_form(account, domains="no host name", _stamps=saw)).content.decode()
    assert TOLD in both
    assert "is no host name" in both


@pytest.mark.parametrize("sent", ["", "{", "[]", "7", "null", '{"mails_per_day": "nonsense"}', '{"gone": "x"}'])
def test_a_field_that_was_shown_to_nobody_is_not_changed(sent: str, founder: Client, account: Account) -> None:
    """As a script would that knows no stamps; what it sent stands in the form, to be saved knowingly."""
    answer = founder.post(page_of(account), account_form(account, mails_per_day=10, _stamps=sent))

    assert answer.status_code == 200
    assert [(conflict.name, conflict.yours) for conflict in answer.context["conflicts"]] == [("mails_per_day", "10")]
    account.refresh_from_db()
    assert account.mails_per_day == 2000
    again = account_form(account, mails_per_day=10, _stamps=stamps(answer.content.decode()))
    assert founder.post(page_of(account), again).status_code == 302


def test_what_is_as_it_was_needs_no_stamp(founder: Client, account: Account) -> None:
    assert founder.post(page_of(account), account_form(account)).status_code == 302


def test_a_row_that_is_gone_meanwhile_is_said_to_be(founder: Client) -> None:
    user = User.objects.create_user("temp")
    path = f"/admin/accounts/user/{user.pk}/change/"
    saw = opened(founder, path)
    user.delete()

    answer = founder.post(path, {"username": "temp", "_stamps": saw}, follow=True)

    assert "Perhaps it was deleted?" in answer.content.decode()


def test_a_template_tells_which_place_of_its_script_was_changed(
    founder: Client, second: Client, template: Template, definition: Form
) -> None:
    path = f"/admin/api/template/{template.pk}/change/"
    save(founder, path, definition)
    saw = opened(second, path)
    theme = {**json.loads(definition["theme"]), "accent": "#123456"}
    founder.post(path, {**definition, "theme": json.dumps(theme), "_stamps": opened(founder, path)})
    mine = {**json.loads(definition["theme"]), "ink": "#000000"}

    answer = second.post(path, {**definition, "theme": json.dumps(mine), "_stamps": saw})

    (conflict,) = answer.context["conflicts"]
    assert [(line.name, line.after) for line in conflict.lines] == [("theme.accent", "#123456")]
    assert "&quot;#000000&quot;" in answer.content.decode()
    template.refresh_from_db()
    assert template.theme == theme


def test_the_same_script_in_other_words_is_no_change(founder: Client, template: Template, definition: Form) -> None:
    path = f"/admin/api/template/{template.pk}/change/"
    founder.post(path, definition)
    saw = opened(founder, path)
    respaced = {name: json.dumps(json.loads(definition[name]), indent=7) for name in ("fields", "theme", "scenes")}
    Template.objects.update(name="Renamed")

    answer = founder.post(path, {**definition, **respaced, "_stamps": saw})

    assert [conflict.name for conflict in answer.context["conflicts"]] == ["name"]


def test_groups_and_permissions_count_as_well(founder: Client, second: Client) -> None:
    user = User.objects.create_user("temp")
    path = f"/admin/accounts/user/{user.pk}/change/"
    saw = opened(second, path)
    group = Group.objects.create(name="helpers")
    user.groups.add(group)

    answer = second.post(path, {"username": "temp", "date_joined_0": "2026-01-01", "_stamps": saw})

    assert "groups" in [conflict.name for conflict in answer.context["conflicts"]]
    assert list(user.groups.all()) == [group]


def test_a_password_is_in_no_stamp(founder: Client) -> None:
    user = User.objects.create_user("temp", password="correct horse")

    assert "password" not in json.loads(opened(founder, f"/admin/accounts/user/{user.pk}/change/"))


def test_every_page_with_an_editable_form_is_careful() -> None:
    assert {type(page).__name__ for page in site._registry.values() if not isinstance(page, ModelAdmin)} == set()
    assert issubclass(ReadOnlyAdmin, ModelAdmin)


# Those who save in the same instant


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_in_the_same_instant_one_is_told(founder: Client, second: Client, account: Account) -> None:
    """Both have passed every check that comes before the lock, and wait for it."""
    path = page_of(account)
    forms = {
        founder: account_form(account, mails_per_day=10, _stamps=opened(founder, path)),
        second: account_form(account, mails_per_day=99, _stamps=opened(second, path)),
    }
    answers: dict[Client, Any] = {}

    def save(client: Client) -> None:
        answers[client] = client.post(path, forms[client])

    with transaction.atomic():
        Account.objects.select_for_update().get(pk=account.pk)
        threads = [in_background(partial(save, client)) for client in forms]
        eventually(lambda: len(waiting_backends()) == 2, 20)
    for thread in threads:
        thread.join()

    assert sorted(answer.status_code for answer in answers.values()) == [200, 302]
    account.refresh_from_db()
    winner = next(client for client, answer in answers.items() if answer.status_code == 302)
    assert account.mails_per_day == forms[winner]["mails_per_day"]
    told = next(answer for answer in answers.values() if answer.status_code == 200)
    assert TOLD in told.content.decode()
    assert AuditEntry.objects.filter(action="account.changed").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_change_that_commits_while_the_form_waits_is_seen(founder: Client, account: Account) -> None:
    path = page_of(account)
    form = account_form(account, mails_per_day=99, _stamps=opened(founder, path))
    answers: list[Any] = []

    with transaction.atomic():
        Account.objects.filter(pk=account.pk).update(mails_per_day=10)
        thread = in_background(lambda: answers.append(founder.post(path, form)))
        eventually(lambda: len(waiting_backends()) == 1, 20)
    thread.join()

    assert answers[0].status_code == 200
    account.refresh_from_db()
    assert account.mails_per_day == 10


@pytest.mark.django_db(transaction=True)
def test_of_two_who_add_the_same_shop_in_the_same_instant_one_is_told(founder: Client, account: Account) -> None:
    """By the database, after every check of the form: what was typed stands there still."""
    form = account_form(account, name="Balloon Shop", email="balloons@shop.example", mails_per_day=77)
    answers: list[Any] = []

    with transaction.atomic():
        accounts.create_account(name="Balloon Shop", email="other@shop.example")
        thread = in_background(lambda: answers.append(founder.post("/admin/accounts/account/add/", form)))
        eventually(lambda: len(waiting_backends()) == 1, 20)
    thread.join()

    shown = answers[0].context["adminform"].form
    assert (answers[0].status_code, shown.errors) == (200, {"name": ["Another shop has this name."]})
    assert shown["mails_per_day"].value() == "77"
    assert Account.objects.filter(name="Balloon Shop").count() == 1
    again = founder.post("/admin/accounts/account/add/", form)
    assert again.context["adminform"].form.errors == shown.errors  # in the same words, once the form sees it


@pytest.mark.django_db(transaction=True)
def test_a_name_that_another_shop_takes_meanwhile_is_told(founder: Client, account: Account) -> None:
    path = page_of(account)
    form = account_form(account, name="Balloon Shop", _stamps=opened(founder, path))
    answers: list[Any] = []

    with transaction.atomic():
        accounts.create_account(name="Balloon Shop", email="other@shop.example")
        thread = in_background(lambda: answers.append(founder.post(path, form)))
        eventually(lambda: len(waiting_backends()) == 1, 20)
    thread.join()

    assert answers[0].context["adminform"].form.errors == {"name": ["Another shop has this name."]}


def in_background(act: Callable[[], object]) -> threading.Thread:
    def run() -> None:
        try:
            act()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread
