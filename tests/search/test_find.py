"""The search box: what is found by what, where it leads, who finds what, what it costs."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Account, ApiKey, User
from accounts.services import issue_api_key
from api.delivery.models import Message
from api.gifts.models import Gift
from api.outbox.models import Job
from api.rendering.models import Render
from api.search.terms import MANY
from api.templates.models import Template
from giftflick.admin_search import CUT, NOT_ALL
from tests import build
from tests.admin.signing import signed_in
from tests.conftest import Lines

FIND = "/admin/find/"


def find(client: Client, term: str) -> Any:
    return client.post(FIND, {"term": term})


def told(answer: Any) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


def found(client: Client, term: str) -> dict[str, list[str]]:
    """By the title of its group, the pages of what was found."""
    answer = find(client, term)
    assert answer.status_code == 200, term
    return {group["title"]: [url for _, _, url in group["lines"]] for group in answer.context["groups"]}


def page_of(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


@pytest.fixture
def gift(account: Account, template: Template, now: datetime) -> Gift:
    gift = build.sent(
        account,
        now,
        sender={"name": "Ana Lima", "email": "Ana.Lima@example.com"},
        recipient={"name": "Ben van der Berg", "email": "Ben@Example.com"},
        order={"required": False, "reference": "SO-1001"},
    )
    build.sent(account, now, sender={"name": "Xu", "email": "xu@example.com"},
               recipient={"name": "Yi", "email": "yi@example.com"})  # fmt: skip
    return gift


def test_an_identifier_leads_straight_to_its_page(founder: Client, account: Account, gift: Gift, now: datetime) -> None:
    upload = build.ready_upload(account, now)
    key, text = issue_api_key(account, name="Web page", livemode=True, created_by="ada", now=now)
    render = build.awaited(gift)
    Render.objects.filter(pk=render.pk).update(provider_id="vendor-render-1")
    mail = Message.objects.filter(gift=gift, kind="gift").get()
    Message.objects.filter(pk=mail.pk).update(provider_id="14c5d75ce93.dfd.64b469")
    job = Job.objects.order_by("-pk")[0]
    leads = {
        str(gift.pk): gift,
        str(gift.pk).upper(): gift,
        gift.token: gift,
        f"https://giftflick.example/g/{gift.token}": gift,
        "so-1001": gift,
        str(render.pk): render,
        "vendor-render-1": render,
        str(mail.pk): mail,
        "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0": mail,
        str(upload.pk): upload,
        str(account.pk): account,
        "confetti shop": account,
        key.pk: key,
        text: key,
        str(job.pk): job,
        "plain-birthday": gift.template,
    }

    led = {term: find(founder, term).headers.get("Location") for term in leads}

    assert led == {term: page_of(row) for term, row in leads.items()}


@pytest.mark.parametrize(
    ("term", "what"),
    [
        ("ben@example.com", "recipient's e-mail"),
        ("BEN@EX", "recipient's e-mail"),
        ("ana.lima@", "sender's e-mail"),
        ("ana.l", "sender's e-mail"),
        ("ben van", "recipient's name"),
        ("BERG", "recipient's last name"),
        ("ana l", "sender's name"),
        ("lima", "sender's last name"),
        ("so-1", "order reference"),
    ],
)
def test_a_gift_is_found_by_how_something_of_it_begins(founder: Client, gift: Gift, term: str, what: str) -> None:
    answer = find(founder, term)

    [group] = [group for group in answer.context["groups"] if group["title"] == "Gifts"]
    assert [(fitted, url) for _, fitted, url in group["lines"]] == [(what, page_of(gift))]


@pytest.mark.parametrize(
    "reference",
    ["01a20aec-c439-7c41-9a6b-dece5dc53ac7", "01A20AECC4397C419A6BDECE5DC53AC7", "12345678901234567890123456789012"],
)
def test_an_order_whose_reference_reads_as_an_id_is_found(
    founder: Client, account: Account, template: Template, now: datetime, reference: str
) -> None:
    gift = build.draft(account, now, order={"required": False, "reference": reference})

    assert find(founder, reference).headers.get("Location") == page_of(gift)


def test_an_address_finds_gifts_and_mails(founder: Client, gift: Gift) -> None:
    mail = Message.objects.get(gift=gift, kind="gift")

    assert found(founder, "ben@example.com") == {"Gifts": [page_of(gift)], "Mails": [page_of(mail)]}


def test_the_same_comes_before_what_begins_so_and_the_newest_first(
    founder: Client, account: Account, template: Template, now: datetime
) -> None:
    longer, one, two = (
        build.draft(account, now, recipient={"name": name, "email": "b@example.com"})
        for name in ("Benedict", "Ben", "Ben")
    )
    newest = build.draft(account, now, recipient={"name": "Bentley", "email": "b@example.com"})

    assert found(founder, "ben")["Gifts"] == [page_of(row) for row in (two, one, newest, longer)]


def test_twenty_are_shown_and_the_list_has_the_rest(
    founder: Client, account: Account, template: Template, now: datetime
) -> None:
    gifts = [
        build.draft(account, now, recipient={"name": "Ben", "email": f"ben{number}@example.com"})
        for number in range(22)
    ]

    [group] = find(founder, "ben").context["groups"]
    rest = founder.get(group["more"])

    assert ([url for _, _, url in group["lines"]], group["total"]) == ([page_of(gift) for gift in gifts[:1:-1]], 22)
    assert len(rest.context["cl"].result_list) == 22


@pytest.fixture
def very_many(account: Account, template: Template, now: datetime) -> list[Gift]:
    """More drafts to people named Ben than are looked at; the first is the oldest."""
    draft = build.draft(account, now, recipient={"name": "Ben", "email": "ben@example.com"})
    fields = {field.attname: getattr(draft, field.attname) for field in Gift._meta.concrete_fields}
    more = {name: value for name, value in fields.items() if name not in {"id", "token"}}
    return [draft, *Gift.objects.bulk_create(Gift(**more) for _ in range(MANY + 5))]


def test_very_many_are_not_all_looked_at(founder: Client, very_many: list[Gift]) -> None:
    [group] = [group for group in find(founder, "ben").context["groups"] if group["title"] == "Gifts"]

    assert (group["is_cut"], len(group["lines"])) == (True, 20)


def test_a_list_looks_among_what_its_filters_let_through(founder: Client, very_many: list[Gift]) -> None:
    oldest = very_many[0]
    Gift.objects.filter(pk=oldest.pk).update(status="canceled")

    answer = founder.get("/admin/api/gift/", {"q": "ben", "status__exact": "canceled"})

    assert [gift.pk for gift in answer.context["cl"].result_list] == [oldest.pk]
    assert told(answer) == []


def test_a_list_that_has_not_all_that_fit_says_so(founder: Client, very_many: list[Gift]) -> None:
    assert told(founder.get("/admin/api/gift/?q=ben")) == [CUT]
    assert told(founder.get("/admin/api/gift/")) == []
    assert told(founder.get("/admin/api/gift/?q=nobody")) == []


def test_all_of_a_list_that_has_not_all_cannot_be_chosen(founder: Client, very_many: list[Gift]) -> None:
    chosen = {"action": "cancel", "_selected_action": [str(very_many[-1].pk)], "index": "0"}

    all_of_them = founder.post("/admin/api/gift/?q=ben", {**chosen, "select_across": "1"})
    these = founder.post("/admin/api/gift/?q=ben", {**chosen, "select_across": "0"})
    of_a_day = founder.post("/admin/api/gift/?q=ben&day=2020", {**chosen, "select_across": "1"})

    assert (all_of_them.status_code, told(all_of_them)) == (302, [NOT_ALL])
    assert (these.status_code, these.context["count"]) == (200, 1)
    assert NOT_ALL not in told(of_a_day)


def test_a_shop_of_that_very_name_comes_first_among_many(founder: Client, account: Account, now: datetime) -> None:
    Account.objects.bulk_create(Account(name=f"A Gift Shop {number}") for number in range(MANY + 1))
    Account.objects.filter(pk=account.pk).update(name="Gift Shop")

    assert found(founder, "gift sho")["Shops"][0] != page_of(account)
    assert find(founder, "gift shop").headers["Location"] == page_of(account)


def test_of_the_jobs_about_a_thing_not_all_are_read(founder: Client, now: datetime) -> None:
    about = uuid4()
    Job.objects.bulk_create(
        Job(kind="figures.count", ref_id=about, dedupe_key=str(number), run_at=now, created_at=now)
        for number in range(MANY + 1)
    )

    [group] = find(founder, str(about)).context["groups"]

    assert (group["total"], group["is_cut"]) == (MANY, True)


def test_keys_say_that_they_are_cut_too(founder: Client, account: Account, now: datetime) -> None:
    made = [ApiKey(pk=f"{number:012}", account=account, name="Shop", livemode=True, digest="", scopes=[],
                   created_by="ada", created_at=now) for number in range(MANY + 1)]  # fmt: skip
    ApiKey.objects.bulk_create(made)

    assert told(founder.get("/admin/accounts/apikey/?q=shop")) == [CUT]


@pytest.mark.parametrize(
    "term",
    [
        "%",
        "_",
        "\\",
        "be%",
        "b_n",
        "'; DROP TABLE api_gift; --",
        "ü" * 300,
        "日本語",
        "\u202e",
        "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
        "x" * 10_000,
        " ",
        "\x00",
        "b\x00en@example.com\x00",
    ],
)
def test_anything_may_be_typed(founder: Client, gift: Gift, term: str) -> None:
    answer = find(founder, term)

    assert answer.status_code == 200
    groups = [group["title"] for group in answer.context["groups"]]
    assert groups == (["Gifts", "Mails"] if term.startswith("b\x00en") else [])


def test_letters_beyond_ascii_fold_too(founder: Client, account: Account, template: Template, now: datetime) -> None:
    gift = build.draft(account, now, recipient={"name": "ÜMIT Çelik", "email": "u@example.com"})

    assert found(founder, "ümit ç") == {"Gifts": [page_of(gift)]}


def test_a_single_letter_is_too_short_and_a_page_is_too_long(founder: Client, gift: Gift) -> None:
    told = [find(founder, term).context["trouble"] for term in ("b", "x" * 400, "")]

    assert [text[:15] for text in told] == ["Type 2 characte", "Nothing that is", "Type or paste s"]


def test_the_rest_of_a_key_stands_nowhere(
    founder: Client, account: Account, gift: Gift, now: datetime, log_lines: Lines
) -> None:
    _, text = issue_api_key(account, name="Web page", livemode=True, created_by="ada", now=now)
    stranger = text[:8] + "000000000000" + text[20:]

    pages = [find(founder, text), find(founder, stranger)]

    assert [page.status_code for page in pages] == [302, 200]
    for seen in (pages[0]["Location"], pages[1].content.decode(), str(log_lines())):
        assert text[21:] not in seen
    assert "Only its id was looked up" in pages[1].content.decode()


def test_what_is_typed_is_not_logged_and_stands_in_no_address(founder: Client, gift: Gift, log_lines: Lines) -> None:
    find(founder, "ben@example.com")
    asked_by_address = founder.get(FIND, {"term": "ben@example.com"})

    assert "ben@example" not in str(log_lines())
    assert asked_by_address.context["groups"] == []


def test_each_finds_only_what_they_may_see(account: Account, gift: Gift, now: datetime) -> None:
    key, text = issue_api_key(account, name="Web page", livemode=True, created_by="ada", now=now)
    supporter = User.objects.create_user("support", is_staff=True)
    supporter.user_permissions.add(*Permission.objects.filter(codename__in=["view_gift", "view_account"]))
    client = signed_in(supporter)

    assert found(client, "ben@example.com") == {"Gifts": [page_of(gift)]}
    for term in (key.pk, text, str(build.awaited(gift).pk), "plain-birthday"):
        assert found(client, term) == {}, term
    helped = client.get(FIND).content.decode()
    assert "its watch link" in helped
    assert "of a whole key" not in helped


def test_a_stranger_is_not_let_in_and_a_forged_form_is_refused(client: Client, founder: Client, gift: Gift) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = founder.cookies

    assert find(client, "ben@example.com").status_code == 302
    assert find(strict, "ben@example.com").status_code == 403


def test_the_box_stands_on_every_page(founder: Client, gift: Gift) -> None:
    for path in ("/admin/", "/admin/api/gift/", page_of(gift), page_of(gift.account), FIND):
        text = founder.get(path).content.decode()
        assert 'id="find-form"' in text, path
        assert "searchCommand()" not in text, path


@pytest.mark.parametrize(
    ("term", "queries"),
    [
        ("ben", 12),
        ("ben van", 12),
        ("ben@example.com", 18),
        ("1" * 12, 15),
        ("01a20aec-c439-7c41-9a6b-dece5dc53ac7", 19),
    ],
)
def test_a_search_costs_so_many_queries(
    founder: Client, gift: Gift, term: str, queries: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    find(founder, term)

    with django_assert_num_queries(queries):
        find(founder, term)
