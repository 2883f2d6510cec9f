"""The columns that a campaign's sheet has, and what a row of it says about its gift."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from api.campaigns.models import Campaign
from api.sheets.reading import Column

FIELD = "fields."
FORGOTTEN_KEY = "erased:"
# As spreadsheets and people write a time: a blank for the T, no seconds.
WALL = re.compile(r"(\d{4}-\d{2}-\d{2})[ T](\d{1,2}):(\d{2})(:\d{2}(?:\.\d+)?)?(.*)", re.DOTALL)
PERSONAL = ("sender_name", "sender_email", "message")
DEFAULTED = (*PERSONAL, "deliver_at", "timezone")
# An error's place in a gift, and the column that it came from.
PLACES = {
    "sender.name": "sender_name",
    "sender.email": "sender_email",
    "recipient.name": "recipient_name",
    "recipient.email": "recipient_email",
    "order.reference": "order_reference",
    "message": "message",
    "deliver_at": "deliver_at",
    "timezone": "timezone",
    "metadata.row_key": "row_key",
}


def campaign_columns(scope_id: UUID | None) -> list[Column]:
    campaign = Campaign.objects.select_related("template").get(pk=scope_id or UUID(int=0))
    has = campaign.defaults
    return [
        Column("row_key", is_required=True, help="Yours, and another in each row, such as the order's number."),
        Column("recipient_name", is_required=True),
        Column("recipient_email", is_required=True),
        Column("sender_name", is_required=not has.get("sender_name"), help="Blank: the campaign's."),
        Column("sender_email", is_required=not has.get("sender_email"), help="Blank: the campaign's."),
        Column("message", help="Up to 1,000 characters. Blank: the campaign's."),
        Column("order_reference"),
        Column("deliver_at", help="Such as 2026-12-24 21:00, in the row's time zone. Blank: the campaign's."),
        Column("timezone", help="Such as Australia/Sydney. Blank: the campaign's."),
        *(
            Column(f"{FIELD}{field['name']}", is_required=field["required"], help=field["label"])
            for field in campaign.template.fields
        ),
    ]


def content_of(campaign: Campaign, row: Mapping[str, str]) -> dict[str, Any]:
    """A create's body, as the API takes it, with the campaign's word where the row has none."""
    said = {name: row.get(name, "") or campaign.defaults.get(name, "") for name in DEFAULTED}
    fields = {name.removeprefix(FIELD): value for name, value in row.items() if name.startswith(FIELD) and value}
    body: dict[str, Any] = {
        "template": campaign.template.slug,
        "sender": {"name": said["sender_name"], "email": said["sender_email"]},
        "recipient": {"name": row.get("recipient_name", ""), "email": row.get("recipient_email", "")},
        "message": said["message"],
        "fields": fields,
        "metadata": {"campaign": campaign.name, "row_key": row.get("row_key", "")},
    }
    if reference := row.get("order_reference", ""):
        body["order"] = {"required": False, "reference": reference}
    if said["timezone"]:
        body["timezone"] = said["timezone"]
    if said["deliver_at"]:
        body["deliver_at"] = instant(said["deliver_at"])
    return body


def instant(text: str) -> str:
    """RFC 3339 of what people write; anything else is left for the gift's own rules to refuse."""
    found = WALL.fullmatch(text.strip())
    if found is None:
        return text
    day, hour, minute, seconds, offset = found.groups()
    return f"{day}T{hour:0>2}:{minute}{seconds or ':00'}{offset.strip()}"


def column_of(place: str) -> str:
    """Empty for what no column says: then it is about the row, or the campaign."""
    return place if place.startswith(FIELD) else PLACES.get(place, "")


def forgotten_key(key: str) -> str:
    """What is kept of an erased row's key."""
    return FORGOTTEN_KEY + hashlib.sha256(key.encode()).hexdigest()


def known_as(key: str) -> list[str]:
    """What a row's gift is kept under: its key, or what is left of it."""
    return [key, forgotten_key(key)]


def row_hash(row: Mapping[str, str]) -> str:
    said = {name: value for name, value in row.items() if value}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
