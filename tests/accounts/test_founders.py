"""A founder's link: mailed, for one password, whatever mail scanners do with it."""

import re
from datetime import timedelta
from typing import Any

import pytest
import urllib3
from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import resolve
from django.utils import timezone

from accounts.founders import mail_link, make_founder
from accounts.lockout import TRIES_OF_ADDRESS
from accounts.models import User
from api.audit.models import AuditEntry
from api.exceptions import InvalidStateError
from local.stack import Stack
from tests.accounts.codes import CODE, ENROL, enrol_in, equip, key_of, phone_shows, type_code, type_password
from tests.accounts.test_lockout import HOME, at

PASSWORD = "a-long-enough-phrase-7"

pytestmark = pytest.mark.django_db


class Postbox:
    """What came for one founder."""

    def __init__(self, stack: Stack, email: str) -> None:
        self._url = f"{stack.env['SENDGRID_URL']}/mailbox.json"
        self.email = email

    def mails(self) -> list[dict[str, Any]]:
        """Newest first."""
        mails: list[dict[str, Any]] = urllib3.request("GET", self._url, fields={"to": self.email}, timeout=30).json()
        return mails

    def link(self) -> str:
        """The path in the newest mail."""
        [link] = {link for link in self.mails()[0]["links"] if "/founders/" in link}
        assert link.startswith(f"{settings.BASE_URL}/")
        return str(link.removeprefix(settings.BASE_URL))


@pytest.fixture
def postbox(stack: Stack, request: pytest.FixtureRequest) -> Postbox:
    name = re.sub(r"[^a-z]+", "-", request.node.name)[:60]
    return Postbox(stack, f"{name}@giftflick.example")


def invite(postbox: Postbox, *more: str) -> None:
    call_command("create_founder", f"--email={postbox.email}", "--name=ada", *more)


def choose(client: Client, path: str, password: str = PASSWORD) -> Any:
    """Follow the link as a browser does, and send the form."""
    page = client.get(path, follow=True)
    address = page.redirect_chain[-1][0] if page.redirect_chain else path
    return client.post(address, {"new_password1": password, "new_password2": password}, follow=True)


def test_the_founder_chooses_a_password_and_goes_on_to_the_second_factor(postbox: Postbox) -> None:
    invite(postbox)
    client = Client()

    done = choose(client, postbox.link())

    assert done.redirect_chain[-1][0] == ENROL
    assert "Your password is set. From now on you sign in as ada." in done.content.decode()
    enrol_in(client)
    assert client.get("/admin/").status_code == 200
    user = User.objects.get()
    assert user.check_password(PASSWORD)
    assert [group.name for group in user.groups.all()] == ["Founder"]


def test_whoever_has_a_second_factor_shows_it_after_a_new_password_too(postbox: Postbox) -> None:
    invite(postbox)
    equip(User.objects.get())
    client = Client()

    assert choose(client, postbox.link()).redirect_chain[-1][0] == CODE
    assert client.get("/admin/").status_code == 302
    type_code(client, phone_shows(key_of(User.objects.get())))
    assert client.get("/admin/").status_code == 200


def test_a_link_lets_in_whoever_is_locked_out_for_too_many_wrong_passwords(postbox: Postbox) -> None:
    invite(postbox)
    client = Client()
    for _ in range(6):
        type_password(client, "ada", "wrong")

    choose(client, postbox.link())

    assert type_password(client, "ada", PASSWORD).status_code == 302


def test_a_link_lets_in_also_where_a_stranger_at_the_same_address_goes_on_guessing(postbox: Postbox) -> None:
    invite(postbox)
    equip(User.objects.get())
    stranger, founder = at(HOME), at(HOME)
    for number in range(TRIES_OF_ADDRESS):
        type_password(stranger, f"name{number}", "wrong")
    locked_out = type_password(founder, "ada", PASSWORD)

    choose(founder, postbox.link())
    type_password(stranger, "ada", "wrong")
    type_code(founder, phone_shows(key_of(User.objects.get())))

    assert (locked_out.status_code, "can mail you a link" in locked_out.content.decode()) == (429, True)
    assert founder.get("/admin/").status_code == 200


