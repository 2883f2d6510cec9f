"""The mailbox as a person sees it: a list and one mail, rendered by templates that escape all they are given."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.template import Context, Engine

from local.sendgrid.mails import Mail

HERE = Path(__file__).parent
ENGINE = Engine(dirs=[str(HERE / "templates")])
ASSETS = {path.name: path.read_bytes() for path in (HERE / "assets").iterdir()}
ASSET_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
LISTED = 200

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# A mailed page runs no script, has no origin of its own, and loads pictures only from this machine: the shown mail
# tells nobody that it was read. Its links open outside of the frame.
MAILED_SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
MAILED_POLICY = (
    f"sandbox {MAILED_SANDBOX}; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data: http://127.0.0.1:* http://localhost:*; frame-ancestors 'self'; form-action 'none'"
)


def render_list(mails: Sequence[Mail]) -> str:
    """The newest 200 of `mails`, which come newest first."""
    return _render("list.html", mails=mails[:LISTED], count=len(mails), listed=LISTED)


def render_mail(mail: Mail) -> str:
    events = json.dumps(mail.events, indent=2, ensure_ascii=False)
    return _render("mail.html", mail=mail, events=events, sandbox=MAILED_SANDBOX)


def render_mailed_html(html: str) -> str:
    """The HTML part as it was mailed, with its links made to open outside of the frame it is shown in."""
    base = '<base target="_blank">'
    framed, found = re.subn(r"<head(\s[^<>]*)?>", lambda head: head[0] + base, html, count=1, flags=re.IGNORECASE)
    return framed if found else base + html


def _render(template: str, **context: Any) -> str:
    # No localisation: it is the one thing here that would ask for Django's settings.
    return ENGINE.get_template(template).render(Context(context, use_l10n=False, use_tz=False))
