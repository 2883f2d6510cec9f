"""The product's routes, and some that crash, are slow or hang, for functions in processes of their own.

What they touch while they do is what no log, no metric and nobody at Sentry may see.
"""

import json
from datetime import datetime
from typing import NoReturn
from uuid import UUID

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from api.exceptions import BackendError
from api.outbox.registry import handles
from giftflick.errors import bad_request, page_not_found, server_error
from giftflick.vendor_calls import vendor_call


def crash(request: HttpRequest, token: str) -> NoReturn:
    """With the request's secrets in the exception, in local variables and in the exception's cause."""
    body = json.loads(request.body)
    try:
        int(body["email"])
    except ValueError as cause:
        raise KeyError(token, body, request.headers["X-API-Key"]) from cause
    raise AssertionError


def collide(request: HttpRequest, token: str) -> NoReturn:
    """PostgreSQL's words quote the row."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE once (name text UNIQUE)")
        cursor.execute("INSERT INTO once VALUES (%s), (%s)", [token, token])
    raise AssertionError


def be_slow(request: HttpRequest, token: str) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(1.1), %s", [token])
    return HttpResponse(token)


def hang(request: HttpRequest, token: str) -> NoReturn:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(60), %s", [token])
    raise AssertionError


def look_for_long(request: HttpRequest, exception: Exception) -> HttpResponse:
    """There is nothing at this path, and finding out takes a while."""
    if request.path.startswith("/lost/"):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(1.1)")
    return page_not_found(request, exception)


@handles("tests.crash")
def crash_job(ref_id: UUID, *, now: datetime) -> NoReturn:
    raise ValueError(f"ben@example.com and {ref_id}")


@handles("tests.vendor")
def call_vendor(ref_id: UUID, *, now: datetime) -> NoReturn:
    with vendor_call("tests", "refuse") as call:
        call.status = 503
        raise BackendError("vendor_away", "The vendor is away.", retryable=True)


urlpatterns = [
    path("v1/crash/<str:token>", csrf_exempt(crash)),
    path("collide/<str:token>", csrf_exempt(collide)),
    path("slow/<str:token>", csrf_exempt(be_slow)),
    path("hang/<str:token>", csrf_exempt(hang)),
    path("", include("giftflick.urls")),
]
handler400 = bad_request
handler404 = look_for_long
handler500 = server_error
