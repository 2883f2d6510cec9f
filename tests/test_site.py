"""What holds for every request: its id, what is answered where no view does, and a log that tells nothing."""

import json
import re
from typing import NoReturn

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import Account
from accounts.services import issue_api_key
from api.rendering.models import Render
from api.templates.models import Template
from giftflick.errors import bad_request, page_not_found, server_error
from tests import build
from tests.conftest import Lines


def crash(request: HttpRequest, what: str = "") -> NoReturn:
    raise ValueError(f"ben@example.com broke {request.path}")


def read(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.body)


# The product's routes and, for these tests, some whose views crash, or read what Django itself checks.
urlpatterns = [
    *[path(f"{prefix}crash/<str:what>", crash) for prefix in ("", "v1/", "public/", "hooks/")],
    *[path(f"{prefix}read", read) for prefix in ("", "v1/", "hooks/")],
    path("", include("giftflick.urls")),
]
handler400 = bad_request
handler404 = page_not_found
handler500 = server_error


@pytest.fixture
def visitor(db: None, settings: Settings) -> Client:
    settings.ROOT_URLCONF = __name__
    return Client(raise_request_exception=False)


def test_an_unknown_path_of_the_api_is_a_problem(visitor: Client) -> None:
    for unknown in [
        "/v1",
        "/v1/",
        "/v1/gifts/",
        "/v1/gifts/12",
        "/v1/%00",
        "/v1/%ff",
        "/public/x",
        "/hooks/" + "x" * 5000,
    ]:
        answer = visitor.get(unknown)
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json"), unknown
        assert answer.json() == {
            "type": "about:blank",
            "title": "Not found",
            "status": 404,
            "detail": "There is nothing at this path.",
            "code": "not_found",
            "request_id": answer["X-Request-Id"],
            "errors": [],
        }


def test_an_unknown_path_elsewhere_is_a_page(visitor: Client) -> None:
    for unknown in ["/nowhere", "/g", "/%00", "/v", "/healthz/"]:
        answer = visitor.get(unknown)
        assert (answer.status_code, answer["Content-Type"]) == (404, "text/html; charset=utf-8"), unknown
        assert "<h1>Nothing here</h1>" in answer.content.decode()


@pytest.mark.parametrize("prefix", ["v1/", "public/", "hooks/"])
def test_a_crash_in_the_api_is_a_problem_that_tells_nothing(prefix: str, visitor: Client) -> None:
    answer = visitor.get(f"/{prefix}crash/here")

    assert (answer.status_code, answer["Content-Type"]) == (500, "application/problem+json")
    assert (answer.json()["code"], answer.json()["request_id"]) == ("internal_error", answer["X-Request-Id"])
    assert "ben@" not in answer.content.decode()


def test_a_crash_elsewhere_is_a_page_that_tells_nothing(visitor: Client) -> None:
    answer = visitor.get("/crash/here")

    assert (answer.status_code, answer["Content-Type"]) == (500, "text/html; charset=utf-8")
    assert "<h1>Something went wrong</h1>" in answer.content.decode()
    assert "ben@" not in answer.content.decode()


@pytest.mark.parametrize(
    ("method", "place", "allowed"),
    [
        ("put", "/v1/gifts", "GET, POST, HEAD, OPTIONS"),
        ("post", "/v1/account", "GET, HEAD, OPTIONS"),
        ("get", "/v1/gifts/01a20aec-c439-7c41-9a6b-dece5dc53ac7/submit", "POST, OPTIONS"),
        ("delete", "/public/gifts/nobodys", "GET, HEAD, OPTIONS"),
        ("get", "/hooks/sendgrid", "POST, OPTIONS"),
        ("get", "/hooks/renderer/01a20aec-c439-7c41-9a6b-dece5dc53ac7/secret", "POST, OPTIONS"),
    ],
)
def test_a_method_that_is_not_there_is_a_problem(method: str, place: str, allowed: str, api: APIClient) -> None:
    answer = getattr(api, method)(place)

    assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")
    assert (answer.json()["code"], answer["Allow"]) == ("method_not_allowed", allowed)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "x"])
@pytest.mark.parametrize("place", ["/v1/gifts", "/v1/uploads"])
def test_a_body_that_is_no_json_is_a_problem(place: str, content_type: str, api: APIClient) -> None:
    answer = api.post(place, "template=x", content_type=content_type)

    assert (answer.status_code, answer["Content-Type"]) == (415, "application/problem+json")
    assert answer.json()["code"] == "unsupported_media_type"


def test_what_django_refuses_by_itself_is_a_problem_in_the_api_and_a_page_elsewhere(visitor: Client) -> None:
    forger = Client(enforce_csrf_checks=True)
    too_much = b"x" * (256 * 1024 + 1)

    answers = [
        *(visitor.post(f"{prefix}/read", too_much, content_type="text/plain") for prefix in ("/v1", "/hooks", "")),
        *(forger.post(f"{prefix}/read") for prefix in ("/v1", "")),
    ]

    assert [(answer.status_code, answer["Content-Type"].partition(";")[0]) for answer in answers] == [
        (413, "application/problem+json"),
        (413, "application/problem+json"),
        (400, "text/html"),
        (403, "application/problem+json"),
        (403, "text/html"),
    ]
    assert [answers[number].json()["code"] for number in (0, 3)] == ["too_large", "csrf_failed"]


def test_a_host_that_is_not_ours_is_refused_without_being_quoted(visitor: Client) -> None:
    page, problem = (visitor.get(place, headers={"Host": "evil.example"}) for place in ("/", "/v1/gifts"))

    assert (page.status_code, page["Content-Type"]) == (400, "text/html; charset=utf-8")
    assert (problem.status_code, problem["Content-Type"]) == (400, "application/problem+json")
    assert (problem.json()["code"], problem.json()["request_id"]) == ("bad_request", problem["X-Request-Id"])
    assert "evil" not in (page.content + problem.content).decode()