def test_the_mail_says_what_to_do_in_both_its_forms(postbox: Postbox) -> None:
    invite(postbox)

    [mail] = postbox.mails()
    assert mail["subject"] == "Choose your password for Giftflick"
    assert postbox.link() in mail["text"]
    assert "You sign in as ada" not in mail["html"]  # it is set apart there
    for form in (mail["text"], mail["html"]):
        assert "The link works once, until" in form
        assert f"{settings.BASE_URL}/admin/" in form


def test_a_link_that_scanners_have_opened_goes_on_working_and_then_works_once(postbox: Postbox) -> None:
    invite(postbox)
    path = postbox.link()
    for _ in range(3):
        scanner = Client()
        assert scanner.get(path, follow=True).status_code == 200
        assert scanner.head(path, follow=True).status_code == 200
    assert not User.objects.get().has_usable_password()

    choose(Client(), path)
    password = User.objects.get().password
    again = choose(Client(), path, "another-long-phrase-8")

    assert (again.status_code, User.objects.get().password) == (410, password)


def test_the_token_leaves_the_address_and_stays_out_of_caches_and_referrers(postbox: Postbox) -> None:
    invite(postbox)
    client, path = Client(), postbox.link()
    token = path.rpartition("/")[2]

    moved = client.get(path)
    page = client.get(moved["Location"])

    assert (moved.status_code, page.status_code) == (302, 200)
    assert token not in moved["Location"]
    assert token not in page.content.decode()
    for answer, referrer in ((moved, "no-referrer"), (page, "same-origin")):
        assert (answer["Cache-Control"], answer["Referrer-Policy"]) == ("no-store", referrer)
        assert "form-action 'self'" in answer["Content-Security-Policy"]
    assert resolve(path).route == "founders/password/<slug:uidb64>/<slug:token>"


def test_the_form_alone_opens_nothing_to_another_browser(postbox: Postbox) -> None:
    invite(postbox)
    moved = Client().get(postbox.link())

    assert Client().get(moved["Location"]).status_code == 410


@pytest.mark.parametrize("password", ["short", "password1234"])
def test_a_bad_password_is_refused_with_the_reason_and_may_be_chosen_anew(postbox: Postbox, password: str) -> None:
    invite(postbox)
    client, path = Client(), postbox.link()

    refused = choose(client, path, password)

    assert (refused.status_code, "errorlist" in refused.content.decode()) == (200, True)
    assert not User.objects.get().has_usable_password()
    choose(client, path)
    assert User.objects.get().check_password(PASSWORD)


@pytest.mark.parametrize("spoil", [lambda path: path + "x", lambda path: path[:-1], lambda path: path.replace("-", "")])
def test_a_mistyped_link_says_what_to_do(postbox: Postbox, spoil: Any) -> None:
    invite(postbox)

    page = Client().get(spoil(postbox.link()))

    assert (page.status_code, page["Referrer-Policy"]) == (410, "no-referrer")
    assert "have another link sent" in page.content.decode()


@pytest.mark.parametrize("user", ["MTIzNDU2Nzg5", "x", "-", "____", "9" * 400])
def test_a_link_for_nobody_is_told_the_same(user: str) -> None:
    assert Client().get(f"/founders/password/{user}/c0ffee-0123456789").status_code == 410


def test_a_link_ends_after_a_day(postbox: Postbox, monkeypatch: pytest.MonkeyPatch) -> None:
    invite(postbox)
    generator = "django.contrib.auth.tokens.PasswordResetTokenGenerator._now"
    issued = timezone.now().replace(tzinfo=None)

    statuses = []
    for hours in (23, 25):
        monkeypatch.setattr(generator, lambda _self, hours=hours: issued + timedelta(hours=hours))
        statuses.append(Client().get(postbox.link(), follow=True).status_code)

    assert statuses == [200, 410]


