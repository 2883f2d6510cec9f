"""The site's static files, straight from the code, where AWS has CloudFront and a bucket."""

import mimetypes
import posixpath
from pathlib import Path
from urllib.parse import unquote

from local.gateway.answers import Answer


def find_static(path: str) -> Answer | None:
    """Django, which knows where they are, is loaded for the first one."""
    import django
    from django.apps import apps

    if not apps.ready:
        django.setup()
    from django.contrib.staticfiles import finders
    from django.core.exceptions import SuspiciousFileOperation

    name = posixpath.normpath(unquote(path)).lstrip("/")
    try:
        found = finders.find(name)
    except (SuspiciousFileOperation, ValueError):
        return None
    if not isinstance(found, str) or not Path(found).is_file():
        return None
    content_type = mimetypes.guess_type(found)[0] or "application/octet-stream"
    return Answer(200, Path(found).read_bytes(), {"Content-Type": content_type})
