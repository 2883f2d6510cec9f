"""The secrets of one local system: made once, kept in a file that only its owner can read."""

import json
import secrets
from pathlib import Path

from local.errors import LocalError
from local.private_files import write_private
from local.sendgrid.keys import generate


def kept_secrets(file: Path) -> dict[str, str]:
    """The secrets in `file`, by variable name; what is missing there is made up and added."""
    try:
        known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    except ValueError as error:
        raise LocalError(f"{file} is damaged: remove it, and new secrets are made") from error
    complete = {**_new_secrets(), **known}
    if complete != known:
        write_private(file, json.dumps(complete, indent=2))
    return complete


def _new_secrets() -> dict[str, str]:
    private, public = generate()
    return {
        "SECRET_KEY": secrets.token_urlsafe(64),
        "RENDERER_API_KEY": secrets.token_urlsafe(30),
        "RENDERER_SANDBOX_API_KEY": secrets.token_urlsafe(30),
        "SENDGRID_API_KEY": f"SG.{secrets.token_urlsafe(16)}.{secrets.token_urlsafe(32)}",
        "SENDGRID_WEBHOOK_PRIVATE_KEY": private,
        "SENDGRID_WEBHOOK_PUBLIC_KEY": public,
    }
