"""Serves `openapi.json`, read once in a process."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.views.decorators.csrf import csrf_exempt

from api.exceptions import problem_response

FILE = Path(__file__).with_name("openapi.json")


@dataclass(frozen=True)
class Document:
    content: bytes
    etag: str


@cache
def document() -> Document:
    content = FILE.read_bytes()
    return Document(content, f'"{hashlib.sha256(content).hexdigest()[:32]}"')


@csrf_exempt
def describe(request: HttpRequest) -> HttpResponse:
    """Without a key, and for any web page: there is nothing in it that is not public."""
    if request.method not in {"GET", "HEAD"}:
        refusal = problem_response(405, "method_not_allowed", f'Method "{request.method}" not allowed.')
        refusal["Allow"] = "GET, HEAD"
        return refusal
    served = document()
    response = HttpResponse(served.content, content_type="application/json")
    response["ETag"] = served.etag
    response["Cache-Control"] = "public, max-age=300"
    response["Access-Control-Allow-Origin"] = "*"
    return get_conditional_response(request, etag=served.etag, response=response) or response
