"""`/v1/templates`: the published ones, by name."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.base import ContentFile
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from accounts.models import Account, Scope
from api.templates.models import Template, TemplateStatus
from tests.conftest import client_for

SHOWN = {
    "slug": "plain-birthday",
    "name": "Plain birthday",
    "occasion": "birthday",
    "description": "",
    "aspect_ratio": "16:9",
    "duration_s": 20,
    "fields": [{"name": "headline", "label": "Headline", "required": False, "max_length": 40, "default": "Hooray"}],
    "preview_url": None,
}


def another_template(slug: str, **changes: Any) -> Template:
    return Template.objects.create(
        slug=slug, name=slug, occasion="birthday", duration_s=20, **{"status": TemplateStatus.PUBLISHED, **changes}
    )


def test_a_template_is_shown_without_its_script(api: APIClient, template: Template) -> None:
    answer = api.get(f"/v1/templates/{template.slug}")

    assert (answer.status_code, answer.json()) == (200, SHOWN)


@pytest.mark.parametrize("others", [0, 2])
def test_the_list_is_newest_first_and_costs_the_same_whatever_its_length(
    api: APIClient, template: Template, others: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    slugs = [another_template(f"other-{number}").slug for number in range(others)]
    api.get("/v1/templates")  # the key's first use a day is written down, and calls of its minute are taken

    with django_assert_num_queries(1):
        answer = api.get("/v1/templates")

    assert answer.status_code == 200
    assert list(answer.json()) == ["next", "previous", "results"]
    assert [item["slug"] for item in answer.json()["results"]] == [*reversed(slugs), template.slug]


def test_the_list_comes_in_pages(api: APIClient, template: Template) -> None:
    another_template("other")

    first = api.get("/v1/templates?limit=1").json()
    second = api.get(first["next"]).json()

    assert [item["slug"] for page in (first, second) for item in page["results"]] == ["other", template.slug]
    assert second["next"] is None


@pytest.mark.parametrize("status", [TemplateStatus.DRAFT, TemplateStatus.RETIRED])
def test_what_is_not_published_is_not_there(api: APIClient, template: Template, status: TemplateStatus) -> None:
    another_template("hidden", status=status)

    assert api.get("/v1/templates/hidden").status_code == 404
    assert [item["slug"] for item in api.get("/v1/templates").json()["results"]] == [template.slug]


def test_the_preview_is_signed_for_an_hour_at_most(api: APIClient, template: Template) -> None:
    template.preview.save("preview.jpg", ContentFile(b"jpeg"))

    url = api.get(f"/v1/templates/{template.slug}").json()["preview_url"]

    assert int(parse_qs(urlsplit(url).query)["X-Amz-Expires"][0]) <= 3600


@pytest.mark.parametrize("path", ["nothing-here", "NUL%00", "a.b", "../gifts", "x" * 300])
def test_an_unknown_slug_is_a_404_problem(api: APIClient, path: str) -> None:
    answer = api.get(f"/v1/templates/{path}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nobody_changes_a_template_through_the_api(api: APIClient, template: Template, method: str) -> None:
    path = "/v1/templates" if method == "post" else f"/v1/templates/{template.slug}"

    assert getattr(api, method)(path, {}, format="json").status_code == 405


def test_a_key_without_the_scope_is_refused(account: Account, template: Template) -> None:
    client = client_for(account, scopes=[Scope.ACCOUNT_READ])

    for path in ("/v1/templates", f"/v1/templates/{template.slug}"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")


def test_without_a_key_nothing_is_shown(db: None) -> None:
    assert APIClient().get("/v1/templates").status_code == 401
