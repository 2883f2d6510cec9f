"""A webhook's body: ids and states, nothing that a person wrote. Whoever wants more asks for the gift."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any


def write_body(kind: str, *, at: datetime, data: Mapping[str, Any]) -> str:
    timestamp = at.isoformat().replace("+00:00", "Z")
    return json.dumps({"type": kind, "timestamp": timestamp, "data": data}, separators=(",", ":"), ensure_ascii=False)
