"""A webhook's body: ids, states and what is the shop's own, nothing that a person wrote. For more, ask for the gift."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any


def write_body(kind: str, *, at: datetime, data: Mapping[str, Any]) -> str:
    return _text({"type": kind, "timestamp": at.isoformat().replace("+00:00", "Z"), "data": data})


def without_shops_own(body: str) -> str:
    """The body of a gift's event with ids and states only."""
    said = json.loads(body)
    return _text({**said, "data": {**said["data"], "order_reference": None, "metadata": {}}})


def gift_of(body: str) -> str | None:
    """The id of the gift that a body is about; None for a test."""
    gift_id: str | None = json.loads(body)["data"].get("gift_id")
    return gift_id


def _text(said: Mapping[str, Any]) -> str:
    return json.dumps(said, separators=(",", ":"), ensure_ascii=False)
