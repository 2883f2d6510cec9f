"""The rules by which v3 Mail Send refuses a request, in SendGrid's own words where they are known.

CR and LF in subjects, names and header values, and fields unknown to it inside objects, are refused here although
SendGrid may be milder: what passes here passes there.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from local.sendgrid.content import find_attachment_errors, find_content_errors
from local.sendgrid.errors import HELP, ApiError, field_error
from local.sendgrid.schema import find_shape_errors

MAX_PERSONALIZATIONS = MAX_RECIPIENTS = MAX_REPLY_TO = 1000
MAX_EMAIL_LENGTH = 320
MAX_CUSTOM_ARGS_BYTES = 10_000
MAX_SUBSTITUTIONS = 10_000
MAX_CATEGORIES, MAX_CATEGORY_LENGTH = 10, 255
MAX_SCHEDULE_S = 72 * 3600
MAX_ERRORS = 100
ADDRESS_HEADERS = frozenset({"to", "from", "subject", "reply-to", "cc", "bcc"})
TRANSPORT_HEADERS = frozenset({"received", "dkim-signature", "content-type", "content-transfer-encoding"})
RESERVED_HEADERS = {"x-sg-id", "x-sg-eid"} | TRANSPORT_HEADERS | ADDRESS_HEADERS
LOCAL_ATOM, LABEL = r"[\w!#$%&'*+/=?^`{|}~-]+", r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
EMAIL = re.compile(rf"{LOCAL_ATOM}(\.{LOCAL_ATOM})*@({LABEL}\.)+{LABEL}", re.ASCII | re.IGNORECASE)
LINE_BREAK = re.compile(r"[\r\n]")
EXAMPLE = 'e.g. {"email" : "example@example.com"}  or {"email" : "example@example.com", "name" : "Example Recipient"}.'


def find_errors(request: Any, *, now: float) -> list[ApiError]:
    """Return why SendGrid would refuse `request`, at most the first 100 reasons. `now` is a Unix time."""
    shape_errors = list(islice(find_shape_errors(request), MAX_ERRORS))
    return shape_errors or list(islice(_find_rule_errors(request, now), MAX_ERRORS))


def _find_rule_errors(request: Mapping[str, Any], now: float) -> Iterator[ApiError]:
    yield from _personalization_errors(request, now)
    yield from _sender_errors(request)
    yield from _subject_errors(request)
    yield from find_content_errors(request.get("content", []))
    yield from find_attachment_errors(request.get("attachments", []))
    yield from _header_errors(request.get("headers", {}), "headers")
    yield from _category_errors(request.get("categories", []))
    yield from _custom_args_errors(request, "custom_args")
    yield from _schedule_errors(request, "send_at", now)
    yield from _account_errors(request)


def _personalization_errors(request: Mapping[str, Any], now: float) -> Iterator[ApiError]:
    personalizations = request.get("personalizations", [])
    count = len(personalizations)
    if not count:
        message = "The personalizations field is required and must have at least one personalization."
        yield {"message": message, "field": "personalizations", "help": f"{HELP}#-Personalizations-Errors"}
    elif count > MAX_PERSONALIZATIONS:
        yield field_error(
            "personalizations",
            f"The personalization block is limited to {MAX_PERSONALIZATIONS} personalizations per API request. "
            f"You have provided {count} personalizations. Please consider splitting this into multiple requests and "
            "resending your request.",
        )
    elif sum(len(each.get(kind, [])) for each in personalizations for kind in ("to", "cc", "bcc")) > MAX_RECIPIENTS:
        message = f"There is a limit of {MAX_RECIPIENTS} total recipients (to + cc + bcc) per request."
        yield field_error("personalizations", message)
    else:
        for index, personalization in enumerate(personalizations):
            yield from _one_personalization_errors(request, personalization, f"personalizations.{index}", now)


def _one_personalization_errors(
    request: Mapping[str, Any], personalization: Mapping[str, Any], path: str, now: float
) -> Iterator[ApiError]:
    yield from _recipient_errors(personalization, path)
    if "from" in personalization:
        yield from _address_errors(personalization["from"], f"{path}.from", "from")
    if "subject" in personalization:
        yield from _text_errors(personalization["subject"], f"{path}.subject", "subject of your email")
    yield from _header_errors(personalization.get("headers", {}), f"{path}.headers")
    yield from _custom_args_errors(personalization, f"{path}.custom_args")
    merged = {**request.get("custom_args", {}), **personalization.get("custom_args", {})}
    texts = {name: value for name, value in merged.items() if isinstance(value, str)}
    if len(json.dumps(texts, ensure_ascii=False).encode(errors="replace")) > MAX_CUSTOM_ARGS_BYTES:
        yield field_error(
            f"{path}.custom_args",
            "The combined size of both global and personalization custom arguments may not exceed 10,000 bytes per "
            "personalization.",
        )
    substitutions = personalization.get("substitutions", {})
    if not all(isinstance(value, str) for value in substitutions.values()):
        message = "The substitution values must be an object of key/value pairs, where the values are all strings."
        yield field_error(f"{path}.substitutions", message)
    if len(substitutions) > MAX_SUBSTITUTIONS:
        yield field_error(f"{path}.substitutions", "You are limited to 10,000 substitutions.")
    yield from _schedule_errors(personalization, f"{path}.send_at", now)


def _recipient_errors(personalization: Mapping[str, Any], path: str) -> Iterator[ApiError]:
    if not personalization.get("to"):
        yield field_error(
            f"{path}.to",
            "The to array is required for all personalization objects, and must have at least one email object with a "
            "valid email address.",
        )
    seen: set[str] = set()
    has_duplicate = False
    for kind in ("to", "cc", "bcc"):
        for index, address in enumerate(personalization.get(kind, [])):
            yield from _address_errors(address, f"{path}.{kind}.{index}", kind)
            email = address.get("email", "").lower()
            if email in seen and not has_duplicate:
                has_duplicate = True
                yield field_error(
                    path,
                    "Each email address in the personalization block should be unique between to, cc, and bcc. "
                    f"We found the first duplicate instance of [{email}] in the {path}.{kind} field.",
                )
            seen.add(email)


def _sender_errors(request: Mapping[str, Any]) -> Iterator[ApiError]:
    if not request.get("from", {}).get("email"):
        yield field_error(
            "from.email",
            "The from object must be provided for every email send. It is an object that requires the email parameter, "
            f"but may also contain a name parameter.  {EXAMPLE}",
        )
    else:
        yield from _address_errors(request["from"], "from", "from")
    if "reply_to" in request:
        yield from _address_errors(request["reply_to"], "reply_to", "reply_to")
    replies: Sequence[Mapping[str, Any]] = request.get("reply_to_list", [])
    if replies and "reply_to" in request:
        yield field_error("reply_to", "reply_to is mutually exclusive with reply_to_list.")
    if len(replies) > MAX_REPLY_TO:
        message = f"There is a limit of {MAX_REPLY_TO} reply_to emails per mail/send request."
        yield field_error("reply_to_list", message)
    for index, address in enumerate(replies):
        yield from _address_errors(address, f"reply_to_list.{index}", "reply_to_list")
    if len({address.get("email", "").lower() for address in replies}) < len(replies):
        yield field_error("reply_to_list", "Each email address in the reply_to_list should be unique.")


def _address_errors(address: Mapping[str, Any], path: str, label: str) -> Iterator[ApiError]:
    email = address.get("email", "")
    if len(email) > MAX_EMAIL_LENGTH:
        message = f"The {label} email exceeds the maximum total length of {MAX_EMAIL_LENGTH} characters."
        yield field_error(f"{path}.email", message)
    elif not EMAIL.fullmatch(email):
        is_recipient = label in {"to", "cc", "bcc"}
        subject = "Does" if is_recipient else f"The {label} email does"
        yield field_error(f"{path}.email", f"{subject} not contain a valid address.")
    if LINE_BREAK.search(address.get("name", "")):
        yield field_error(f"{path}.name", "The name cannot contain CRLF characters.")


def _subject_errors(request: Mapping[str, Any]) -> Iterator[ApiError]:
    if "subject" in request:
        yield from _text_errors(request["subject"], "subject", "subject of your email")
    elif not all("subject" in each for each in request.get("personalizations", [{}])):
        yield field_error(
            "subject",
            "The subject is required. You can get around this requirement if you use a template with a subject defined "
            "or if every personalization has a subject defined.",
        )


def _text_errors(text: str, path: str, what: str) -> Iterator[ApiError]:
    if not text:
        yield field_error(path, f"The {what} must be a string at least one character in length.")
    elif LINE_BREAK.search(text):
        yield field_error(path, f"The {what} cannot contain CRLF characters.")


def _header_errors(headers: Mapping[str, Any], path: str) -> Iterator[ApiError]:
    if not all(isinstance(value, str) for value in headers.values()):
        yield field_error(path, "The header values must be strings.")
    elif any(LINE_BREAK.search(value) for value in headers.values()):
        yield field_error(path, "The header values cannot contain CRLF characters.")
    if len({name.lower() for name in headers}) < len(headers):
        yield field_error(path, "The headers cannot contain duplicate keys.")
    if not all(re.fullmatch(r"[!-9;-~]+", name) for name in headers):
        yield field_error(path, "Header keys cannot contain non-ASCII characters or empty spaces.")
    if any(name.lower() in RESERVED_HEADERS for name in headers):
        yield field_error(path, "Header cannot be one of the reserved keys.")


def _category_errors(categories: Sequence[str]) -> Iterator[ApiError]:
    if len(categories) > MAX_CATEGORIES:
        yield field_error(
            "categories",
            f"There is a limit of {MAX_CATEGORIES} categories for each email that is sent. "
            f"You provided {len(categories)} categories.",
        )
    for category in categories:
        if len(category) > MAX_CATEGORY_LENGTH:
            limit = f"Each category must not be longer than {MAX_CATEGORY_LENGTH} characters."
            yield field_error("categories", f"{limit} [{category}] exceeds this limit")
        if not category.isascii():
            yield field_error("categories", "Categories can not contain non-ASCII characters.")
    for category, count in Counter(categories).items():
        if count > 1:
            message = f"The categories must be a unique list, and you have included [{category}] more than once."
            yield field_error("categories", message)


def _custom_args_errors(owner: Mapping[str, Any], path: str) -> Iterator[ApiError]:
    custom_args = owner.get("custom_args")
    if custom_args is None:
        return
    if not custom_args:
        yield field_error(path, "custom_args cannot be empty.")
    elif not all(isinstance(value, str) for value in custom_args.values()):
        yield field_error(path, "All values of custom arguments object must be strings")


def _schedule_errors(owner: Mapping[str, Any], path: str, now: float) -> Iterator[ApiError]:
    if owner.get("send_at", now) > now + MAX_SCHEDULE_S:
        yield field_error(path, "Scheduling more than 72 hours in advance is forbidden.")


def _account_errors(request: Mapping[str, Any]) -> Iterator[ApiError]:
    """Refuse what names something of the account: this one has no templates, unsubscribe groups or IP pools."""
    if "template_id" in request:
        message = (
            f"The Template ID must be a valid template id for your account. You provided {request['template_id']}."
        )
        yield field_error("template_id", message)
    if "asm" in request:
        group = request["asm"].get("group_id")
        message = f"The ASM group ID must be a valid Group ID on your account. You provided {group}."
        yield field_error("asm.group_id", message)
    if "ip_pool_name" in request:
        message = (
            f"The IP Pool name must be a valid pool name for your account. You provided {request['ip_pool_name']}."
        )
        yield field_error("ip_pool_name", message)
