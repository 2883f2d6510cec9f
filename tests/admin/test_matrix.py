"""Every page of the admin as each group: who may open it does, and nobody else. `matrix.py` says what a page needs."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.groups import make_groups
from accounts.models import User
from tests.accounts.codes import equip, type_password
from tests.admin.conftest import Story
from tests.admin.leaks import Reader
from tests.admin.matrix import ACTIONS, MODELS, OUTSIDE, PAGES
from tests.admin.signing import signed_in
from tests.admin.visits import ANSWERS, KEPT, NO_GROUP, ROLES, SUPERUSER, allowed, patterns, undone, user_in, visits

SUM = """
    SELECT md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), ''))
    FROM "{}" t WHERE t::text NOT LIKE '%access.refused%'
"""
UNWATCHED = {"django_session"}  # where a message may wait to be shown

# Who may do what is dangerous, group by group, as it was decided: not computed from `accounts.groups`.
DECIDED = {
    "accounts.manage_team": {"Founder"},
    "accounts.view_apikey": {"Founder", "Developer"},
    "accounts.add_apikey": {"Founder", "Developer"},
    "accounts.delete_apikey": {"Founder", "Developer"},
    "accounts.view_account": {"Founder", "Support", "Developer", "Read-only"},
    "accounts.change_account": {"Founder"},
    "api.view_gift": {"Founder", "Support", "Developer", "Read-only"},
    "api.view_auditentry": {"Founder", "Support", "Developer"},
    "api.change_template": {"Founder", "Developer"},
    "api.operate_gift": {"Founder", "Support", "Developer"},
    "api.erase_recipient": {"Founder", "Support"},
    "api.export_pii": {"Founder"},
    "api.operate_job": {"Founder", "Support", "Developer"},
    "api.import_data": {"Founder"},
    "api.run_campaign": {"Founder"},
    "api.use_console": {"Founder", "Developer", "Query"},
    "api.console_pii": {"Founder"},
    "api.view_queryrun": {"Founder", "Developer"},
    "api.change_savedquery": {"Founder"},
    "api.view_campaign": {"Founder", "Support", "Developer", "Read-only"},
    "api.view_batch": {"Founder", "Support", "Developer", "Read-only"},
    "api.add_export": {"Founder", "Support", "Developer"},
    "api.view_suppression": {"Founder", "Support", "Developer", "Read-only"},
    "api.add_suppression": {"Founder"},
    "api.delete_suppression": {"Founder"},
    "api.change_webhookendpoint": {"Founder", "Developer"},
    "api.change_webhookdelivery": {"Founder", "Developer"},
    "accounts.add_account": {"Founder"},
    "api.delete_savedfilter": {"Founder"},
}


def everything() -> dict[str, str]:
    """A sum of each table's rows: what has changed shows. That they were refused stands in the audit log."""
    with connection.cursor() as cursor:
        sums = {}
        for table in sorted(set(connection.introspection.table_names()) - UNWATCHED):
            cursor.execute(SUM.format(table))
            sums[table] = cursor.fetchone()[0]
    return sums


def some_rows(label: str) -> list[str]:
    app_label, _, model_name = label.partition("_")
    return [str(pk) for pk in apps.get_model(app_label, model_name)._default_manager.values_list("pk", flat=True)[:20]]


def test_every_page_is_in_the_table() -> None:
    model_pages = {
        f"{model}_{page}" for model in MODELS for page in ("changelist", "add", "change", "history", "delete")
    }

    assert {pattern.name for pattern in patterns()} - KEPT == model_pages | {name.split()[0] for name in PAGES} | set(
        OUTSIDE
    )


@pytest.mark.parametrize("role", ROLES)
def test_a_page_opens_for_those_who_have_what_it_needs_and_for_nobody_else(role: str, story: Story) -> None:
    reader = Reader(role)
    client = signed_in(user_in(role))

    wrong = {}
    for visit in visits():
        answer = client.get(visit.path)
        reader.read(visit.name, answer)
        expected, got = visit.status if allowed(role, visit.needs) else 403, answer.status_code
        if got != expected:
            wrong[visit.name] = f"{got} instead of {expected}"

    assert (wrong, reader.wrong) == ({}, set())


@pytest.mark.parametrize("role", [role for role in ROLES if role != SUPERUSER])
def test_who_may_not_change_a_thing_cannot_post_it_either(role: str, story: Story) -> None:
    reader = Reader(role)
    client = signed_in(user_in(role))
    before = everything()

    posted = {}
    for visit in visits():
        if allowed(role, visit.changes) or visit.name.startswith("autocomplete"):  # which nobody can post to
            continue
        answer = client.post(visit.path, ANSWERS)
        reader.read(visit.name, answer)
        posted[visit.name] = answer.status_code

    assert {name: status for name, status in posted.items() if status != 403} == {}
    assert everything() == before
    assert reader.wrong == set()


