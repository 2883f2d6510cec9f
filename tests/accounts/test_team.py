"""The team page: who comes, who may what, who goes, and help for whoever is locked out."""

from functools import partial
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import Group
from django.contrib.messages import get_messages
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

import giftflick.admin_urls  # noqa: F401 - finds the pages, as the first request to the admin does
from accounts import team
from accounts.models import User
from api.audit.models import AuditEntry
from local.stack import Stack
from tests.accounts.codes import come_in, equip, member, type_password
from tests.accounts.test_founders import Postbox, choose
from tests.admin.forms import save
from tests.admin.signing import signed_in
from tests.admin.test_stale_edits import in_background
from tests.waiting import eventually, waiting_backends

TEAM = "/admin/accounts/user/"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_hashes")]


@pytest.fixture
def founder() -> Client:
    return signed_in(User.objects.create_superuser("ada", "ada@giftflick.example"))


@pytest.fixture
def postbox(stack: Stack, request: pytest.FixtureRequest) -> Postbox:
    return Postbox(stack, f"{request.node.name.replace('_', '-')[:60]}@giftflick.example")


def group(name: str) -> Group:
    return Group.objects.get(name=name)


def colleague(name: str, *groups: str, **fields: Any) -> User:
    fields = {"email": f"{name}@giftflick.example", "is_staff": True, **fields}
    user = User.objects.create_user(name, **fields)
    user.groups.set([group(name) for name in groups])
    return user


def form(user: User, *groups: str, **changes: Any) -> dict[str, Any]:
    plain = {"email": user.email, "first_name": "", "last_name": "", "groups": [group(name).pk for name in groups]}
    return {**plain, "is_active": "on", **changes}


def change(client: Client, user: User, *groups: str, **changes: Any) -> Any:
    return save(client, f"{TEAM}{user.pk}/change/", form(user, *groups, **changes))


def help_with(client: Client, user: User, act: str, why: str = "she called me") -> Any:
    return client.post(f"/admin/team/{user.pk}/help/", {"act": act, "why": why}, follow=True)


def told(answer: Any) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


def test_a_colleague_is_invited_by_a_mailed_link_and_nobody_types_a_password(founder: Client, postbox: Postbox) -> None:
    page = founder.get(f"{TEAM}add/").content.decode()
    new = {"username": "bea", "email": postbox.email, "groups": [group("Support").pk]}

    answer = founder.post(f"{TEAM}add/", new)

    bea = User.objects.get(username="bea")
    assert answer["Location"] == TEAM
    assert 'type="password"' not in page
    assert (bea.is_staff, bea.is_superuser, bea.has_usable_password()) == (True, False, False)
    assert [one.name for one in bea.groups.all()] == ["Support"]
    assert choose(Client(), postbox.link()).status_code == 200
    entry = AuditEntry.objects.get(action="member.invited")
    assert (entry.actor, entry.door, entry.object_id) == ("staff:ada", "admin", str(bea.pk))
    assert entry.changes == {"name": [None, "bea"], "groups": [None, ["Support"]]}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"username": "ada"}, "username"),
        ({"username": "b a"}, "username"),
        ({"email": ""}, "email"),
        ({"email": "ADA@giftflick.example"}, "email"),
        ({"groups": []}, "groups"),
        ({"groups": ["0"]}, "groups"),
    ],
)
def test_what_makes_no_sense_invites_nobody(founder: Client, changes: dict[str, Any], field: str) -> None:
    new = {"username": "bea", "email": "bea@giftflick.example", "groups": [group("Support").pk], **changes}

    answer = founder.post(f"{TEAM}add/", new)

    assert list(answer.context["adminform"].form.errors) == [field]
    assert User.objects.count() == 1


def test_groups_are_changed_and_the_change_is_noted(founder: Client) -> None:
    bea = colleague("bea", "Support")

    assert change(founder, bea, "Developer", "Query").status_code == 302

    assert sorted(one.name for one in bea.groups.all()) == ["Developer", "Query"]
    entry = AuditEntry.objects.get(action="member.changed")
    assert entry.changes == {"groups": [["Support"], ["Developer", "Query"]]}


