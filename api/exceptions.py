"""What can go wrong, and the one shape (RFC 9457) in which a caller is told."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponse, JsonResponse, UnreadablePostError
from rest_framework import exceptions as drf
from rest_framework.response import Response

from giftflick.logs import request_id

PROBLEM = "application/problem+json"
COME_BACK_AFTER = timedelta(seconds=5)  # unless whoever raises a 503 knows better

TITLES = {
    400: "The request is not valid",
    401: "Authentication failed",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    409: "Conflict",
    410: "Gone",
    412: "Precondition failed",
    413: "Too large",
    415: "Unsupported media type",
    422: "Refused",
    429: "Too many requests",
    500: "Something went wrong",
    503: "Unavailable",
}


@dataclass(frozen=True)
class FieldError:
    """One field's error; `field` is a dotted path into the body."""

    field: str
    code: str
    detail: str


class ApplicationError(Exception):
    """A refusal that a caller can understand: raised by services, answered as a problem."""

    status = 400
    code = "bad_request"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        errors: Sequence[FieldError] = (),
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code
        self.errors = tuple(errors)
        self.retry_after = retry_after


def refusal_words(refusal: ApplicationError) -> str:
    """A service's own words, for people: field by field where it names them."""
    return " ".join(error.detail for error in refusal.errors) or refusal.detail


class InvalidFieldsError(ApplicationError):
    """The request does not fit; `errors` says where."""

    code = "validation_error"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("The request does not fit; see errors.", errors=errors)


class InvalidFieldError(InvalidFieldsError):
    """One field of the body is wrong."""

    def __init__(self, field: str, code: str, detail: str) -> None:
        super().__init__([FieldError(field, code, detail)])


class ForbiddenError(ApplicationError):
    status = 403
    code = "permission_denied"


class NotFoundError(ApplicationError):
    status = 404
    code = "not_found"


class InvalidStateError(ApplicationError):
    status = 409
    code = "invalid_state"


class DeliveryInProgressError(ApplicationError):
    status = 409
    code = "delivery_in_progress"


class IdempotencyInProgressError(ApplicationError):
    status = 409
    code = "idempotency_in_progress"


class IdempotencyMismatchError(ApplicationError):
    status = 422
    code = "idempotency_mismatch"


class GoneError(ApplicationError):
    status = 410
    code = "gone"


class PreconditionFailedError(ApplicationError):
    status = 412
    code = "precondition_failed"


class TooLargeError(ApplicationError):
    status = 413
    code = "too_large"


class RefusedMediaError(ApplicationError):
    status = 422
    code = "media_refused"


class TooManyError(ApplicationError):
    status = 429
    code = "rate_limited"


class UnavailableError(ApplicationError):
    status = 503
    code = "unavailable"


class BackendError(Exception):
    """A vendor or AWS did not do what was asked.

    `retryable`: the same call may succeed later. `outcome_unknown`: it may have succeeded already (the connection broke
    after the request was sent), so repeating it may do the thing twice. `detail` is for founders and logs: no secrets.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        retryable: bool,
        outcome_unknown: bool = False,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.retryable = retryable
        self.outcome_unknown = outcome_unknown
        self.retry_after = retry_after


def problem_body(status: int, code: str, detail: str, errors: Sequence[FieldError] = ()) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id.get(),
        "errors": [asdict(error) for error in errors],
    }


def problem_response(status: int, code: str, detail: str) -> HttpResponse:
    """A problem from outside DRF: unknown paths, crashes, CSRF."""
    return JsonResponse(problem_body(status, code, detail), status=status, content_type=PROBLEM)


def problem_for_exception(exception: Exception, context: Mapping[str, Any]) -> Response | None:  # noqa: ARG001
    """DRF's exception handler; None lets a crash become `giftflick.errors.server_error`."""
    error = _as_application_error(exception)
    if error is None:
        return None
    response = Response(
        problem_body(error.status, error.code, error.detail, error.errors), status=error.status, content_type=PROBLEM
    )
    retry_after = error.retry_after or (COME_BACK_AFTER if error.status == 503 else None)
    if retry_after is not None:
        response["Retry-After"] = str(max(1, math.ceil(retry_after.total_seconds())))
    if isinstance(exception, drf.APIException) and (challenge := getattr(exception, "auth_header", None)):
        response["WWW-Authenticate"] = challenge
    return response


def _as_application_error(exception: Exception) -> ApplicationError | None:
    match exception:
        case ApplicationError():
            return exception
        case drf.ValidationError():
            return invalid_fields(exception)
        case drf.APIException():
            return _with_status(exception.status_code, str(exception.default_code), str(exception.detail))
        case Http404():
            return NotFoundError("There is nothing here.")
        case PermissionDenied():
            return ForbiddenError("You may not do this.")
        case BackendError() | OperationalError() | InterfaceError():
            return UnavailableError("A service behind the API is away; nothing was done.")
        case UnreadablePostError():
            return ApplicationError("The body broke off.", code="malformed")
    return None


def invalid_fields(error: drf.ValidationError) -> InvalidFieldsError:
    """What a serializer would not have, as a service refuses it."""
    return InvalidFieldsError(list(field_errors(error.get_full_details(), "")))


def _with_status(status: int, code: str, detail: str) -> ApplicationError:
    error = ApplicationError(detail, code=code)
    error.status = status
    return error


def field_errors(details: Any, path: str) -> Iterator[FieldError]:
    """Flatten DRF's nested error details into dotted paths."""
    if isinstance(details, dict) and "message" in details and "code" in details and isinstance(details["message"], str):
        yield FieldError(path, str(details["code"]), str(details["message"]))
    elif isinstance(details, dict):
        for name, inner in details.items():
            yield from field_errors(inner, path if name == "non_field_errors" else f"{path}.{name}".strip("."))
    elif isinstance(details, list):
        for position, inner in enumerate(details):
            is_leaf = isinstance(inner, dict) and isinstance(inner.get("message"), str)
            yield from field_errors(inner, path if is_leaf else f"{path}.{position}".strip("."))
