"""Every page of the admin opens for a founder, whatever is asked of it, and for nobody else."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Account, ApiKey, User
from api.gifts.models import Gift
from api.gifts.states import OPENABLE, GiftStatus
from api.outbox.models import Job
from api.rendering.models import Render
from api.templates.models import Template
from tests import build
from tests.admin.conftest import Story
from tests.admin.signing import signed_in

GIFTS = "/admin/api/gift/"
WATCHED = GiftStatus.WATCHED


def page_of(model: type[Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def lists() -> list[str]:
    return [page_of(model, "changelist") for model in admin.site._registry]


def details() -> Iterator[tuple[Model, str]]:
    """Every gift's page, and one of each other model."""
    for model in admin.site._registry:
        for row in model._default_manager.order_by("-pk")[: None if model is Gift else 1]:
            yield row, page_of(model, "change", row.pk)


def refused(client: Client, paths: list[str]) -> dict[str, int]:
    """The paths that do not answer 200."""
    statuses = {path: client.get(path).status_code for path in paths}
    return {path: status for path, status in statuses.items() if status != 200}


def test_index_lists_and_details_open(founder: Client, story: Story) -> None:
    shown = list(details())

    assert refused(founder, ["/admin/", *lists(), *[path for _, path in shown]]) == {}
    assert {type(row) for row, _ in shown} >= set(admin.site._registry)


def test_histories_open(founder: Client, story: Story) -> None:
    assert refused(founder, [path.replace("/change/", "/history/") for _, path in details()]) == {}


def test_add_pages_open_where_something_may_be_added(founder: Client) -> None:
    may_add = {
        model.__name__ for model in admin.site._registry if founder.get(page_of(model, "add")).status_code == 200
    }

    assert may_add == {"Account", "ApiKey", "Suppression", "Template", "User"}


def test_every_list_can_be_searched_for_anything(founder: Client, story: Story) -> None:
    uuid = "01a20aec-c439-7c41-9a6b-dece5dc53ac7"
    for path in lists():
        for term in ["gift", "Ana Ben", "ben@example.com", uuid, "' OR 1=1 --", "%_\\", "ü" * 500, ""]:
            assert founder.get(path, {"q": term}).status_code == 200, (path, term)


def test_a_search_with_nul_is_refused_in_words(founder: Client, story: Story) -> None:
    for path in lists():
        answer = founder.get(path, {"q": "be\x00n"}, follow=True)
        assert answer.status_code == 200, path


def test_a_gift_is_found_by_what_a_founder_has_of_it(founder: Client, story: Story) -> None:
    gift = story[WATCHED]
    Gift.objects.filter(pk=gift.pk).update(recipient_email="zoe@example.com", sender_email="yan@example.com")

    for term in [str(gift.pk), str(gift.pk).upper(), gift.token, "ZOE@example.com", "yan@example.com", "SO-1001"]:
        assert [found.pk for found in founder.get(GIFTS, {"q": term}).context["cl"].result_list] == [gift.pk], term


def test_every_filter_and_every_order_works(founder: Client, story: Story) -> None:
    for path in lists():
        found = founder.get(path, {"_facets": "True"}).context["cl"]
        choices = [
            choice["query_string"]
            for spec in found.filter_specs
            for choice in spec.choices(found)
            if "query_string" in choice
        ]
        orders = [f"?o={number}.-{number}" for number in range(1, len(found.list_display) + 1)]
        assert refused(founder, [path + query for query in [*choices, *orders]]) == {}


def test_states_are_filtered_by_the_names_that_the_api_uses(founder: Client, story: Story) -> None:
    found = founder.get(GIFTS, {"status__exact": "bounced"}).context["cl"]

    assert [gift.status for gift in found.result_list] == ["bounced"]
    assert [choice["display"] for choice in found.filter_specs[1].choices(found)] == ["All", *GiftStatus.values]


def test_no_page_shows_a_secret(founder: Client, story: Story) -> None:
    User.objects.create(username="zoe", password="pbkdf2_sha256$1$NaCl$3q2+7w==")
    secrets = {
        *ApiKey.objects.values_list("digest", flat=True),
        *Render.objects.values_list("secret", flat=True),
        *(str(job.lease_token) for job in Job.objects.exclude(lease_token=None)),
        "3q2+7w==",
    }
    tokens = {gift.pk: gift.token for gift in Gift.objects.all()}

    for row, path in [(None, path) for path in lists()] + list(details()):
        answer = founder.get(path)
        text = answer.content.decode()
        assert answer.status_code == 200
        assert [secret for secret in secrets if secret in text] == [], path
        own = [row.token] if isinstance(row, Gift) and row.status in OPENABLE else []
        assert [token for token in tokens.values() if token in text] == own, path


def test_the_gift_list_costs_the_same_whatever_its_length(
    founder: Client,
    account: Account,
    other_account: Account,
    template: Template,
    now: datetime,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    build.watched(account, now)
    founder.get(GIFTS)
    with django_assert_num_queries(7):
        founder.get(GIFTS)
    build.watched(other_account, now)
    build.failed(account, now)
    with django_assert_num_queries(7):
        assert len(founder.get(GIFTS).context["cl"].result_list) == 3


def test_nobody_comes_in_without_signing_in(client: Client, story: Story) -> None:
    shopper = Client()
    shopper.force_login(User.objects.create_user("shopper"))

    for visitor in (client, shopper):
        for path in ["/admin/", *lists(), *[path for _, path in details()]]:
            answer = visitor.get(path)
            assert answer.status_code == 302, path
            assert answer["Location"].startswith("/admin/login/"), path


def test_staff_without_permissions_see_an_empty_index_only(story: Story) -> None:
    client = signed_in(User.objects.create_user("temp", is_staff=True))

    assert client.get("/admin/").context["app_list"] == []
    for path in [*lists(), *[path for _, path in details()], page_of(Template, "add"), page_of(ApiKey, "add")]:
        assert client.get(path).status_code == 403, path


def test_who_may_only_look_is_offered_no_action_and_cannot_run_one(story: Story) -> None:
    viewer = User.objects.create_user("support", is_staff=True)
    viewer.user_permissions.add(*Permission.objects.filter(codename__startswith="view_"))
    client = signed_in(viewer)

    looked_at = [path for path in [*lists(), *[path for _, path in details()]] if "/user/" not in path]
    assert refused(client, looked_at) == {}
    gift = story[GiftStatus.SENT]
    for path in looked_at:
        assert client.get(path).context.get("action_form") is None, path
    client.post(GIFTS, {"action": "cancel", "_selected_action": str(gift.pk)})
    gift.refresh_from_db()
    assert gift.status == "sent"


def test_what_services_look_after_is_not_edited_added_or_deleted_by_hand(founder: Client, story: Story) -> None:
    for row, path in details():
        if isinstance(row, User):
            continue
        assert founder.post(path.replace("/change/", "/delete/"), {"post": "yes"}).status_code == 403, path
        if type(row).__name__ not in {"Template", "Account"}:
            assert founder.post(path, {"status": "sent"}).status_code == 403, path
