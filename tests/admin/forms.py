"""Forms as the admin shows them: whoever saves one has seen it, and it says what they saw."""

import re
from html import unescape
from typing import Any

from django.test import Client


def stamps(page: str) -> str:
    """What a form carries besides its fields."""
    found = re.search(r'name="_stamps" value="([^"]*)"', page)
    assert found is not None
    return unescape(found[1])


def opened(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return stamps(answer.content.decode())


def save(client: Client, path: str, form: dict[str, Any], **how: Any) -> Any:
    """Open the form and save it with these answers."""
    return client.post(path, {"_stamps": opened(client, path), **form}, **how)
