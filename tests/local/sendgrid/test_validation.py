"""What Mail Send refuses, and which field it blames."""

from typing import Any

import pytest

from tests.local.sendgrid.service import Service, message, to

HELP = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html"
LONG_EMAIL = "a" * 310 + "@example.com"
NEXT_WEEK = 4_000_000_000

REFUSALS: list[tuple[dict[str, Any], str, str]] = [
    (message(personalizations=...), "personalizations", "at least one personalization"),
    (message(personalizations=[]), "personalizations", "at least one personalization"),
    (message(personalizations=to("a@b.example") * 1001), "personalizations", "You have provided 1001 personalizations"),
    (
        message(personalizations=to(*[f"p{n}@b.example" for n in range(1001)])),
        "personalizations",
        "limit of 1000 total recipients",
    ),
    (
        message(personalizations=[{"cc": [{"email": "a@b.example"}]}]),
        "personalizations.0.to",
        "The to array is required",
    ),
    (
        message(personalizations=to("a@b.example", "nobody")),
        "personalizations.0.to.1.email",
        "Does not contain a valid",
    ),
    (message(personalizations=to("a@b")), "personalizations.0.to.0.email", "Does not contain a valid address."),
    (message(personalizations=to("a b@c.example")), "personalizations.0.to.0.email", "Does not contain a valid"),
    (message(personalizations=to("zoë@c.example")), "personalizations.0.to.0.email", "Does not contain a valid"),
    (message(personalizations=to("a@b.example\n")), "personalizations.0.to.0.email", "Does not contain a valid"),
    (message(personalizations=to(LONG_EMAIL)), "personalizations.0.to.0.email", "maximum total length of 320"),
    (
        message(personalizations=to("a@b.example", bcc=[{"email": "A@b.example"}])),
        "personalizations.0",
        "first duplicate instance of [a@b.example] in the personalizations.0.bcc field",
    ),
    (message(personalizations=to("a@b.example", reply_to={})), "personalizations.0", "Additional property reply_to"),
    (message(personalizations=to("a@b.example", subject="")), "personalizations.0.subject", "at least one character"),
    (message(personalizations=to("a@b.example", send_at=NEXT_WEEK)), "personalizations.0.send_at", "72 hours"),
    (message(personalizations={"to": []}), "personalizations", "Invalid type. Expected: array, given: object."),
    (message(**{"from": ...}), "from.email", "The from object must be provided for every email send."),
    (message(**{"from": {"email": "x"}}), "from.email", "The from email does not contain a valid address."),
    (message(**{"from": []}), "from", "Invalid type. Expected: object, given: array."),
    (message(**{"from": {"email": "a@b.example", "name": "A\r\nBcc: c@d.example"}}), "from.name", "CRLF"),
    (message(reply_to={"email": "x"}), "reply_to.email", "The reply_to email does not contain a valid address."),
    (message(reply_to={"email": "a@b.example"}, reply_to_list=[{"email": "c@d.example"}]), "reply_to", "exclusive"),
    (message(subject=...), "subject", "The subject is required."),
    (message(subject=""), "subject", "at least one character in length"),
    (message(subject=7), "subject", "Invalid type. Expected: string, given: integer."),
    (message(subject="Hi\r\nBcc: c@d.example"), "subject", "CRLF"),
    (message(content=...), "content", "the content parameter is required"),
    (message(content=[]), "content", "the content parameter is required"),
    (message(content=[{"type": "text/plain", "value": ""}]), "content.0.value", "at least one character in length"),
    (message(content=[{"value": "x"}]), "content.0.type", "at least one character"),
    (message(content=[{"type": "text/html; charset=utf-8", "value": "x"}]), "content.0.type", "Cannot contain ';'"),
    (
        message(content=[{"type": "text/html", "value": "x"}, {"type": "text/plain", "value": "x"}]),
        "content",
        "text/plain needs to be first",
    ),
    (message(content=[{"type": "text/plain", "value": "x"}] * 2), "content", "may only be provided once"),
    (message(attachments=[{"content": "@", "filename": "a.txt"}]), "attachments.0.content", "base64"),
    (message(attachments=[{"content": "YQ=="}]), "attachments.0.filename", "filename is required."),
    (message(headers={"X-A": 1}), "headers", "The header values must be strings."),
    (message(headers={"X-A": "1\r\nBcc: c@d.example"}), "headers", "CRLF"),
    (message(headers={"X-A": "1", "x-a": "2"}), "headers", "duplicate keys"),
    (message(headers={"X A": "1"}), "headers", "non-ASCII characters or empty spaces"),
    (message(headers={"Reply-To": "a@b.example"}), "headers", "reserved keys"),
    (
        message(personalizations=to("a@b.example", headers={"DKIM-Signature": "x"})),
        "personalizations.0.headers",
        "reserved",
    ),
    (message(categories=[str(n) for n in range(11)]), "categories", "You provided 11 categories."),
    (message(categories=["a", "a"]), "categories", "included [a] more than once"),
    (message(categories=["ä"]), "categories", "non-ASCII"),
    (message(categories=["a" * 256]), "categories", "longer than 255"),
    (message(custom_args={"n": 1}), "custom_args", "must be strings"),
    (message(custom_args={}), "custom_args", "cannot be empty"),
    (message(custom_args="x"), "custom_args", "Invalid type. Expected: object, given: string."),
    (
        message(personalizations=to("a@b.example", custom_args={"a": "x" * 5000}), custom_args={"b": "ö" * 2500}),
        "personalizations.0.custom_args",
        "may not exceed 10,000 bytes",
    ),
    (message(send_at=NEXT_WEEK), "send_at", "Scheduling more than 72 hours in advance is forbidden."),
    (message(send_at=True), "send_at", "Invalid type. Expected: integer, given: boolean."),
    (message(template_id="d-1"), "template_id", "must be a valid template id"),
    (message(asm={"group_id": 1}), "asm.group_id", "must be a valid Group ID"),
    (message(mail_settings={"sandbox_mode": {"enable": "yes"}}), "mail_settings.sandbox_mode.enable", "Invalid type."),
    (message(to="a@b.example"), "(root)", "Additional property to is not allowed"),
    ([], "(root)", "Invalid type. Expected: object, given: array."),  # type: ignore[list-item]
]


@pytest.mark.parametrize(("body", "field_name", "text"), REFUSALS, ids=[f"{each[1]}:{each[2]}" for each in REFUSALS])
def test_an_invalid_request_is_refused_by_field(quiet: Service, body: Any, field_name: str, text: str) -> None:
    before = quiet.call("GET", "/mailbox.json?limit=1").body

    answer = quiet.post(body)

    assert answer.status == 400
    [error] = answer.json["errors"]
    assert error["field"] == field_name
    assert text in error["message"]
    assert error["help"].startswith(HELP + "#")
    assert quiet.call("GET", "/mailbox.json?limit=1").body == before


def test_every_wrong_field_is_named_with_its_help(quiet: Service) -> None:
    answer = quiet.post(message(personalizations=to("nobody", "a@b.example", "a@b.example"), subject=..., content=...))

    assert [(error["field"], error["help"].partition("#")[2]) for error in answer.json["errors"]] == [
        ("personalizations.0.to.0.email", "message.personalizations.to"),
        ("personalizations.0", "message.personalizations"),
        ("subject", "message.subject"),
        ("content", "message.content"),
    ]
