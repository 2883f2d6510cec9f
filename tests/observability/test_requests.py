"""A request's line: who, which route, how it ended, what it cost."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.conftest import Lines


@pytest.fixture
def visitor(db: None, settings: Settings, stage: str) -> Client:
    settings.ROOT_URLCONF = "tests.observability.site"
    return Client(raise_request_exception=False)


def ask(path: str, visitor: Client) -> int:
    body = {"email": "ben@example.com"}
    return visitor.post(path, body, content_type="application/json", headers={"X-API-Key": "k"}).status_code


def messages(lines: list[dict[str, Any]]) -> list[str]:
    return [line["message"] for line in lines]


def test_a_line_has_the_number_of_the_requests_queries(api: APIClient, log_lines: Lines) -> None:
    with CaptureQueriesContext(connection) as captured:
        assert api.get("/v1/gifts").status_code == 200

    (line,) = log_lines()
    assert line["queries"] == len(captured) > 0


def test_a_line_has_the_time_that_the_queries_took(visitor: Client, log_lines: Lines) -> None:
    ask("/slow/x", visitor)

    (line,) = log_lines()
    assert (line["queries"], line["route"]) == (1, "slow/<str:token>")
    assert 1100 <= line["queries_ms"] <= line["ms"]


def test_no_request_counts_anothers_queries(visitor: Client, log_lines: Lines) -> None:
    ask("/slow/x", visitor)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    visitor.get("/healthz")

    assert [line["queries"] for line in log_lines()] == [1, 0]


def test_a_request_that_is_not_the_functions_first_event_is_no_cold_start(visitor: Client, log_lines: Lines) -> None:
    visitor.get("/healthz")

    assert [line["cold_start"] for line in log_lines()] == [False]


def test_an_answer_of_500_or_more_is_an_error_and_no_other_is(visitor: Client, log_lines: Lines) -> None:
    assert [ask("/v1/crash/x", visitor), ask("/nowhere", visitor), ask("/v1/gifts", visitor)] == [500, 404, 401]

    assert messages(log_lines()) == ["unhandled exception", "request", "metrics", "request", "request"]
    assert log_lines()[2]["Errors"] == 1
