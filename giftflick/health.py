"""Is the process up, and can it do its work."""

import time
from collections.abc import Callable

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from accounts import key_store
from api.exceptions import BackendError
from api.media import bucket

LOOK_AGAIN_AFTER = 5.0  # seconds; whoever asks more often gets the last answer

_last: tuple[float, dict[str, str]] | None = None


@csrf_exempt  # nothing is changed, and a POST is told that it is none of ours
@require_safe
def alive(_request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok", "version": settings.RELEASE})


@csrf_exempt
@require_safe
def ready(_request: HttpRequest) -> HttpResponse:
    """503 with the part that is away, looked at no more often than every five seconds."""
    global _last
    if _last is None or time.monotonic() - _last[0] > LOOK_AGAIN_AFTER:
        _last = (time.monotonic(), {name: _look(part) for name, part in PARTS.items()})
    parts = _last[1]
    is_ready = all(state == "ok" for state in parts.values())
    response = JsonResponse({"status": "ok" if is_ready else "unavailable", **parts}, status=200 if is_ready else 503)
    if not is_ready:
        response["Retry-After"] = str(round(LOOK_AGAIN_AFTER))
    return response


def _look(part: Callable[[], None]) -> str:
    try:
        part()
    except (DatabaseError, BackendError):
        return "away"
    return "ok"


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


PARTS = {"database": _database, "key_store": key_store.check, "bucket": bucket.check}
