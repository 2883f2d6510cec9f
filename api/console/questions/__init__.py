"""The questions that Giftflick comes with: a file each, whose first lines say what it asks.

`-- name:`, `-- description:` and `-- personal: yes` come first and are no part of the statement.
"""

import re
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
HEAD = re.compile(r"-- (\w+): (.*)")
OURS = ("name", "description", "personal")


def read_questions() -> dict[str, dict[str, Any]]:
    """By their names in the repository: what `services.Draft` wants."""
    return {file.stem: _read(file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("*.sql"))}


def _read(text: str) -> dict[str, Any]:
    lines = text.splitlines()
    head = {}
    while (match := HEAD.fullmatch(lines[0])) and match[1] in OURS:
        head[match[1]] = match[2]
        del lines[0]
    return {
        "name": head["name"],
        "description": head["description"],
        "sql": "\n".join(lines),
        "needs_pii": head.get("personal") == "yes",
        "is_shared": True,
    }