@pytest.mark.parametrize("role", [SUPERUSER, "Support", "Query"])
def test_what_a_page_answers_to_a_post_shows_nothing_that_it_should_not(role: str, story: Story) -> None:
    """Each is done and undone: an answer, a confirmation, a refusal."""
    reader = Reader(role)
    client = signed_in(user_in(role))
    posts = {visit.name: (visit.path, ANSWERS) for visit in visits() if allowed(role, visit.changes)}
    for (label, act), needs in ACTIONS.items():
        if allowed(role, (needs,)):
            answers: dict[str, Any] = {"action": act, "_selected_action": some_rows(label)}
            posts[f"{act} of {label}"] = (reverse(f"admin:{label}_changelist"), answers)

    for name, (path, answers) in posts.items():
        with undone(client):
            answer = client.post(path, answers)
            reader.read(name, answer)
            assert not answer.headers.get("Location", "").startswith("/admin/login/"), name

    assert reader.wrong == set()


@pytest.mark.parametrize("role", ROLES)
def test_a_lists_actions_are_offered_to_those_who_may_and_do_nothing_for_others(role: str, story: Story) -> None:
    client = signed_in(user_in(role))
    offered, expected = set(), {act for act, needs in ACTIONS.items() if allowed(role, (needs,))}
    before = everything()

    pages: dict[Any, Any] = admin.site._registry  # the stubs know no `_get_base_actions`
    for model, page in pages.items():
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        path = reverse(f"admin:{name}_changelist")
        answer = client.get(path)
        if answer.status_code == 200:
            offered |= {(name, act) for act in page.get_actions(answer.wsgi_request)}
        rows = some_rows(name)
        for act in {act for _, act, _ in page._get_base_actions()} - {act for of, act in expected if of == name}:
            client.post(path, {**ANSWERS, "action": act, "_selected_action": rows})

    assert offered == expected
    assert everything() == before


@pytest.mark.parametrize("how", ["signed out", "password only", "signed in without a second factor"])
def test_nobody_else_gets_any_further_than_the_sign_in(how: str, story: Story) -> None:
    user = User.objects.create_superuser("ada", password="a-long-enough-phrase-7")
    client = Client()
    if how == "password only":
        equip(user)
        type_password(client)
    elif how == "signed in without a second factor":
        client.force_login(user)

    shown = {}
    for visit in visits():
        for answer in (client.get(visit.path), client.post(visit.path, {"post": "yes"})):
            if not (answer.status_code == 302 and answer["Location"].startswith("/admin/login/?next=")):
                shown[visit.name] = (answer.status_code, answer.headers.get("Location"))

    assert shown == {"logout": (302, "/admin/")}  # which shows the sign-in in turn


def test_the_pages_before_the_admin_show_each_what_is_next(db: None) -> None:
    user = User.objects.create_superuser("ada", password="a-long-enough-phrase-7")
    equip(user)
    half = Client()
    type_password(half)
    clients = (Client(), half, signed_in(user))

    statuses = {name: tuple(client.get(reverse(f"admin:{name}")).status_code for client in clients) for name in OUTSIDE}

    assert statuses == OUTSIDE


@pytest.mark.parametrize("role", ROLES)
def test_an_apps_list_and_what_is_no_page_tell_nothing(role: str, story: Story) -> None:
    client = signed_in(user_in(role))
    sees_models = role not in (NO_GROUP, "Query")

    assert client.get("/admin/api/").status_code == (200 if sees_models else 404)
    assert client.get("/admin/no/such/page/").status_code == 404


def test_the_groups_may_what_was_decided(db: None) -> None:
    for permission, names in DECIDED.items():
        app_label, _, codename = permission.partition(".")
        holders = Group.objects.filter(
            permissions__codename=codename, permissions__content_type__app_label=app_label
        ).values_list("name", flat=True)
        assert set(holders) == names, permission


def test_a_release_brings_groups_back_to_what_the_code_says(db: None) -> None:
    support, manage = Group.objects.get(name="Support"), Permission.objects.get(codename="manage_team")
    before = set(support.permissions.values_list("codename", flat=True))
    support.permissions.add(manage)
    support.permissions.remove(Permission.objects.get(codename="view_gift"))

    make_groups()

    assert set(support.permissions.values_list("codename", flat=True)) == before


def test_a_superuser_needs_no_group_and_a_stranger_to_the_team_gets_nowhere(story: Story) -> None:
    outsider = User.objects.create_user("shopper", is_staff=False)
    outsider.groups.add(Group.objects.get(name="Founder"))

    assert signed_in(outsider).get("/admin/").status_code == 302
