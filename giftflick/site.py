"""The site's own pages: what Giftflick is, and the guide to its API."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import WEB_PAGE_SCOPES, Scope
from api.gifts.states import EDGES
from api.viewing.headers import allow_content


@dataclass(frozen=True)
class Endpoint:
    """`scope` is what the key needs; None where no key is asked for."""

    method: str
    path: str
    what: str
    scope: Scope | None


ENDPOINTS = (
    Endpoint("GET", "/v1/account", "the account, the key's mode, scopes and limits", Scope.ACCOUNT_READ),
    Endpoint("GET", "/v1/templates", "published templates with their fields", Scope.GIFTS_READ),
    Endpoint("GET", "/v1/templates/{slug}", "one template", Scope.GIFTS_READ),
    Endpoint("POST", "/v1/uploads", "announce a file; answers where to put its parts", Scope.UPLOADS_WRITE),
    Endpoint("GET", "/v1/uploads/{id}", "an upload's status", Scope.UPLOADS_WRITE),
    Endpoint("POST", "/v1/uploads/{id}/parts", "fresh addresses for the parts still missing", Scope.UPLOADS_WRITE),
    Endpoint("POST", "/v1/uploads/{id}/complete", "put the parts together and check the file", Scope.UPLOADS_WRITE),
    Endpoint("DELETE", "/v1/uploads/{id}", "delete a file that no gift uses", Scope.UPLOADS_WRITE),
    Endpoint("POST", "/v1/gifts", "make a draft", Scope.GIFTS_WRITE),
    Endpoint("GET", "/v1/gifts", "list, newest first", Scope.GIFTS_READ),
    Endpoint("GET", "/v1/gifts/{id}", "one gift", Scope.GIFTS_READ),
    Endpoint("PATCH", "/v1/gifts/{id}", "change it, as far as its state allows", Scope.GIFTS_WRITE),
    Endpoint("DELETE", "/v1/gifts/{id}", "throw a draft away", Scope.GIFTS_WRITE),
    Endpoint("POST", "/v1/gifts/{id}/submit", "have the film made", Scope.GIFTS_WRITE),
    Endpoint("POST", "/v1/gifts/{id}/render", "have it made again", Scope.GIFTS_WRITE),
    Endpoint("POST", "/v1/gifts/{id}/order", "the order was paid, or canceled", Scope.ORDERS_WRITE),
    Endpoint("POST", "/v1/gifts/{id}/approve", "approve the film", Scope.ORDERS_WRITE),
    Endpoint("POST", "/v1/gifts/{id}/cancel", "call it off; once sent, take it back", Scope.ORDERS_WRITE),
    Endpoint("POST", "/v1/gifts/{id}/resend", "mail it again, at most three times a day", Scope.ORDERS_WRITE),
    Endpoint("GET", "/v1/gifts/{id}/events", "what happened, in order", Scope.GIFTS_READ),
    Endpoint("GET", "/v1/gifts/{id}/renders", "each attempt to make the film", Scope.GIFTS_READ),
    Endpoint("GET", "/g/{token}", "the page that the recipient opens", None),
    Endpoint("GET", "/public/gifts/{token}", "the same as JSON", None),
    Endpoint("POST", "/public/gifts/{token}/progress", "the player reports 25, 50, 75 or 100 percent", None),
    Endpoint("POST", "/public/gifts/{token}/thanks", "the recipient's answer, mailed to the sender", None),
    Endpoint("GET", "/healthz", "is the process up, and which version", None),
    Endpoint("GET", "/readyz", "can it reach what it needs", None),
)

SCOPES = {
    Scope.ACCOUNT_READ: "see the account",
    Scope.GIFTS_READ: "see templates and gifts",
    Scope.GIFTS_WRITE: "make, change and submit gifts",
    Scope.UPLOADS_WRITE: "upload photos, clips and sounds",
    Scope.ORDERS_WRITE: "report orders, approve, cancel and resend",
    Scope.WEBHOOKS_WRITE: "reserved for outgoing webhooks, which are still to come",
}


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return _page(request, "home.html", {})


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Tables of states, scopes and endpoints come from the code, so that they say what it does."""
    context: dict[str, object] = {
        "base_url": settings.BASE_URL,
        "endpoints": ENDPOINTS,
        "scopes": [(scope, what, scope in WEB_PAGE_SCOPES) for scope, what in SCOPES.items()],
        "states": [(state.value, state.label, [s.value for s in type(state) if s in EDGES[state]]) for state in EDGES],
    }
    return _page(request, "docs.html", context)


def _page(request: HttpRequest, template: str, context: dict[str, object]) -> HttpResponse:
    response = render(request, template, context)
    allow_content(response)
    return response
