"""The questions that Giftflick comes with: a file each, whose first lines say what it asks and with which parameters.

`-- name:`, `-- description:` and `-- personal: yes` come first, then `-- parameter: type = default, label`.
"""

import re
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
HEAD = re.compile(r"-- (\w+): (.*)")
DECLARED = re.compile(r"(?P<type>\w+)(?: =(?P<default>[^,]*))?, (?P<label>.+)")
OURS = ("name", "description", "personal")


def read_questions() -> dict[str, dict[str, Any]]:
    """By their names in the repository: what `services.Draft` wants."""
    return {file.stem: _read(file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("*.sql"))}


def _read(text: str) -> dict[str, Any]:
    head, declared = {}, []
    lines = text.splitlines()
    while match := HEAD.fullmatch(lines[0]):
        name, value = match[1], match[2]
        if name in OURS:
            head[name] = value
        elif told := DECLARED.fullmatch(value):
            parts = {part: (told[part] or "").strip() for part in ("type", "default", "label")}
            declared.append({"name": name, **parts})
        del lines[0]
    return {
        "name": head["name"],
        "description": head["description"],
        "sql": "\n".join(lines),
        "declared": declared,
        "needs_pii": head.get("personal") == "yes",
        "is_shared": True,
    }
