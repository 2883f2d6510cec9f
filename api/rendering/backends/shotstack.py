"""Shotstack's Edit API: submits edits, asks for their state, reads its callbacks."""

import json
import re
import time
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

from django.conf import settings

from api.exceptions import BackendError
from api.rendering.backends.base import Notice, Progress, RenderOrder, RenderReport
from giftflick import secrets
from giftflick.logs import request_id
from giftflick.vendor_calls import vendor_call

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

CONNECT_S = 3
TOTAL_S = 8
LONGEST_ANSWER = 256 * 1024
LONGEST_REASON = 500
LONGEST_PAUSE = timedelta(hours=1)

KEY_REFUSED = (401, 403)
PROVIDER_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
QUERY = re.compile(r"(https?://[^\s?#\"'<>]*)[?#][^\s\"'<>]*")
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")
# Every other state, also one that is new to us, means that it is still at work.
RENDER_ENDS = {"done": Progress.DONE, "failed": Progress.FAILED}
COPY_ENDS = {"ready": Progress.DONE, "failed": Progress.FAILED}


class ShotstackBackend:
    def submit(self, order: RenderOrder) -> str:
        answer = self._call("submit", "POST", "render", livemode=order.livemode, edit=order.edit)
        provider_id = answer.get("id")
        if not _is_provider_id(provider_id):
            _answer_is_rubbish("POST")
        return str(provider_id)

    def report(self, provider_id: str, *, livemode: bool) -> RenderReport:
        if not _is_provider_id(provider_id):
            raise BackendError("render_unknown", "This is no id of the rendering service.", retryable=False)
        answer = self._call("report", "GET", f"render/{provider_id}?data=false", livemode=livemode)
        status = answer.get("status")
        if not isinstance(status, str):
            _answer_is_rubbish("GET")
        return RenderReport(RENDER_ENDS.get(status, Progress.WORKING), _plain(answer.get("error")))

    def parse_notice(self, payload: dict[str, Any]) -> Notice | None:
        match payload:
            case {"type": "edit", "action": "render", "id": str(provider_id), "status": str(status)}:
                is_copy, ends = False, RENDER_ENDS
            case {"type": "serve", "action": "copy", "render": str(provider_id), "status": str(status)}:
                is_copy, ends = True, COPY_ENDS
            case _:
                return None
        if not _is_provider_id(provider_id):
            return None
        return Notice(provider_id, is_copy, ends.get(status, Progress.WORKING), _plain(payload.get("error")))

    @cached_property
    def _pool(self) -> "PoolManager":
        from urllib3 import PoolManager, Timeout

        return PoolManager(maxsize=16, retries=False, timeout=Timeout(connect=CONNECT_S, total=TOTAL_S))

    def _call(
        self, operation: str, method: str, path: str, *, livemode: bool, edit: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """The `response` object of a successful answer."""
        from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

        stage, key = ("v1" if livemode else "stage"), _key(livemode=livemode)
        url = f"{settings.RENDERER_URL}/edit/{stage}/{path}"
        deadline = time.monotonic() + TOTAL_S
        try:
            with vendor_call("renderer", operation) as call:
                response = self._pool.request(
                    method,
                    url,
                    headers=_headers(key),
                    body=None if edit is None else json.dumps(edit).encode(),
                    redirect=False,
                    preload_content=False,
                    decode_content=False,
                )
                call.status = response.status
                body = _read(response, deadline)
        except (NewConnectionError, ConnectTimeoutError, SSLError) as error:
            raise _away(error, is_unknown=False) from None
        except HTTPError as error:
            raise _away(error, is_unknown=method == "POST") from None
        if response.status in KEY_REFUSED:
            secrets.reread("renderer")
            if _key(livemode=livemode) != key:  # it was rotated
                return self._call(operation, method, path, livemode=livemode, edit=edit)
        if response.status >= 300:
            _refuse(method, response.status, response.headers.get("Retry-After", ""), _parsed(body))
        answer = _parsed(body).get("response")
        return answer if isinstance(answer, dict) else _answer_is_rubbish(method)


def _key(*, livemode: bool) -> str:
    return settings.RENDERER_API_KEY if livemode else settings.RENDERER_SANDBOX_API_KEY


def _headers(key: str) -> dict[str, str]:
    headers = {"x-api-key": key, "Content-Type": "application/json", "Accept": "application/json"}
    return headers | ({"X-Request-Id": request_id.get()} if request_id.get() else {})


def _read(response: "BaseHTTPResponse", deadline: float) -> bytes:
    """The body, if it is small and comes in time; what is left of it is dropped with its connection."""
    from urllib3.exceptions import TimeoutError as TookTooLongError

    body = b""
    try:
        while chunk := response.read1(64 * 1024):
            body += chunk
            if len(body) > LONGEST_ANSWER:
                response.close()
                return b""
            if time.monotonic() > deadline:
                response.close()
                raise TookTooLongError
    finally:
        response.release_conn()
    return body


def _parsed(body: bytes) -> dict[str, Any]:
    """The JSON object that a body is; an empty one for anything else."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _refuse(method: str, status: int, retry_after: str, body: dict[str, Any]) -> NoReturn:
    if status in KEY_REFUSED:
        raise BackendError("renderer_refused_key", f"The renderer refused our key (HTTP {status}).", retryable=False)
    if status == 404 and method == "GET":
        raise BackendError("render_unknown", "The renderer does not know this render.", retryable=False)
    if status == 429:
        raise BackendError(
            "renderer_busy", "The renderer takes no more calls now.", retryable=True, retry_after=_pause(retry_after)
        )
    if 400 <= status < 500:
        raise BackendError("renderer_refused_edit", f"HTTP {status}: {_reason(body)}", retryable=False)
    detail = f"The renderer answered with HTTP {status}."
    raise BackendError("renderer_failed", detail, retryable=True, outcome_unknown=method == "POST")


def _answer_is_rubbish(method: str) -> NoReturn:
    detail = "The renderer's answer makes no sense."
    raise BackendError("renderer_failed", detail, retryable=True, outcome_unknown=method == "POST")


def _away(error: Exception, *, is_unknown: bool) -> BackendError:
    detail = f"The renderer cannot be reached ({type(error).__name__})."
    return BackendError("renderer_away", detail, retryable=True, outcome_unknown=is_unknown)


def _reason(body: dict[str, Any]) -> str:
    """Why an edit was refused: a text, or the list of a validator's findings."""
    match body:
        case {"response": {"error": str(reason)}}:
            return _plain(reason)
        case {"response": {"error": {"details": [*findings]}}}:
            messages = [finding.get("message") for finding in findings if isinstance(finding, dict)]
            return _plain("; ".join(message for message in messages if isinstance(message, str)))
    return _plain(body.get("message")) or "no reason given"


def _pause(retry_after: str) -> timedelta | None:
    if not retry_after.isdecimal():
        return None
    return min(timedelta(seconds=int(retry_after[:6])), LONGEST_PAUSE)


def _is_provider_id(value: Any) -> bool:
    return isinstance(value, str) and PROVIDER_ID.fullmatch(value) is not None


def _plain(reason: Any) -> str:
    """A vendor's words, short and on one line, without what follows the path in a URL: that may be a signature."""
    if not isinstance(reason, str):
        return ""
    return QUERY.sub(r"\1", UNPRINTABLE.sub(" ", reason))[:LONGEST_REASON].strip()
