"""What a caller sees when no view answers: a problem under the API's paths, a page elsewhere."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from api.exceptions import problem_response
from api.viewing.headers import allow_content

API_PATHS = ("/v1", "/public", "/hooks")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """What Django itself will not take, above all a Host that is none of ours."""
    if request.path.startswith(API_PATHS):
        return problem_response(400, "bad_request", "The request is malformed, or its Host is none of ours.")
    return _page(request, 400, "This cannot be answered", "The address of this page may be mistyped.")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    if request.path.startswith(API_PATHS):
        return problem_response(404, "not_found", "There is nothing at this path.")
    return _page(request, 404, "Nothing here", "This page does not exist.")


def server_error(request: HttpRequest) -> HttpResponse:
    if request.path.startswith(API_PATHS):
        return problem_response(500, "internal_error", "Something went wrong on our side. The request id helps us.")
    return _page(request, 500, "Something went wrong", "Please try again in a minute.")


def _page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    response = render(request, "error.html", {"title": title, "text": text}, status=status)
    allow_content(response)
    return response
