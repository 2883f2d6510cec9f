"""The kinds of sheets that founders may take in at any time; a campaign's gifts are registered by the campaigns."""

from collections.abc import Mapping

from api.sheets.kinds import SheetKind, register_kind
from api.sheets.reading import Column
from api.suppressions.addresses import HIDDEN, address_hash

OURS = "It is made by Giftflick, and ignored here."


def suppression_key(row: Mapping[str, str]) -> str:
    """The address' hash, so that it is named nowhere."""
    address, given = row.get("address", ""), row.get("address_sha256", "").lower()
    return given if HIDDEN in address or not address else address_hash(address)


def _ignored(*names: str) -> list[Column]:
    return [Column(name, is_read=False, help=OURS) for name in names]


ACCOUNTS = register_kind(
    SheetKind(
        name="accounts",
        title="Shops",
        one="shop",
        key_of=lambda row: row.get("id") or row.get("name", ""),
        columns=lambda _scope: [
            Column("id", help="Of a shop that is there; leave it blank to go by the name, or to open a new one."),
            Column("name", is_required=True, help="How the shop is called; no two have the same name."),
            Column("email", is_required=True, help="Where the shop hears from us."),
            Column("order_gate", help="always: every gift waits for its order to be paid. per_gift: each gift says."),
            Column("requests_per_minute", help="Calls a minute for each key; 600 if blank."),
            Column("mails_per_day", help="Gift mails a day; 2000 if blank."),
            Column("domains", help="Where its products live, separated by commas; blank for anywhere."),
            Column("origins", help="Its pages that call the API from a browser, separated by commas."),
            *_ignored("created_at", "suspended_at"),
        ],
        resource="api.sheets.resources.accounts:AccountResource",
        permission="api.import_data",
    )
)

TEMPLATES = register_kind(
    SheetKind(
        name="templates",
        title="Templates",
        one="template",
        key_of=lambda row: row.get("slug", ""),
        columns=lambda _scope: [
            Column("slug", is_required=True, help="Small letters, digits and hyphens; shops know it by this name."),
            Column("name", is_required=True),
            Column("occasion", is_required=True, help="Such as birthday."),
            Column("description"),
            Column("aspect_ratio", help="16:9, 9:16 or 1:1; 16:9 if blank."),
            Column("duration_s", is_required=True, help="About how many seconds the film has."),
            Column("fields", is_required=True, help="JSON, as on the template's page."),
            Column("theme", is_required=True, help="JSON."),
            Column("scenes", is_required=True, help="JSON."),
            *_ignored("id", "status", "created_at", "updated_at"),
        ],
        resource="api.sheets.resources.templates:TemplateResource",
        permission="api.import_data",
    )
)

SUPPRESSIONS = register_kind(
    SheetKind(
        name="suppressions",
        title="Suppressions",
        one="address",
        key_of=suppression_key,
        columns=lambda _scope: [
            Column("address", is_required=True, help="The e-mail address that is not to be mailed."),
            Column("address_sha256", help="Only for masked addresses, as an export has them."),
            Column("reason", help="asked, complained, bounced or by_hand; by_hand if blank."),
            *_ignored("id", "source", "created_at"),
        ],
        resource="api.sheets.resources.suppressions:SuppressionResource",
        permission="api.import_data",
        shows_key=False,
    )
)
