"""The rules for a mail's content blocks and attachments."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from local.sendgrid.errors import ApiError, field_error

TYPE_BREAK = re.compile(r"[;,\r\n]")


def find_content_errors(content: Sequence[Mapping[str, Any]]) -> Iterator[ApiError]:
    if not content:
        yield field_error(
            "content",
            "Unless a valid template_id is provided, the content parameter is required. There must be at least one "
            "defined content block. We typically suggest both text/plain and text/html blocks are included, but only "
            "one block is required.",
        )
    for index, block in enumerate(content):
        if not block.get("type"):
            message = "Your content type must be a string with length of at least one character."
            yield field_error(f"content.{index}.type", message)
        elif TYPE_BREAK.search(block["type"]):
            yield field_error(f"content.{index}.type", "Cannot contain ';', or CRLF characters.")
        if not block.get("value"):
            message = "The content value must be a string at least one character in length."
            yield field_error(f"content.{index}.value", message)
    types = [block.get("type", "").lower() for block in content]
    if types.count("text/plain") > 1 or types.count("text/html") > 1:
        yield field_error("content", "If present, text/plain and text/html may only be provided once.")
    ranks = [{"text/plain": 0, "text/html": 1}.get(name, 2) for name in types]
    if ranks != sorted(ranks):
        yield field_error(
            "content",
            "Following RFC 1341, section 7.2, if either text/html or text/plain are to be sent in your email: "
            "text/plain needs to be first, followed by text/html, followed by any other content.",
        )


def find_attachment_errors(attachments: Sequence[Mapping[str, Any]]) -> Iterator[ApiError]:
    for index, attachment in enumerate(attachments):
        path = f"attachments.{index}"
        content = attachment.get("content", "")
        if not content:
            message = "The attachment content must be a string at least one character in length."
            yield field_error(f"{path}.content", message)
        elif not _is_base64(content):
            yield field_error(f"{path}.content", "The attachment content must be base64 encoded.")
        filename = attachment.get("filename", "")
        if not filename:
            yield field_error(f"{path}.filename", "filename is required.")
        elif TYPE_BREAK.search(filename):
            yield field_error(f"{path}.filename", "The filename of your attachment cannot contain CRLF characters.")
        if attachment.get("type") == "":
            message = "The attachment type must be a string and at least one character in length."
            yield field_error(f"{path}.type", message)
        elif TYPE_BREAK.search(attachment.get("type", "")):
            yield field_error(f"{path}.type", "The type cannot contain ';', or CRLF characters.")
        disposition = attachment.get("disposition", "attachment")
        if disposition not in {"inline", "attachment"}:
            yield field_error(
                f"{path}.disposition",
                'The disposition of your attachment can be either "inline" or "attachment". '
                f"You provided {disposition}.",
            )
        if TYPE_BREAK.search(attachment.get("content_id", "")):
            message = "The content ID of your attachment cannot contain CRLF characters."
            yield field_error(f"{path}.content_id", message)


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True
