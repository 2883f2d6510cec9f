"""What the stand-in answers: Mail Send for programs, the mailbox for people and tests."""

import hmac
import json
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from local.sendgrid import pages
from local.sendgrid.errors import ApiError, request_error
from local.sendgrid.events import EventFeed
from local.sendgrid.mailbox import Mailbox
from local.sendgrid.mails import address_mails, mailbox_name, new_message_id
from local.sendgrid.validation import find_errors

SLOW_S = 12.0  # beyond the 8 s that our client waits


@dataclass(frozen=True)
class Request:
    headers: Mapping[str, str]  # names in lower case
    query: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Response:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0


def json_response(status: int, content: Any) -> Response:
    return Response(status, json.dumps(content).encode(), {"Content-Type": "application/json"})


def error_response(status: int, *errors: ApiError) -> Response:
    return json_response(status, {"errors": errors})


NOT_FOUND = error_response(404, request_error("not found"))


@dataclass(frozen=True)
class Endpoints:
    api_key: str
    mailbox: Mailbox
    feed: EventFeed | None

    def send(self, request: Request) -> Response:
        """Accept, validate only (sandbox mode), or refuse. What got a 202 survives a kill."""
        refusal = self._refuse(request)
        if refusal is not None:
            return refusal
        try:
            message = json.loads(request.body.decode(), parse_constant=_refuse_constant)
        except UnicodeDecodeError:
            return error_response(415, request_error("Invalid UTF8 in request"))
        except (ValueError, RecursionError):
            return error_response(400, request_error("Bad Request"))
        now = time.time()
        if errors := find_errors(message, now=now):
            return error_response(400, *errors)
        if message.get("mail_settings", {}).get("sandbox_mode", {}).get("enable"):
            return Response(200)
        message_id = new_message_id()
        mails = list(address_mails(message, message_id, now=now))
        try:
            self.mailbox.add(mails)
        except OSError as error:
            print(f"cannot store a mail: {error.strerror}", file=sys.stderr, flush=True)
            return error_response(500, request_error("internal server error"))
        if self.feed is not None:
            for mail in mails:
                self.feed.add(mail)
        is_slow = any(mailbox_name(mail.to) == "slow" for mail in mails)
        return Response(202, headers={"X-Message-Id": message_id}, delay_s=SLOW_S if is_slow else 0.0)

    def _refuse(self, request: Request) -> Response | None:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self.api_key}".encode()):
            return error_response(
                401, request_error("The provided authorization grant is invalid, expired, or revoked")
            )
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return error_response(415, request_error("Content-Type should be application/json."))
        return None

    def list_page(self, _request: Request) -> Response:
        return _page(pages.render_list(self.mailbox.newest()))

    def list_json(self, request: Request) -> Response:
        """All mails, newest first; `?to=` and `?limit=` narrow it for a test that polls."""
        limit = request.query.get("limit")
        if limit is not None and not re.fullmatch("[0-9]{1,9}", limit):
            return error_response(400, request_error("limit must be a number"))
        mails = self.mailbox.newest(to=request.query.get("to"), limit=None if limit is None else int(limit))
        return json_response(200, [mail.as_json() for mail in mails])

    def clear(self, _request: Request) -> Response:
        self.mailbox.clear()
        return Response(204)

    def mail_page(self, _request: Request, mail_id: str) -> Response:
        mail = self.mailbox.get(mail_id)
        return _page(pages.render_mail(mail)) if mail else NOT_FOUND

    def mail_json(self, _request: Request, mail_id: str) -> Response:
        mail = self.mailbox.get(mail_id)
        return json_response(200, mail.as_json()) if mail else NOT_FOUND

    def mailed_html(self, _request: Request, mail_id: str) -> Response:
        mail = self.mailbox.get(mail_id)
        if mail is None or mail.html is None:
            return NOT_FOUND
        return _page(pages.render_mailed_html(mail.html), policy=pages.MAILED_POLICY)

    def asset(self, _request: Request, name: str) -> Response:
        if name not in pages.ASSETS:
            return NOT_FOUND
        content_type = pages.ASSET_TYPES[name[name.rindex(".") :]]
        return Response(200, pages.ASSETS[name], {"Content-Type": content_type})

    def home(self, _request: Request) -> Response:
        return Response(302, headers={"Location": "/mailbox"})


def _page(html: str, policy: str = pages.PAGE_POLICY) -> Response:
    # "replace": JSON can carry half of a surrogate pair, which has no UTF-8
    return Response(
        200,
        html.encode(errors="replace"),
        {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy},
    )


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