def test_nothing_but_what_the_form_has_is_changed_by_it(founder: Client) -> None:
    bea = colleague("bea", "Support")

    change(
        founder, bea, "Support", is_superuser="on", is_staff="", username="eve", password="x", user_permissions=["1"]
    )

    bea.refresh_from_db()
    assert (bea.username, bea.is_superuser, bea.is_staff, bea.password) == ("bea", False, True, bea.password)
    assert not bea.user_permissions.exists()


def test_somebody_who_is_let_go_is_out_at_once(founder: Client) -> None:
    bea = member("bea")
    browser = Client()
    come_in(browser, bea)

    change(founder, bea, "Founder", is_active="")

    assert browser.get("/admin/").status_code == 302
    assert type_password(Client(), "bea").status_code == 200  # as for a wrong one


def test_nobody_who_may_not_manage_the_team_sees_it(founder: Client) -> None:
    bea = colleague("bea", "Developer", "Support", "Query")
    client = signed_in(bea)

    assert "Team" not in client.get("/admin/").content.decode()
    for path in (
        TEAM,
        f"{TEAM}add/",
        f"{TEAM}{bea.pk}/change/",
        f"{TEAM}{bea.pk}/history/",
        f"/admin/team/{bea.pk}/help/",
    ):
        assert client.get(path).status_code == 403, path
        assert client.post(path, form(bea, "Founder")).status_code == 403, path
    assert not bea.groups.filter(name="Founder").exists()


def test_a_founder_who_is_no_superuser_manages_the_team_and_makes_nobody_more_than_that() -> None:
    eve = colleague("eve", "Founder")
    client = signed_in(eve)
    bea = colleague("bea", "Support")

    assert change(client, bea, "Founder").status_code == 302
    change(client, eve, "Founder", is_superuser="on")

    assert bea.groups.filter(name="Founder").exists()
    assert not User.objects.filter(is_superuser=True).exists()


def test_nobody_gives_more_than_they_have_or_changes_somebody_who_may_more() -> None:
    manager = colleague("max", "Support")
    manager.user_permissions.add(*group("Founder").permissions.filter(codename="manage_team"))
    client, bea, ada = signed_in(manager), colleague("bea", "Support"), colleague("ada", "Founder")

    given = change(client, bea, "Support", "Developer")
    change(client, ada, "Support")
    refused = client.post(f"/admin/team/{ada.pk}/help/", {"act": "reset", "why": "so that I get in"})

    assert "may more than you" in str(given.context["adminform"].form.errors)
    assert [one.name for one in bea.groups.all()] == ["Support"]
    assert [one.name for one in ada.groups.all()] == ["Founder"]
    assert refused.status_code == 403
    assert not AuditEntry.objects.filter(action="second_factor.reset").exists()


@pytest.mark.django_db(transaction=True)
def test_two_founders_who_change_each_other_at_once_wait_for_each_other() -> None:
    """Both have passed every check that comes before the first lock."""
    ada, eve = colleague("ada", "Founder"), colleague("eve", "Founder")
    clients = {ada: signed_in(eve), eve: signed_in(ada)}
    answers: list[int] = []

    def save(user: User) -> None:
        answers.append(change(clients[user], user, "Founder", first_name="changed").status_code)

    with transaction.atomic():
        list(User.objects.select_for_update().order_by("pk"))
        threads = [in_background(partial(save, user)) for user in clients]
        eventually(lambda: len(waiting_backends()) == 2, 20)
    for thread in threads:
        thread.join()

    assert answers == [302, 302]
    assert list(User.objects.values_list("first_name", flat=True)) == ["changed", "changed"]


