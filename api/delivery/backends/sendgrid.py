"""SendGrid: one call of v3 Mail Send a mail, and what each way to fail means."""

import json
import re
from datetime import timedelta
from email.utils import parseaddr
from http.client import HTTPException
from typing import Any, Self
from urllib.error import URLError

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

from api.delivery.backends.base import Accepted, Address, Mail
from api.delivery.redaction import redact
from api.exceptions import BackendError
from giftflick import secrets
from giftflick.vendor_calls import vendor_call

TIMEOUT = 8.0  # seconds; far below a job's lease, so that nobody takes over a call that still runs
ACCEPTED = 202
LONGEST_WAIT = timedelta(hours=1)  # whatever Retry-After says: a mistaken year must not hold a mail back
KEY_REFUSED = (401, 403)

# Refused because of us (key, sender identity, URL, pace), not because of the mail: right again once we are.
OUR_FAULT = {
    401: "SendGrid does not accept our API key.",
    403: "SendGrid does not let our API key or our sender address send.",
    404: "There is no Mail Send at SENDGRID_URL.",
    405: "There is no Mail Send at SENDGRID_URL.",
    408: "SendGrid grew tired of waiting for the request.",
    429: "SendGrid asks for fewer calls.",
}


class SendGridBackend:
    """Threads may share one: each call opens its own connection."""

    def __init__(self, *, url: str, api_key: str, sender: str, timeout: float = TIMEOUT) -> None:
        problems = [] if re.fullmatch(r"[\x21-\x7e]+", api_key) else ["SENDGRID_API_KEY must be one word of ASCII."]
        try:
            self._sender = sender_address(sender)
        except ImproperlyConfigured as error:
            problems.append(str(error))
        if problems:
            raise ImproperlyConfigured("\n".join(problems))
        # Slow to import, so only where a mail is sent.
        from sendgrid import SendGridAPIClient

        self._client = SendGridAPIClient(api_key=api_key, host=url)
        self._client.client.timeout = timeout  # by default it waits for ever

    @classmethod
    def from_settings(cls) -> Self:
        return cls(url=settings.SENDGRID_URL, api_key=settings.SENDGRID_API_KEY, sender=settings.MAIL_FROM)

    def send(self, mail: Mail) -> Accepted:
        from python_http_client.exceptions import HTTPError

        try:
            response = self._call(self._payload(mail))
        except HTTPError as error:
            if error.status_code in KEY_REFUSED:
                secrets.reread("sendgrid")
            raise _refusal(error.status_code, error.headers.get("Retry-After"), error.body) from None
        except URLError as error:
            # urllib wraps so what failed before the request was written to its end. A body shorter than its
            # Content-Length is no request, so whatever the reason was, this mail has not been accepted.
            raise BackendError(
                "mail_service_unreachable", f"SendGrid cannot be reached ({_name(error.reason)}).", retryable=True
            ) from None
        except (OSError, HTTPException) as error:
            raise _unknown(f"The connection to SendGrid broke before its answer ({_name(error)}).") from None
        if response.status_code != ACCEPTED:
            raise _unknown(f"SendGrid answered {response.status_code}, which means nothing we know.")
        return Accepted(provider_id=(response.headers.get("X-Message-Id") or "")[:100])

    def _call(self, payload: dict[str, Any]) -> Any:
        """SendGrid's answer; raises whatever its library does. No header of ours: it keeps what it gets for ever."""
        from python_http_client.exceptions import HTTPError

        with vendor_call("sendgrid", "send") as call:
            try:
                response = self._client.send(payload)
            except HTTPError as error:
                call.status = error.status_code
                raise
            call.status = response.status_code
        return response

    def _payload(self, mail: Mail) -> dict[str, Any]:
        payload: dict[str, Any] = {
            # One recipient a call: one bad address among many spoils all of them.
            "personalizations": [{"to": [_party(mail.to)], "custom_args": {"message_id": str(mail.message_id)}}],
            "from": _party(Address(self._sender.email, mail.from_name or self._sender.name)),
            "subject": mail.subject,
            "content": [{"type": "text/plain", "value": mail.text}, {"type": "text/html", "value": mail.html}],
            "categories": [mail.kind],
            # No rewritten links and no pixel: a link's token is nobody else's, and our own player counts views.
            "tracking_settings": {
                "click_tracking": {"enable": False, "enable_text": False},
                "open_tracking": {"enable": False},
                "subscription_tracking": {"enable": False},
            },
        }
        if mail.reply_to is not None:
            payload["reply_to"] = _party(mail.reply_to)
        return payload


def sender_address(value: str) -> Address:
    """`gifts@example.com` or `Giftflick <gifts@example.com>`; raises ImproperlyConfigured."""
    name, email = parseaddr(value if value.isprintable() else "")
    try:
        validate_email(email)
    except ValidationError:
        raise ImproperlyConfigured("MAIL_FROM must be an address, or a name and <an address>.") from None
    return Address(email=email, name=name or "Giftflick")


def _party(address: Address) -> dict[str, str]:
    """SendGrid splits a name at commas and semicolons, which a header would quote; blanks stand in for them."""
    name = " ".join(re.sub(r"[,;\"<>\\]", " ", address.name).split())
    return {"email": address.email, "name": name} if name else {"email": address.email}


def _refusal(status: int, retry_after: str | None, body: bytes) -> BackendError:
    if status >= 500:
        return _unknown(f"SendGrid had a fault of its own (HTTP {status}).")
    if status in OUR_FAULT or status < 400:
        detail = OUR_FAULT.get(status, f"SENDGRID_URL leads elsewhere (HTTP {status}).")
        return BackendError("mail_service_refused_us", detail, retryable=True, retry_after=_wait(retry_after))
    reasons = _reasons(body)
    return BackendError("mail_refused", f"SendGrid will not take this mail (HTTP {status}): {reasons}", retryable=False)


def _unknown(detail: str) -> BackendError:
    return BackendError("mail_outcome_unknown", detail, retryable=True, outcome_unknown=True)


def _wait(retry_after: str | None) -> timedelta | None:
    if retry_after is None or not re.fullmatch(r"\d{1,9}", retry_after.strip()):
        return None
    return min(timedelta(seconds=int(retry_after)), LONGEST_WAIT)


def _reasons(body: bytes) -> str:
    """SendGrid's `{"errors": [{"message", "field"}]}` on one line; it may quote an address, so those are taken out."""
    try:
        errors = json.loads(body)["errors"]
        lines = [f"{error.get('message')} ({error.get('field')})" for error in errors]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "it does not say why."
    return redact(" ".join(lines)) or "it does not say why."


def _name(reason: object) -> str:
    """The kind of failure only: its words may quote the request."""
    return type(reason).__name__