def test_a_link_outlives_a_rotation_of_the_key_that_signed_it(postbox: Postbox, settings: Any) -> None:
    invite(postbox)

    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-secret-key-of-more-than-fifty-characters-01234"

    assert Client().get(postbox.link(), follow=True).status_code == 200


def test_somebody_who_was_let_go_has_no_more_use_for_a_link(postbox: Postbox) -> None:
    invite(postbox)
    User.objects.update(is_active=False)

    assert Client().get(postbox.link(), follow=True).status_code == 410


def test_a_repeated_command_mails_another_link_to_the_same_founder(postbox: Postbox) -> None:
    invite(postbox)
    invite(postbox)
    call_command("create_founder", f"--email={postbox.email.upper()}", "--name=somebody.else")

    assert [user.username for user in User.objects.all()] == ["ada"]
    assert [len(mail["links"]) > 0 for mail in postbox.mails()] == [True, True, True]
    choose(Client(), postbox.link())
    assert {Client().get(link.removeprefix(settings.BASE_URL), follow=True).status_code for link in links(postbox)} == {
        410
    }


def test_who_was_made_a_founder_and_each_link_stand_in_the_audit_log(postbox: Postbox) -> None:
    invite(postbox)
    invite(postbox)

    user = User.objects.get()
    told = AuditEntry.objects.order_by("id").values_list("door", "actor", "action", "object_id", "changes")
    who, made = ("command", "command:create_founder"), {"name": "ada", "groups": ["Founder"], "superuser": True}
    assert list(told) == [
        (*who, "member.invited", str(user.pk), {name: [None, value] for name, value in made.items()}),
        (*who, "password_link.sent", str(user.pk), {}),
        (*who, "password_link.sent", str(user.pk), {}),
    ]


def links(postbox: Postbox) -> list[str]:
    return [link for mail in postbox.mails() for link in mail["links"] if "/founders/" in link]


def test_without_a_name_a_founder_signs_in_as_what_stands_before_the_at(postbox: Postbox) -> None:
    call_command("create_founder", f"--email={postbox.email}")

    user = User.objects.get()
    assert (user.username, user.is_superuser, user.is_staff) == (postbox.email.partition("@")[0], True, True)


def test_a_name_that_is_taken_is_told(postbox: Postbox) -> None:
    User.objects.create_superuser("ada", "somebody@else.example")

    with pytest.raises(CommandError, match="give another one with --name"):
        invite(postbox)

    assert postbox.mails() == []


@pytest.mark.parametrize("changes", [{"is_superuser": False}, {"is_staff": False}, {"is_active": False}])
def test_a_user_who_is_no_founder_is_not_made_one_by_the_way(postbox: Postbox, changes: dict[str, bool]) -> None:
    user = User.objects.create_superuser("ada", postbox.email)
    User.objects.update(**changes)
    user.user_permissions.add(Permission.objects.all()[0])

    with pytest.raises(InvalidStateError, match="no founder"):
        make_founder(email=postbox.email, username="ada", now=timezone.now())


def test_a_mail_that_is_not_taken_is_told_and_the_founder_is_there_for_the_next_try(postbox: Postbox) -> None:
    now = timezone.now()
    user, _ = make_founder(email="no-such-address@invalid..example", username="eve", now=now)
    with pytest.raises(Exception, match="mail_refused"):
        mail_link(user, now=now)

    assert make_founder(email=user.email, username="eve", now=now) == (user, False)
    assert [entry.action for entry in AuditEntry.objects.all()] == ["member.invited"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "--email"),
        (["--email=ada"], "--email: must be an e-mail address"),
        (["--email=ada@example.com\nBcc: eve@example.com"], "--email: must be an e-mail address"),
        ([f"--email={'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.example"], "--email"),
        (["--email=ada@example.com", "--name=Ada Lovelace"], "--name: must be letters"),
        (["--email=ada@example.com", "--name="], "--name: must be"),
        (["--email=o'neill@example.com"], "give a --name"),
    ],
)
def test_what_makes_no_sense_is_told_and_nobody_is_made(options: list[str], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        call_command("create_founder", *options)

    assert User.objects.count() == 0
