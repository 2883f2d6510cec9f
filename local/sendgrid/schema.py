"""The shape of a Mail Send request: which fields there are, and of which JSON type."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from local.sendgrid.errors import ROOT, ApiError, field_error

# A scalar or a free object by the name of its JSON type, an array as a list of its one shape, an object by its fields.
Shape: TypeAlias = "str | list[Shape] | Mapping[str, Shape]"

ADDRESS: Shape = {"email": "string", "name": "string"}
SETTING: Shape = {"enable": "boolean"}
PERSONALIZATION: Shape = {
    "from": ADDRESS,
    "to": [ADDRESS],
    "cc": [ADDRESS],
    "bcc": [ADDRESS],
    "subject": "string",
    "headers": "object",
    "substitutions": "object",
    "dynamic_template_data": "object",
    "custom_args": "object",
    "send_at": "integer",
}
REQUEST: Shape = {
    "personalizations": [PERSONALIZATION],
    "from": ADDRESS,
    "reply_to": ADDRESS,
    "reply_to_list": [ADDRESS],
    "subject": "string",
    "content": [{"type": "string", "value": "string"}],
    "attachments": [
        {"content": "string", "type": "string", "filename": "string", "disposition": "string", "content_id": "string"}
    ],
    "template_id": "string",
    "sections": "object",
    "headers": "object",
    "categories": ["string"],
    "custom_args": "object",
    "send_at": "integer",
    "batch_id": "string",
    "asm": {"group_id": "integer", "groups_to_display": ["integer"]},
    "ip_pool_name": "string",
    "mail_settings": {
        "bypass_list_management": SETTING,
        "bypass_spam_management": SETTING,
        "bypass_bounce_management": SETTING,
        "bypass_unsubscribe_management": SETTING,
        "footer": {"enable": "boolean", "text": "string", "html": "string"},
        "sandbox_mode": SETTING,
    },
    "tracking_settings": {
        "click_tracking": {"enable": "boolean", "enable_text": "boolean"},
        "open_tracking": {"enable": "boolean", "substitution_tag": "string"},
        "subscription_tracking": {
            "enable": "boolean",
            "text": "string",
            "html": "string",
            "substitution_tag": "string",
        },
        "ganalytics": {
            "enable": "boolean",
            "utm_source": "string",
            "utm_medium": "string",
            "utm_term": "string",
            "utm_content": "string",
            "utm_campaign": "string",
        },
    },
}
TYPE_NAMES: Mapping[type, str] = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}


def find_shape_errors(value: Any, shape: Shape = REQUEST, path: str = "") -> Iterator[ApiError]:
    """Yield each value of a wrong type and each field that SendGrid does not know, in the order of the request."""
    given = TYPE_NAMES[type(value)]
    expected = shape if isinstance(shape, str) else "array" if isinstance(shape, list) else "object"
    if given != expected:
        yield field_error(path or ROOT, f"Invalid type. Expected: {expected}, given: {given}.")
    elif isinstance(shape, list):
        for index, item in enumerate(value):
            yield from find_shape_errors(item, shape[0], f"{path}.{index}")
    elif isinstance(shape, Mapping):
        for name, item in value.items():
            if name in shape:
                yield from find_shape_errors(item, shape[name], f"{path}.{name}" if path else name)
            else:
                yield field_error(path or ROOT, f"Additional property {name} is not allowed")
