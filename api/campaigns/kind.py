"""Gifts as a kind of sheet."""

from api.campaigns.columns import campaign_columns
from api.sheets.kinds import SheetKind, register_kind

GIFTS = register_kind(
    SheetKind(
        name="gifts",
        title="Gifts",
        one="gift",
        key_of=lambda row: row.get("row_key", ""),
        columns=campaign_columns,
        resource="api.campaigns.resources:GiftResource",
        permission="api.run_campaign",
        has_scope=True,
    )
)
