"""The site's own pages: what Giftflick is, and the guide to its API."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import WEB_PAGE_SCOPES, Scope
from api.gifts.states import EDGES
from api.openapi.document import document
from api.viewing.headers import allow_content
from api.webhooks.states import WebhookType
from giftflick.plain_templates import PLAIN

WATCH_PAGE = ("GET", "/g/{token}", "The page that the recipient opens")


@dataclass(frozen=True)
class Endpoint:
    """`scope` is what the key needs; None where no key is asked for."""

    method: str
    path: str
    what: str
    scope: str | None


SCOPES = {
    Scope.ACCOUNT_READ: "see the account",
    Scope.GIFTS_READ: "see templates and gifts",
    Scope.GIFTS_WRITE: "make, change and submit gifts",
    Scope.UPLOADS_WRITE: "upload photos, clips and sounds",
    Scope.ORDERS_WRITE: "report orders, approve, cancel and resend",
    Scope.WEBHOOKS_WRITE: "register webhook endpoints and read their log",
}


@cache
def endpoints() -> list[Endpoint]:
    """Every operation of the API's description, and the watch page."""
    paths = json.loads(document().content)["paths"]
    described = [
        Endpoint(method.upper(), path, operation["summary"], _scope(operation))
        for path, operations in paths.items()
        for method, operation in operations.items()
    ]
    return [*described, Endpoint(*WATCH_PAGE, scope=None)]


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return _page(request, "home.html", {})


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Tables of states, scopes and endpoints come from the code and its description, so that they say what it does."""
    context: dict[str, object] = {
        "base_url": settings.BASE_URL,
        "endpoints": endpoints(),
        "webhook_types": WebhookType.values,
        "scopes": [(scope, what, scope in WEB_PAGE_SCOPES) for scope, what in SCOPES.items()],
        "states": [(state.value, state.label, [s.value for s in type(state) if s in EDGES[state]]) for state in EDGES],
    }
    return _page(request, "docs.html", context)


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """Drawn in the browser, from `/v1/openapi.json`."""
    response = render(request, "docs_operations.html", using=PLAIN)
    allow_content(response, images=["data:"])
    return response


@require_safe
def llms(request: HttpRequest) -> HttpResponse:
    """What a language model should read first, in the shape of llmstxt.org."""
    content_type = "text/plain; charset=utf-8"
    return render(request, "docs_llms.txt", {"base_url": settings.BASE_URL}, content_type=content_type, using=PLAIN)


def _scope(operation: dict[str, Any]) -> str | None:
    return next((scope for scheme in operation["security"] for scopes in scheme.values() for scope in scopes), None)


def _page(request: HttpRequest, template: str, context: dict[str, object]) -> HttpResponse:
    response = render(request, template, context, using=PLAIN)
    allow_content(response)
    return response
