"""What a caller sees when no view answers: a problem under the API's paths, a page elsewhere."""

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.throttling import Allowance
from api.exceptions import problem_response
from api.viewing.headers import allow_content
from giftflick.admin_policy import ADMIN_PATHS
from giftflick.plain_templates import PLAIN

API_PATHS = ("/v1", "/public", "/hooks")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What Django itself will not take, above all a Host that is none of ours."""
    if isinstance(exception, RequestDataTooBig) and request.path.startswith(API_PATHS):
        return problem_response(413, "too_large", "This body is too large.")
    if request.path.startswith(API_PATHS):
        return problem_response(400, "bad_request", "The request is malformed, or its Host is none of ours.")
    return _page(request, 400, "This cannot be answered", "The address of this page may be mistyped.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    if request.path.startswith(API_PATHS):
        return problem_response(403, "permission_denied", "This is not allowed.")
    return _page(request, 403, "This is not open to you", "Somebody who may use this page has to do it for you.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    if request.path.startswith(API_PATHS):
        return problem_response(403, "csrf_failed", "This call needs a token against forgery.")
    return _page(request, 403, "Please go back and try again", "This page was open too long, or cookies are off.")


def too_many_requests(request: HttpRequest, allowance: Allowance) -> HttpResponse:
    if request.path.startswith((*API_PATHS, "/readyz")):
        response = problem_response(429, "rate_limited", f"One address may call {allowance.limit} times a minute.")
    else:
        response = _page(request, 429, "One moment, please", "There were very many requests. Try again in a minute.")
    response["Retry-After"] = allowance.resets_in_s
    return response


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    if request.path.startswith(API_PATHS):
        return problem_response(404, "not_found", "There is nothing at this path.")
    return _page(request, 404, "Nothing here", "This page does not exist.")


def server_error(request: HttpRequest) -> HttpResponse:
    if request.path.startswith(API_PATHS):
        return problem_response(500, "internal_error", "Something went wrong on our side. The request id helps us.")
    return _page(request, 500, "Something went wrong", "Please try again in a minute.")


def _page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    if request.path.startswith(ADMIN_PATHS) and status < 500:
        from giftflick.admin_errors import framed  # the admin is there already: the path was looked up in it

        if (page := framed(request, status)) is not None:
            return page
    response = render(request, "error.html", {"title": title, "text": text}, status=status, using=PLAIN)
    allow_content(response)
    return response
