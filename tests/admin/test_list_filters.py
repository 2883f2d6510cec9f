"""Filters of a list: those that come ready, those that somebody saved, and what a filter offers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import get_fields_from_path
from django.contrib.auth.models import Permission
from django.db.models import DateTimeField
from django.test import Client

import giftflick.admin_urls  # noqa: F401 - finds the pages
from accounts.models import Account, User
from api.gifts.models import Gift
from api.outbox.models import Job
from api.saved_filters.models import SavedFilter
from api.templates.models import Template
from tests import build
from tests.admin.conftest import Story, dead_job
from tests.admin.lists import GIFTS, MODELS, made, page_of, shown, shown_at
from tests.admin.signing import signed_in


@pytest.fixture
def situations(account: Account, template: Template, now: datetime) -> dict[str, UUID]:
    """One gift in each situation, and one beside it that is not."""
    bounced = build.bounce(build.sent(account, now), now)
    corrected = build.bounce(build.sent(account, now), now)
    Gift.objects.filter(pk=corrected.pk).update(recipient_email="right@example.com")
    failed = build.failed(account, now)
    long_failed = build.failed(account, now)
    Gift.objects.filter(pk=long_failed.pk).update(updated_at=now - timedelta(days=2))
    unpaid = build.ready(account, now)
    soon = build.scheduled(account, now, deliver_at=(now + timedelta(days=6)).isoformat())
    build.scheduled(account, now, deliver_at=(now + timedelta(days=8)).isoformat())
    build.sent(account, now)
    made(account, now - timedelta(days=20))
    unwatched = Gift.objects.earliest("pk")
    film = soon.film
    Gift.objects.filter(pk=unwatched.pk).update(status="sent", sent_at=now - timedelta(days=15), film=film)
    return {
        "bounced_uncorrected": bounced.pk,
        "failed_today": failed.pk,
        "unpaid": unpaid.pk,
        "scheduled_this_week": soon.pk,
        "unwatched": unwatched.pk,
    }


@pytest.mark.usefixtures("standing_clock")
def test_the_filters_that_come_ready_find_what_they_say(founder: Client, situations: dict[str, UUID]) -> None:
    chips = founder.get(GIFTS).context["cl"].chips
    assert [chip.name for chip in chips] == [
        "Bounced, not corrected",
        "Failed today",
        "Waiting for payment",
        "Scheduled this week",
        "Sent, not watched after 14 days",
    ]

    for chip, (situation, gift) in zip(chips, situations.items(), strict=True):
        assert chip.address == f"?situation={situation}"
        assert shown_at(founder, chip.address) == [gift], situation


@pytest.fixture
def unfiltered(story: Story) -> None:
    """The story, and no filter saved yet."""
    SavedFilter.objects.all().delete()


def save(client: Client, query: str, *, name: str = "Mine", **more: str) -> Any:
    return client.post(f"/admin/saved-filters/add/?list=api.gift&{query}", {"name": name, **more})


def chips(client: Client, query: str = "") -> list[tuple[str, bool]]:
    return [(chip.name, chip.is_on) for chip in client.get(f"{GIFTS}?{query}").context["cl"].chips if chip.pk]


def test_filters_and_order_are_saved_without_what_was_searched_for(founder: Client, unfiltered: None) -> None:
    page = founder.get(f"{GIFTS}?status__exact=failed&o=1&q=ben@example.com&p=last").context["cl"]
    assert page.saving_query == "list=api.gift&o=1&status__exact=failed"

    answer = save(founder, "status__exact=failed&o=1&q=ben@example.com&p=last")

    assert answer["Location"] == f"{GIFTS}?o=1&status__exact=failed"
    assert "ben" not in str(vars(SavedFilter.objects.get()))
    assert chips(founder) == [("Mine", False)]
    assert chips(founder, "o=1&status__exact=failed") == [("Mine", True)]


def test_a_filter_is_seen_by_the_team_if_it_is_shared(founder: Client, unfiltered: None) -> None:
    other = signed_in(User.objects.create_superuser("grace"))
    save(founder, "status__exact=failed", name="Mine")
    save(founder, "status__exact=sent", name="Ours", is_shared="on")

    assert chips(founder) == [("Mine", False), ("Ours", False)]
    assert chips(other) == [("Ours", False)]


def test_saving_under_the_same_name_replaces(founder: Client, unfiltered: None) -> None:
    save(founder, "status__exact=failed")
    save(founder, "status__exact=sent")

    assert SavedFilter.objects.get().query == "status__exact=sent"


def test_a_filter_that_is_not_there_is_not_saved(founder: Client, unfiltered: None) -> None:
    assert save(founder, "nosuch=7")["Location"] == f"{GIFTS}?e=1"
    assert not SavedFilter.objects.exists()


@pytest.mark.parametrize(
    ("query", "name"),
    [("status__exact=failed", ""), ("status__exact=failed", "x" * 61), ("q=ben", "Mine"), ("", "Mine")],
)
def test_what_cannot_be_saved_is_told_in_words(query: str, name: str, founder: Client, unfiltered: None) -> None:
    answer = save(founder, query, name=name)

    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert not SavedFilter.objects.exists()


def test_nothing_is_saved_for_a_list_that_is_not_there_or_not_to_be_seen(founder: Client, unfiltered: None) -> None:
    nobody = signed_in(User.objects.create_user("temp", is_staff=True))

    assert nobody.post("/admin/saved-filters/add/?list=api.gift&status__exact=sent", {"name": "x"}).status_code == 403
    for label in ["nosuch.model", "x", "auth.permission", ""]:
        answer = founder.post(f"/admin/saved-filters/add/?list={label}&status__exact=sent", {"name": "x"})
        assert answer.status_code == 404, label


def test_ones_own_filter_is_deleted_and_a_founder_deletes_any(unfiltered: None) -> None:
    viewers = []
    for name in ("ada", "grace"):
        viewer = User.objects.create_user(name, is_staff=True)
        viewer.user_permissions.add(*Permission.objects.filter(codename__startswith="view_"))
        viewers.append(signed_in(viewer))
    ada, grace = viewers
    founder = signed_in(User.objects.create_superuser("zoe"))
    save(ada, "status__exact=failed", name="Private")
    save(ada, "status__exact=sent", name="Shared", is_shared="on")
    private, shared = SavedFilter.objects.order_by("pk")

    assert grace.post(f"/admin/saved-filters/{private.pk}/delete/").status_code == 404
    assert grace.post(f"/admin/saved-filters/{shared.pk}/delete/").status_code == 403
    assert "Delete" in ada.get(f"/admin/saved-filters/{private.pk}/delete/").content.decode()
    assert SavedFilter.objects.count() == 2
    assert ada.post(f"/admin/saved-filters/{private.pk}/delete/")["Location"] == GIFTS
    assert founder.post(f"/admin/saved-filters/{shared.pk}/delete/")["Location"] == GIFTS
    assert not SavedFilter.objects.exists()


def test_a_filter_from_before_that_no_list_knows_any_more_shows_the_list(founder: Client, unfiltered: None) -> None:
    user = User.objects.get(username="ada")
    SavedFilter.objects.create(
        list="api.gift", name="Old", query="gone__exact=1", owner=user, created_at=datetime.now(UTC)
    )

    assert chips(founder) == [("Old", False)]
    assert founder.get(f"{GIFTS}?gone__exact=1", follow=True).status_code == 200


def big_lists() -> Iterator[Any]:
    return (page for page in admin.site._registry.values() if not getattr(page, "is_short_list", False))


def test_no_filter_of_a_long_list_reads_its_table_for_what_it_could_offer() -> None:
    for page in big_lists():
        for spec in page.list_filter:
            if isinstance(spec, str):
                field = get_fields_from_path(page.model, spec)[-1]
                assert field.get_internal_type() == "BooleanField", (page, spec)


def test_jobs_are_filtered_by_the_kinds_that_there_are(founder: Client, now: datetime) -> None:
    job = dead_job(now)
    assert Job.objects.count() == 1

    assert shown(founder, page_of("api.job"), kind="mail.send") == [job.pk]
    assert shown(founder, page_of("api.job"), kind="keys.sync") == []


def test_a_shop_is_searched_as_one_types_and_not_listed(founder: Client, story: Story, other_account: Account) -> None:
    text = founder.get(GIFTS).content.decode()
    assert "admin-autocomplete" in text
    assert other_account.name not in text

    found = founder.get(
        "/admin/autocomplete/", {"app_label": "api", "model_name": "gift", "field_name": "account", "term": "Other"}
    )
    assert [row["text"] for row in found.json()["results"]] == ["Other Shop"]
    assert shown(founder, GIFTS, account__id__exact=str(other_account.pk)) == []


LOOKUPS = ("", "__exact", "__startswith", "__icontains", "__regex", "__gt", "__lte", "__range", "__in", "__isnull")


@pytest.mark.parametrize("label", MODELS)
def test_a_list_answers_no_question_about_a_column_that_none_of_its_filters_is_about(
    label: str, founder: Client, story: Story
) -> None:
    """Letter by letter, a secret could be asked for."""
    page = admin.site._registry[apps.get_model(label)]
    asked = page.get_changelist_instance(founder.get(page_of(label)).wsgi_request)
    known = {name for spec in asked.filter_specs for name in spec.expected_parameters()}
    filters: list[Any] = [one for one in asked.list_filter if not callable(one)]
    known |= {f"{one if isinstance(one, str) else one[0]}__in" for one in filters}
    known |= {f"{field.name}__isnull" for field in page.opts.fields if isinstance(field, DateTimeField)}
    for field in page.opts.concrete_fields:
        for lookup in {f"{name}{way}" for name in (field.name, field.attname) for way in LOOKUPS} - known:
            answer = founder.get(page_of(label), {lookup: "1"})
            assert (answer.status_code, answer["Location"]) == (302, f"{page_of(label)}?e=1"), lookup


@pytest.mark.parametrize(
    ("label", "query"),
    [
        ("api.gift", "status__in=failed,sent"),
        ("api.gift", "created_at__gte=2026-01-01T00:00:00Z&created_at__lt=2026-02-01T00:00:00Z"),
        ("api.gift", "watched_at__isnull=False"),
        ("api.webhookendpoint", "disabled_reason__in=failing,gone"),
        ("api.message", f"account__id__exact={UUID(int=7)}"),
    ],
)
def test_a_list_takes_what_other_pages_link_to(label: str, query: str, founder: Client, db: None) -> None:
    assert founder.get(f"{page_of(label)}?{query}").status_code == 200