@pytest.mark.django_db(transaction=True)
def test_a_colleague_who_is_invited_twice_at_once_is_invited_once(founder: Client) -> None:
    answers: list[Any] = []
    eve = {"username": "eve", "email": "eve@giftflick.example", "groups": [group("Support").pk]}

    with transaction.atomic():
        colleague("eve", "Support")
        thread = in_background(lambda: answers.append(founder.post(f"{TEAM}add/", eve)))
        eventually(lambda: len(waiting_backends()) == 1, 20)
    thread.join()

    shown = answers[0].context["adminform"].form
    assert shown.errors["username"] == ["A colleague has this name."]
    assert (shown["email"].value(), User.objects.filter(username="eve").count()) == ("eve@giftflick.example", 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_new", [True, False])
def test_one_address_is_given_to_one_of_two_colleagues_at_once(founder: Client, is_new: bool) -> None:
    answers: list[Any] = []
    eve = {"email": "Eve@giftflick.example", "groups": [group("Support").pk]}

    def give(name: str) -> None:
        if is_new:
            answers.append(founder.post(f"{TEAM}add/", {**eve, "username": name}))
        else:
            answers.append(change(founder, colleagues[name], "Support", email="eve@giftflick.example"))

    colleagues = {} if is_new else {name: colleague(name, "Support") for name in "ab"}
    with transaction.atomic():
        team.lock_founders()
        threads = [in_background(partial(give, name)) for name in "ab"]
        eventually(lambda: len(waiting_backends()) == 2, 20)
    for thread in threads:
        thread.join()

    done, told = sorted(answers, key=lambda answer: -int(answer.status_code))
    assert (done.status_code, told.context["adminform"].form.errors) == (302, {"email": [team.ADDRESS_TAKEN]})
    assert User.objects.filter(email__iexact="eve@giftflick.example").count() == 1


@pytest.mark.parametrize("is_active", [True, False])
def test_a_founder_who_is_no_superuser_gets_at_no_superuser(is_active: bool) -> None:
    ada = User.objects.create_superuser("ada", "ada@giftflick.example", "a phrase", is_active=is_active)
    client = signed_in(colleague("eve", "Founder"))

    change(client, ada, "Founder", email="eve@elsewhere.example")
    refused = [help_with(client, ada, act).status_code for act in ("reset", "link", "unlock")]

    before, ada = ada, User.objects.get(pk=ada.pk)
    assert refused == [403, 403, 403]
    assert AuditEntry.objects.filter(action="access.refused", actor="staff:eve").count() == 4
    assert (ada.email, ada.password, ada.is_active) == (before.email, before.password, is_active)


def test_whoever_was_let_go_may_as_much_as_before_to_those_who_may_less() -> None:
    manager = colleague("max", "Support")
    manager.user_permissions.add(*group("Founder").permissions.filter(codename="manage_team"))
    client, old = signed_in(manager), colleague("old", "Developer", is_active=False)

    change(client, old, "Developer", email="max@elsewhere.example")

    assert User.objects.get(pk=old.pk).email == old.email
    assert not User.objects.get(pk=old.pk).is_active
    assert help_with(client, old, "reset").status_code == 403


@pytest.mark.parametrize("how", [{"groups": ["Support"]}, {"groups": ["Founder"], "is_active": ""}])
def test_the_last_founder_stays(how: dict[str, Any]) -> None:
    eve = colleague("eve", "Founder")
    colleague("old", "Founder", is_active=False)
    client = signed_in(eve)
    groups = how.pop("groups")

    answer = change(client, eve, *groups, **how)

    errors = answer.context["adminform"].form.non_field_errors()
    assert errors == ["This is the last founder: nobody would be left who may let others in."]
    eve.refresh_from_db()
    assert (eve.is_active, [one.name for one in eve.groups.all()]) == (True, ["Founder"])


def test_no_colleague_is_deleted_and_no_group_is_edited(founder: Client) -> None:
    bea = colleague("bea", "Support")

    assert founder.post(f"{TEAM}{bea.pk}/delete/", {"post": "yes"}).status_code == 403
    assert founder.post(TEAM, {"action": "delete_selected", "_selected_action": [str(bea.pk)]}).status_code in (
        200,
        302,
    )
    assert User.objects.filter(pk=bea.pk).exists()
    assert founder.get("/admin/auth/group/").status_code == 404
    assert founder.get(f"{TEAM}{bea.pk}/password/").status_code in (302, 404)


def test_a_colleague_unlocks_whoever_typed_too_much(founder: Client) -> None:
    bea = member("bea")
    browser = Client()
    for _ in range(6):
        type_password(browser, "bea", "wrong")
    TOTPDevice.objects.filter(user=bea).update(throttling_failure_count=9)
    assert "too many, somewhere" in founder.get(f"/admin/team/{bea.pk}/help/").content.decode()

    answer = help_with(founder, bea, "unlock")

    assert told(answer) == ["Tries as bea count from nothing again."]
    assert come_in(browser, bea)["Location"] == "/admin/"
    entry = AuditEntry.objects.get(action="member.unlocked")
    assert (entry.actor, entry.why, entry.object_id) == ("staff:ada", "she called me", str(bea.pk))


def test_a_colleague_resets_a_lost_second_factor_and_the_password_alone_sets_up_no_other(
    founder: Client, postbox: Postbox
) -> None:
    bea = member("bea")
    User.objects.filter(pk=bea.pk).update(email=postbox.email)
    browser = Client()
    come_in(browser, bea)

    help_with(founder, bea, "reset")

    assert browser.get("/admin/").status_code == 302
    assert type_password(Client(), "bea").status_code == 200
    assert not TOTPDevice.objects.filter(user=bea).exists()
    done = choose(Client(), postbox.link())
    assert done.redirect_chain[-1][0] == "/admin/login/second-factor/"
    entry = AuditEntry.objects.get(action="second_factor.reset")
    assert (entry.actor, entry.door, entry.why) == ("staff:ada", "admin", "she called me")


def test_a_link_that_a_colleague_sends_is_noted_with_the_reason(founder: Client, postbox: Postbox) -> None:
    bea = colleague("bea", "Support", email=postbox.email)

    help_with(founder, bea, "link")

    assert choose(Client(), postbox.link()).status_code == 200
    entry = AuditEntry.objects.get(action="password_link.sent")
    assert (entry.actor, entry.door, entry.why, entry.object_id) == ("staff:ada", "admin", "she called me", str(bea.pk))


@pytest.mark.parametrize("act", ["unlock", "reset", "link"])
def test_help_wants_a_reason_and_a_fresh_sign_in(founder: Client, act: str) -> None:
    bea = member("bea")

    help_with(founder, bea, act, why="")
    session = founder.session
    session["confirmed_at"] -= 601
    session.save()
    help_with(founder, bea, act)

    assert not AuditEntry.objects.filter(actor="staff:ada").exists()
    assert TOTPDevice.objects.filter(user=bea).exists()


def test_a_lone_founder_is_helped_by_a_command(postbox: Postbox, capsys: pytest.CaptureFixture[str]) -> None:
    ada = member()
    User.objects.filter(pk=ada.pk).update(email=postbox.email)
    AccessAttempt.objects.create(username="x", ip_address="192.0.2.1", user_agent="", failures_since_start=1)

    call_command("reset_second_factor", f"--email={postbox.email.upper()}")

    assert capsys.readouterr().out == f'{{"user": {ada.pk}, "is_reset": true, "is_mailed": true}}\n'
    assert not TOTPDevice.objects.exists()
    assert choose(Client(), postbox.link()).redirect_chain[-1][0] == "/admin/login/second-factor/"
    entry = AuditEntry.objects.get(action="second_factor.reset")
    assert (entry.actor, entry.door) == ("command:reset_second_factor", "command")


def test_the_command_helps_nobody_who_is_not_of_the_team() -> None:
    equip(User.objects.create_user("shopper", "shopper@example.com"))

    for email in ("shopper@example.com", "nobody@example.com"):
        with pytest.raises(CommandError, match="Nobody in the team has this address"):
            call_command("reset_second_factor", f"--email={email}")
    assert TOTPDevice.objects.count() == 1


def test_the_list_costs_the_same_whatever_its_length(founder: Client, django_assert_num_queries: Any) -> None:
    counts = []
    for names in (["bea"], ["cem", "dan"]):
        for name in names:
            colleague(name, "Support")
        with django_assert_num_queries(QUERIES):
            counts.append(len(founder.get(TEAM).context["cl"].result_list))

    assert counts == [2, 4]


QUERIES = 8
