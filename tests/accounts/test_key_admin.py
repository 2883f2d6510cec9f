"""Keys and accounts as founders handle them: issue, rotate, revoke, states, origins."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts import services
from accounts.authorizer import Refused, Verified, verify
from accounts.models import WEB_PAGE_SCOPES, Account, ApiKey, Scope, User
from accounts.reauthentication import CONFIRMED_AT
from api.audit.models import AuditEntry
from api.outbox.models import Job
from tests.accounts.proxy import Proxy
from tests.admin.forms import save
from tests.admin.signing import signed_in
from tests.admin.test_stale_edits import in_background
from tests.waiting import eventually, waiting_backends

KEYS = "/admin/accounts/apikey/"
ACCOUNTS = "/admin/accounts/account/"

pytestmark = pytest.mark.usefixtures("table")


@pytest.fixture
def founder(db: None) -> Client:
    return signed_in(User.objects.create_superuser("ada"))


@pytest.fixture
def issued(account: Account) -> tuple[ApiKey, str]:
    return services.issue_api_key(account, name="Web page", livemode=True, created_by="ada", now=timezone.now())


def act(client: Client, action: str, *keys: ApiKey, **fields: Any) -> Any:
    return client.post(KEYS, {"action": action, "_selected_action": [key.pk for key in keys], **fields})


def rotate(client: Client, key: ApiKey, **fields: str) -> Any:
    return client.post(f"/admin/keys/{key.pk}/rotate/", {"reason": "once a year", **fields})


def revoke(client: Client, *keys: ApiKey, reason: str = "it leaked") -> Any:
    return client.post(f"/admin/keys/revoke/?{'&'.join(f'key={key.pk}' for key in keys)}", {"reason": reason})


def told(answer: Any) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


def issue_form(account: Account) -> dict[str, Any]:
    return {
        "account": account.pk, "name": "Web page", "mode": "live", "purpose": "own", "scopes": ["gifts:read"],
        "expires_at_0": "", "expires_at_1": "",
    }  # fmt: skip


def test_a_key_is_shown_only_once_its_record_is_committed_and_projected(
    transactional_db: None, founder: Client, now: datetime
) -> None:
    account = services.create_account(name="Confetti Shop", email="shop@confetti.example")

    answer = founder.post(f"{KEYS}add/", issue_form(account))

    assert answer.status_code == 200
    assert isinstance(verify(answer.context["whole_key"], now=timezone.now()), Verified)
    assert ApiKey.objects.get().created_by == "ada"


def test_a_key_that_cannot_be_projected_is_told_and_not_shown(founder: Client, account: Account, away: Proxy) -> None:
    answer = founder.post(f"{KEYS}add/", issue_form(account))

    shown = answer.context["adminform"].form
    assert (answer.status_code, "whole_key" in answer.context) == (200, False)
    [words] = shown.non_field_errors()
    assert words.startswith("The key table is away")
    assert shown["name"].value() == issue_form(account)["name"]
    assert ApiKey.objects.get().revoked_by == "issue failed"


def test_a_form_of_somebody_elses_page_issues_nothing(founder: Client, account: Account) -> None:
    founder.handler.enforce_csrf_checks = True

    assert founder.post(f"{KEYS}add/", issue_form(account)).status_code == 403
    assert not ApiKey.objects.exists()


def test_rotating_asks_for_the_overlap_and_shows_the_new_key_once(founder: Client, issued: tuple[ApiKey, str]) -> None:
    old, first = issued

    asked = founder.get(f"/admin/keys/{old.pk}/rotate/")
    assert (asked.status_code, ApiKey.objects.count()) == (200, 1)
    assert 'name="overlap"' in asked.content.decode()

    answer = rotate(founder, old, overlap="168")
    new = ApiKey.objects.exclude(pk=old.pk).get()
    second, page = answer.context["whole_key"], answer.content.decode()
    assert (page.count(second), old.pk in page, "no-store" in answer["Cache-Control"]) == (1, True, True)
    assert (new.created_by, new.replaces) == ("ada", old)
    old.refresh_from_db()
    assert old.expires_at == new.created_at + timedelta(days=7)
    assert [isinstance(verify(text, now=timezone.now()), Verified) for text in (first, second)] == [True, True]
    kept = str([vars(entry) for entry in AuditEntry.objects.all()]) + str(dict(founder.session)) + str(answer.headers)
    assert second[-38:-6] not in kept
    changed = AuditEntry.objects.filter(actor="staff:ada").values_list("action", "object_id")
    assert set(changed) == {("api_key.issued", new.pk), ("api_key.shortened", old.pk)}


@pytest.mark.parametrize("overlap", ["", "-1", "5", "999999", "a day", "1e3"])
def test_an_overlap_that_is_not_offered_is_asked_for_again(
    founder: Client, issued: tuple[ApiKey, str], overlap: str
) -> None:
    answer = rotate(founder, issued[0], overlap=overlap)

    assert (answer.status_code, list(answer.context["form"].errors)) == (400, ["overlap"])
    assert ApiKey.objects.count() == 1


def test_loading_the_page_of_an_issued_key_anew_issues_no_second_one(founder: Client, account: Account) -> None:
    form = {**issue_form(account), "version": founder.get(f"{KEYS}add/").context["form_number"]}
    shown = founder.post(f"{KEYS}add/", form).context["whole_key"]

    again = founder.post(f"{KEYS}add/", form)

    assert (again.status_code, again["Location"], ApiKey.objects.count()) == (302, KEYS, 1)
    assert "shown only once" in told(again)[0]
    assert shown not in founder.get(KEYS).content.decode()


def test_loading_the_page_of_a_key_that_could_not_be_issued_anew_issues_it(
    founder: Client, account: Account, proxy: Proxy
) -> None:
    form = {**issue_form(account), "version": founder.get(f"{KEYS}add/").context["form_number"]}
    proxy.answers = lambda: (500, b"{}")
    founder.post(f"{KEYS}add/", form)
    proxy.answers = None

    answer = founder.post(f"{KEYS}add/", form)

    assert isinstance(verify(answer.context["whole_key"], now=timezone.now()), Verified)


def test_who_comes_back_to_the_page_of_a_rotated_key_is_told_so(founder: Client, issued: tuple[ApiKey, str]) -> None:
    path = f"/admin/keys/{issued[0].pk}/rotate/"
    before = founder.get(path).context["question"].says
    rotate(founder, issued[0], overlap="24")

    first, *others = founder.get(path).context["question"].says

    assert others == before
    assert first.startswith("It was rotated already: ")
    assert ApiKey.objects.get(replaces=issued[0]).pk in first


def test_a_stale_link_to_revoke_a_key_says_that_it_is_revoked(founder: Client, issued: tuple[ApiKey, str]) -> None:
    revoke(founder, issued[0])

    answer = founder.get(f"/admin/keys/revoke/?key={issued[0].pk}")

    assert answer["Location"] == f"{KEYS}{issued[0].pk}/change/"
    assert told(answer)[-1] == "Revoked already: nothing is left to do."


def test_loading_the_page_of_a_rotated_key_anew_rotates_no_second_time(
    founder: Client, issued: tuple[ApiKey, str]
) -> None:
    number = founder.get(f"/admin/keys/{issued[0].pk}/rotate/").context["question"].version
    for _ in range(2):
        answer = rotate(founder, issued[0], overlap="1", version=str(number))

    assert (answer.status_code, answer["Location"], ApiKey.objects.count()) == (302, KEYS, 2)


@pytest.mark.parametrize("overlap", [None, "0", "24"])
def test_of_a_form_that_is_sent_twice_at_once_one_key_comes_and_is_shown(
    transactional_db: None, overlap: str | None
) -> None:
    """A double click: both requests have passed every check that comes before the lock, and wait for it."""
    client = signed_in(User.objects.create_superuser("ada"))
    account = services.create_account(name="Confetti Shop", email="shop@confetti.example")
    path, form = f"{KEYS}add/", issue_form(account)
    if overlap is not None:
        old, _ = services.issue_api_key(account, name="a", livemode=True, created_by="a", now=timezone.now())
        path, form = f"/admin/keys/{old.pk}/rotate/", {"reason": "once a year", "overlap": overlap}
    [number] = re.findall(r'name="version" value="(\d+)"', client.get(path).content.decode())
    before, answers = ApiKey.objects.count(), list[Any]()

    with transaction.atomic():
        Account.objects.select_for_update().get(pk=account.pk)
        threads = [
            in_background(lambda: answers.append(client.post(path, {**form, "version": number}))) for _ in range(2)
        ]
        eventually(lambda: len(waiting_backends()) == 2, 20)
    for thread in threads:
        thread.join()

    assert ApiKey.objects.count() == before + 1
    shown, again = sorted(answers, key=lambda answer: int(answer.status_code))
    assert isinstance(verify(shown.context["whole_key"], now=timezone.now()), Verified)
    assert (again.status_code, again["Location"]) == (302, KEYS)
    assert told(again) == [services.SHOWN_BEFORE]


@pytest.mark.parametrize("is_same_form", [False, True])
def test_a_rotation_that_failed_may_be_tried_again_from_the_page_that_says_so_and_by_loading_it_anew(
    founder: Client, issued: tuple[ApiKey, str], proxy: Proxy, is_same_form: bool
) -> None:
    number = founder.get(f"/admin/keys/{issued[0].pk}/rotate/").context["question"].version
    proxy.answers = lambda: (500, b"{}")
    refused = rotate(founder, issued[0], overlap="1", version=str(number))
    proxy.answers = None

    shown = refused.context["question"].version
    answer = rotate(founder, issued[0], overlap="1", version=str(number if is_same_form else shown))

    assert (refused.status_code, answer.status_code) == (503, 200)
    assert isinstance(verify(answer.context["whole_key"], now=timezone.now()), Verified)


def test_a_key_that_has_ended_is_not_rotated(founder: Client, issued: tuple[ApiKey, str]) -> None:
    assert told(revoke(founder, issued[0])) == ["Revoked. Dead everywhere within 60 seconds."]

    answer = rotate(founder, issued[0], overlap="1")

    assert (answer.status_code, answer.context["refusal"]) == (409, "This key is revoked: issue another one instead.")
    assert ApiKey.objects.get().revoked_by == "ada"
    assert verify(issued[1], now=timezone.now()) == Refused("revoked")


def test_revoking_asks_why_and_says_how_fast(founder: Client, issued: tuple[ApiKey, str], account: Account) -> None:
    another, _ = services.issue_api_key(account, name="b", livemode=True, created_by="a", now=timezone.now())
    led = act(founder, "revoke", issued[0], another)
    assert led.status_code == 302

    assert "within 60 seconds" in founder.get(led["Location"]).content.decode()
    assert revoke(founder, issued[0], another, reason="").status_code == 400
    assert ApiKey.objects.filter(revoked_at=None).count() == 2
    assert founder.post(led["Location"], {"reason": "a laptop was lost"}).status_code == 302
    assert ApiKey.objects.filter(revoked_at=None).count() == 0


@pytest.mark.parametrize("key", ["", "none", "%00", "a%00", "²"])
def test_a_key_that_is_not_there_is_no_crash(founder: Client, key: str) -> None:
    pages = ["/admin/keys/revoke/", f"/admin/keys/revoke/?key={key}", f"/admin/keys/{key}/rotate/"]

    assert [founder.get(page).status_code for page in pages] == [404, 404, 404]
    assert founder.get(f"{KEYS}add/?account={key}").status_code == 200


@pytest.mark.parametrize("version", ["²", "9" * 5000, "-1", "\x00"])
def test_a_number_that_no_form_has_is_no_crash(founder: Client, issued: tuple[ApiKey, str], version: str) -> None:
    assert rotate(founder, issued[0], overlap="5", version=version).status_code == 400
    assert rotate(founder, issued[0], overlap="1", version=version).status_code == 200


def test_a_revocation_that_the_table_does_not_take_is_told(
    founder: Client, issued: tuple[ApiKey, str], proxy: Proxy
) -> None:
    proxy.answers = lambda: (500, b"{}")

    answer = revoke(founder, issued[0])

    assert answer.status_code == 503
    assert "The key table is away" in answer.context["refusal"]
    assert ApiKey.objects.get().revoked_at is None


def test_who_may_only_look_changes_no_key(issued: tuple[ApiKey, str]) -> None:
    viewer = User.objects.create_user("support", is_staff=True)
    viewer.user_permissions.add(*Permission.objects.filter(codename__startswith="view_"))
    client = signed_in(viewer)

    assert [rotate(client, issued[0], overlap="0").status_code, revoke(client, issued[0]).status_code] == [403, 403]
    page = client.get(f"{KEYS}{issued[0].pk}/change/")

    assert (page.status_code, page.context["buttons"]) == (200, [])
    assert isinstance(verify(issued[1], now=timezone.now()), Verified)
    assert ApiKey.objects.count() == 1


@pytest.mark.parametrize("path", [f"{KEYS}add/", "/admin/keys/{}/rotate/", "/admin/keys/revoke/?key={}"])
def test_what_concerns_a_key_asks_first_who_it_is(founder: Client, issued: tuple[ApiKey, str], path: str) -> None:
    session = founder.session
    session[CONFIRMED_AT] = (timezone.now() - timedelta(minutes=11)).timestamp()
    session.save()

    answer = founder.get(path.format(issued[0].pk))

    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/reauthenticate/?next=")


@pytest.mark.parametrize(("purpose", "scopes"), [("web_page", WEB_PAGE_SCOPES), ("server", list(Scope))])
def test_a_purpose_decides_what_a_key_may_do_whatever_is_ticked(
    founder: Client, account: Account, purpose: str, scopes: list[Scope]
) -> None:
    for ticked in ([], ["orders:write"]):
        founder.post(f"{KEYS}add/", {**issue_form(account), "purpose": purpose, "scopes": ticked})

    assert [key.scopes for key in ApiKey.objects.all()] == [[scope.value for scope in scopes]] * 2


def test_the_form_knows_the_shop_whose_page_it_was_opened_from(founder: Client, account: Account) -> None:
    page = founder.get(f"{KEYS}add/?account={account.pk}")

    assert page.context["adminform"].form.initial["account"] == str(account.pk)


def test_keys_are_listed_and_found_by_state(founder: Client, account: Account) -> None:
    now = timezone.now()
    ends = {"live": None, "expiring": timedelta(days=1), "expired": timedelta(seconds=-1), "revoked": None}
    for state, end in ends.items():
        key, _ = services.issue_api_key(
            account, name=state, livemode=True, created_by="ada", now=now, expires_at=now + end if end else None
        )
        if state == "revoked":
            services.revoke_api_key(key, revoked_by="ada", now=now)

    for state in ends:
        found = founder.get(KEYS, {"state": state}).context["cl"].result_list
        assert [key.name for key in found] == [state]
    page = founder.get(KEYS)
    for key in page.context["cl"].result_list:
        assert f">{key.name}<" in page.context["cl"].model_admin.state(key)
    assert founder.get(KEYS, {"state": "lost"}).status_code == 302


def account_form(account: Account, **changes: Any) -> dict[str, Any]:
    names = ["name", "email", "order_gate", "requests_per_minute", "mails_per_day"]
    return {**{name: getattr(account, name) for name in names}, **changes}


@pytest.mark.parametrize(
    ("changes", "jobs"),
    [
        ({"requests_per_minute": 60}, 1),
        ({"origins": "https://shop.example"}, 1),
        ({"name": "Confetti & Co"}, 1),
        ({"email": "new@confetti.example"}, 0),
        ({}, 0),
    ],
)
def test_what_keys_carry_is_projected_after_a_change(
    founder: Client, account: Account, changes: dict[str, Any], jobs: int
) -> None:
    for _ in range(2):
        answer = save(founder, f"{ACCOUNTS}{account.pk}/change/", account_form(account, **changes))
        assert answer.status_code == 302

    assert list(Job.objects.values_list("kind", "ref_id")) == [("keys.project", account.pk)] * jobs


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", []),
        (
            "https://Shop.Example.com/\r\n\r\n  http://localhost:3000,https://shop.example.com\r\n",
            ["https://shop.example.com", "http://localhost:3000"],
        ),
    ],
)
def test_an_accounts_origins_are_as_a_browser_sends_them(
    founder: Client, account: Account, typed: str, kept: list[str]
) -> None:
    save(founder, f"{ACCOUNTS}{account.pk}/change/", account_form(account, origins=typed))

    account.refresh_from_db()
    assert account.origins == kept


@pytest.mark.parametrize(
    "typed",
    [
        "*", "null", "shop.example", "http://shop.example", "https://shop.example/path", "https://*.example",
        "https://", "https://user@shop.example", "https://shop.example:99999999", "https://a b", "ftp://x.example",
    ],
)  # fmt: skip
def test_what_is_no_origin_is_refused(founder: Client, account: Account, typed: str) -> None:
    answer = save(founder, f"{ACCOUNTS}{account.pk}/change/", account_form(account, origins=typed))

    assert list(answer.context["adminform"].form.errors) == ["origins"]


def test_a_shops_page_says_how_it_stands_and_leads_on(
    founder: Client, account: Account, issued: tuple[ApiKey, str]
) -> None:
    page = founder.get(f"{ACCOUNTS}{account.pk}/change/")

    assert [(tile.label, tile.number) for tile in page.context["tiles"]] == [
        ("Keys that work", "1"),
        ("Gifts this month", "0"),
        ("Mails today", f"0 of {account.mails_per_day:,}"),
    ]
    for tile in page.context["tiles"]:
        assert founder.get(tile.link).status_code == 200
    assert f"/admin/shops/{account.pk}/suspend/" in page.content.decode()


def test_suspending_asks_why_and_resuming_lets_in_again(
    founder: Client, account: Account, issued: tuple[ApiKey, str]
) -> None:
    suspend, resume = [f"/admin/shops/{account.pk}/{what}/" for what in ("suspend", "resume")]

    assert founder.get(suspend).status_code == 200
    assert founder.post(suspend, {"reason": ""}).status_code == 400
    assert isinstance(verify(issued[1], now=timezone.now()), Verified)

    assert founder.post(suspend, {"reason": "does not pay"}).status_code == 302
    assert verify(issued[1], now=timezone.now()) == Refused("suspended")
    page = founder.get(f"{ACCOUNTS}{account.pk}/change/")
    assert "Every key of this shop is refused" in page.content.decode()
    assert page.context["tiles"][0].hint == "All refused while it is suspended."
    assert "Its shop is suspended" in founder.get(f"{KEYS}{issued[0].pk}/change/").content.decode()

    assert founder.post(resume, {"reason": "paid"}).status_code == 302
    assert isinstance(verify(issued[1], now=timezone.now()), Verified)
