"""Sign-ins and refusals are in the audit log: who, not what was typed; and no flood of them."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.sign_in_log import MOST_AN_HOUR, note_refusal
from api.audit.models import AuditEntry
from tests.accounts.codes import (
    come_in,
    enrol_in,
    equip,
    key_of,
    member,
    type_code,
    type_password,
    wrong_code,
)
from tests.accounts.test_lockout import at, request_at
from tests.admin.signing import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_hashes")]


def entries() -> list[tuple[str, str]]:
    return list(AuditEntry.objects.order_by("id").values_list("action", "actor"))


def test_a_sign_in_is_noted_with_the_factor_that_was_shown(client: Client) -> None:
    user = member(has_factor=False)
    codes = equip(user)
    come_in(client, user)
    client.post("/admin/logout/")
    type_password(client)
    type_code(client, codes[0])

    noted = AuditEntry.objects.filter(action="sign_in").order_by("id")

    assert [(one.actor, one.door, one.object_id) for one in noted] == [("staff:ada", "admin", str(user.pk))] * 2
    assert [one.changes["second factor"] for one in noted] == [[None, "authenticator app"], [None, "recovery codes"]]


def test_what_is_done_to_a_second_factor_is_noted(client: Client) -> None:
    user = member(has_factor=False)
    type_password(client)
    enrol_in(client)
    client.post("/admin/second-factor/replace/", {"begin": "1"})
    enrol_in(client, "/admin/second-factor/replace/", "/admin/second-factor/codes/")
    client.post("/admin/second-factor/codes/", {"begin": "1"})
    client.post("/admin/second-factor/codes/", {"kept": "on"})

    assert entries() == [
        ("second_factor.enrolled", "staff:ada"),
        ("sign_in", "staff:ada"),
        ("second_factor.replaced", "staff:ada"),
        ("recovery_codes.replaced", "staff:ada"),
    ]
    assert user.is_active


def test_refusals_are_noted_until_the_lock_and_then_no_more() -> None:
    member()
    client = at("203.0.113.9")
    for _ in range(20):
        type_password(client, "ada", "wrong")

    assert entries()[1:] == [("sign_in.refused", "staff:ada")] * 4 + [("sign_in.locked_out", "staff:ada")]
    changes = AuditEntry.objects.filter(action="sign_in.refused")[0].changes
    assert changes["refused"] == [None, "password"]
    assert "203.0.113.9" not in str(changes)


def test_wrong_codes_are_noted(client: Client) -> None:
    user = member()
    type_password(client)

    type_code(client, wrong_code(key_of(user)))

    entry = AuditEntry.objects.latest("id")
    assert (entry.action, entry.changes["refused"]) == ("sign_in.refused", [None, "code"])


def test_what_was_typed_as_a_name_is_nowhere(client: Client) -> None:
    type_password(client, "correct-horse-battery", "staple")

    [entry] = AuditEntry.objects.all()
    assert (entry.action, entry.actor, entry.object_id) == ("sign_in.refused", "staff:?", "")
    assert "correct-horse" not in str(vars(entry))


def test_a_million_refusals_from_everywhere_leave_a_hundred_entries_an_hour() -> None:
    now = timezone.now()
    for number in range(MOST_AN_HOUR + 20):
        request = request_at(f"203.0.113.{number}")
        note_refusal(request, None, "sign_in.refused", what="password", now=now)

    assert AuditEntry.objects.count() == MOST_AN_HOUR


def test_a_flood_about_others_does_not_hide_who_is_guessed_at() -> None:
    now, ada = timezone.now(), User.objects.create_user("ada")
    for number in range(MOST_AN_HOUR):
        note_refusal(request_at(f"203.0.113.{number}"), None, "sign_in.refused", what="password", now=now)

    note_refusal(request_at("203.0.113.7"), ada, "sign_in.refused", what="password", now=now)

    assert AuditEntry.objects.filter(actor="staff:ada").count() == 1


@pytest.mark.parametrize("path", ["/admin/accounts/user/", "/admin/accounts/apikey/add/", "/admin/api/template/add/"])
def test_what_is_refused_inside_is_noted_and_told_kindly(path: str) -> None:
    user = User.objects.create_user("bea", is_staff=True)
    user.groups.add(Group.objects.get(name="Support"))
    client = signed_in(user)

    answer: Any = client.get(path)

    assert answer.status_code == 403
    assert "This is not open to you" in answer.content.decode()
    [entry] = AuditEntry.objects.all()
    assert (entry.action, entry.actor, entry.door) == ("access.refused", "staff:bea", "admin")
    assert entry.changes["method"] == [None, "GET"]