def test_the_admins_address_without_its_slash_leads_there(visitor: Client) -> None:
    answer = visitor.get("/admin")

    assert (answer.status_code, answer["Location"]) == (302, "/admin/")


@pytest.mark.parametrize("place", ["/healthz", "/readyz"])
def test_health_is_only_ever_asked_for(place: str, visitor: Client) -> None:
    browser = Client(enforce_csrf_checks=True)

    assert [browser.generic(method, place).status_code for method in ("POST", "PUT", "DELETE")] == [405, 405, 405]


@pytest.mark.parametrize("given", ["x", "req_01/A~!", "a b", "a" * 128])
def test_a_callers_own_request_id_is_kept(given: str, visitor: Client, log_lines: Lines) -> None:
    answer = visitor.get("/v1/nothing", headers={"X-Request-Id": given})

    assert (answer["X-Request-Id"], answer.json()["request_id"]) == (given, given)
    assert [line["request_id"] for line in log_lines()] == [given]


@pytest.mark.parametrize(
    "given", [None, "", "a" * 129, "bücher", "a\tb", "a\nb", "a\r\nSet-Cookie: x=1", "\x00", "\x7f"]
)
def test_any_other_request_id_is_replaced(given: str | None, visitor: Client, log_lines: Lines) -> None:
    answer = visitor.get("/healthz", headers={} if given is None else {"X-Request-Id": given})

    assert re.fullmatch("[0-9a-f]{32}", answer["X-Request-Id"])
    assert [line["request_id"] for line in log_lines()] == [answer["X-Request-Id"]]


def test_each_request_has_an_id_of_its_own(visitor: Client) -> None:
    assert len({visitor.get("/healthz")["X-Request-Id"] for _ in range(3)}) == 3


def test_a_request_is_one_line(visitor: Client, log_lines: Lines) -> None:
    visitor.get("/healthz")

    (line,) = log_lines()
    assert {name: value for name, value in line.items() if name not in {"at", "ms", "request_id"}} == {
        "level": "info",
        "logger": "giftflick.requests",
        "message": "request",
        "method": "GET",
        "route": "healthz",
        "status": 200,
        "cold_start": False,
        "queries": 0,
        "queries_ms": 0,
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["at"])
    assert 0 <= line["ms"] < 60_000


def test_a_crash_is_one_line_more_with_its_place_and_without_its_words(visitor: Client, log_lines: Lines) -> None:
    visitor.get("/v1/crash/tell-nobody")

    error, request = log_lines()
    assert (error["level"], error["exception"]) == ("error", "ValueError")
    assert any("test_site.py" in place and place.endswith(" crash") for place in error["traceback"])
    assert (request["status"], request["route"]) == (500, "v1/crash/<str:what>")
    assert not re.search("ben@|tell-nobody", json.dumps([error, request]))


def test_log_lines_have_the_routes_pattern_and_nothing_of_path_query_body_or_key(
    account: Account, template: Template, log_lines: Lines
) -> None:
    gift = build.sent(account, timezone.now())
    render = Render.objects.get(gift=gift)
    key_record, key = issue_api_key(account, name="Web page", livemode=True, created_by="tests", now=timezone.now())
    shop, anybody = APIClient(headers={"X-API-Key": key}), APIClient()
    stranger = APIClient(headers={"X-API-Key": key[:-1] + ("A" if key[-1] != "A" else "B")})

    answers = [
        shop.get(f"/v1/gifts/{gift.pk}?expand=hush-query"),
        shop.get("/v1/gifts?recipient_email=hush@example.com"),
        shop.post("/v1/gifts", {"message": "hush-body", "sender": {"email": "hush@example.com"}}),
        stranger.get("/v1/account"),
        anybody.get(f"/g/{gift.token}?utm_source=hush-query"),
        anybody.get(f"/public/gifts/{gift.token}"),
        anybody.post(f"/public/gifts/{gift.token}/thanks", {"message": "hush-body"}),
        anybody.post(f"/hooks/renderer/{render.pk}/{render.secret}", {"url": "https://hush.example/?hush-query"}),
        anybody.post(f"/hooks/renderer/{render.pk}/hush-secret", {}),
        anybody.get(f"/nowhere/{gift.token}/hush-path"),
        anybody.get(f"/v1/nowhere/{gift.token}"),
    ]

    lines = [line for line in log_lines() if line["message"] == "request"]
    assert [(line["status"], line["route"]) for line in lines] == [
        (200, "v1/gifts/<uuid:pk>"),
        (200, "v1/gifts"),
        (400, "v1/gifts"),
        (401, "v1/account"),
        (200, "g/<token:token>"),
        (200, "public/gifts/<token:token>"),
        (201, "public/gifts/<token:token>/thanks"),
        (204, "hooks/renderer/<uuid:render_id>/<str:secret>"),
        (404, "hooks/renderer/<uuid:render_id>/<str:secret>"),
        (404, None),
        (404, None),
    ]
    assert [line["request_id"] for line in lines] == [answer["X-Request-Id"] for answer in answers]
    assert [(line.get("account"), line.get("key")) for line in lines] == (
        [(str(account.pk), key_record.pk)] * 3 + [(None, None)] * 8
    )
    written = json.dumps(log_lines())
    for secret in ["hush", gift.token, render.secret, key, key.rpartition("_")[2], str(gift.pk), "ben@example.com"]:
        assert secret not in written
