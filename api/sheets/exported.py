"""What can be taken out: which rows, and which columns; those about persons only for who may have them."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Model, QuerySet

from accounts.models import Account
from api.delivery.models import Message
from api.delivery.states import MessageStatus
from api.gifts.models import Gift
from api.gifts.states import GiftStatus
from api.suppressions.models import Suppression
from api.suppressions.states import SuppressionReason
from api.templates.models import Template, TemplateStatus

Filters = Mapping[str, Any]
Cell = Callable[[Any], object]


@dataclass(frozen=True)
class ExportColumn:
    name: str
    cell: Cell
    is_personal: bool = False


@dataclass(frozen=True)
class ExportKind:
    """`is_dated`: by when they were made; `statuses` what they can be filtered by; `has_shop`: by account and mode."""

    name: str
    title: str
    permission: str
    rows: Callable[[], QuerySet[Any]]
    columns: Sequence[ExportColumn]
    statuses: tuple[str, Sequence[str]] = ("", ())
    is_dated: bool = False
    has_shop: bool = False

    def chosen(self, filters: Filters) -> QuerySet[Model]:
        rows = self.rows()
        field, _ = self.statuses
        if field and filters.get("status"):
            rows = rows.filter(**{field: filters["status"]})
        if self.is_dated and filters.get("since"):
            rows = rows.filter(created_at__gte=_midnight(filters["since"]))
        if self.is_dated and filters.get("before"):
            rows = rows.filter(created_at__lt=_midnight(filters["before"]))
        if self.has_shop and filters.get("account"):
            rows = rows.filter(account=filters["account"])
        if self.has_shop and filters.get("livemode") is not None:
            rows = rows.filter(livemode=filters["livemode"])
        return rows.order_by("pk")


def _midnight(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def cell(value: object) -> str:
    """As a sheet shows it: times to the second, in UTC."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case dict() | list():
            return json.dumps(value, ensure_ascii=False) if value else ""
    return str(value)


def _named(*names: str, is_personal: bool = False) -> list[ExportColumn]:
    return [ExportColumn(name, _getter(name), is_personal) for name in names]


def _getter(name: str) -> Cell:
    return lambda row: getattr(row, name)


def _script(name: str) -> ExportColumn:
    return ExportColumn(name, lambda row: json.dumps(getattr(row, name), ensure_ascii=False))


def _words(name: str) -> ExportColumn:
    return ExportColumn(name, lambda row: ", ".join(getattr(row, name)))


def _part(column: str, name: str, inner: str) -> ExportColumn:
    return ExportColumn(column, lambda row: (getattr(row, name) or {}).get(inner))


SHOP = [
    ExportColumn("account", lambda row: row.account.name),
    *_named("account_id", "livemode"),
]

KINDS: dict[str, ExportKind] = {
    kind.name: kind
    for kind in (
        ExportKind(
            "gifts",
            "Gifts",
            "api.view_gift",
            rows=lambda: Gift.objects.select_related("account", "template"),
            columns=[
                *_named("id"),
                *SHOP,
                *_named("status"),
                ExportColumn("template", lambda gift: gift.template.slug),
                *_named("occasion"),
                *_named("sender_name", "sender_email", "recipient_name", "recipient_email", is_personal=True),
                *_named("message", "fields", "metadata", is_personal=True),
                *_named("order_required", "order_reference", "order_status"),
                *_named("approval_required", "approved_at", "delivery", "deliver_at", "timezone"),
                _part("product", "product", "name"),
                _part("failure", "failure", "code"),
                *_named("watched_percent", "created_at", "submitted_at", "rendered_at", "sent_at", "watched_at"),
                *_named("expires_at", "canceled_at"),
            ],
            statuses=("status", GiftStatus.values),
            is_dated=True,
            has_shop=True,
        ),
        ExportKind(
            "mails",
            "Mails",
            "api.view_message",
            rows=lambda: Message.objects.select_related("account"),
            columns=[
                *_named("id"),
                *SHOP,
                *_named("gift_id", "kind", "status"),
                *_named("to_name", "to_email", is_personal=True),
                _part("failure", "failure", "code"),
                *_named("attempts", "is_possible_double", "provider_id", "created_at", "accepted_at", "reported_at"),
            ],
            statuses=("status", MessageStatus.values),
            is_dated=True,
            has_shop=True,
        ),
        ExportKind(
            "accounts",
            "Shops",
            "accounts.view_account",
            rows=lambda: Account.objects.all(),
            columns=[
                *_named("id", "name"),
                *_named("email", is_personal=True),
                *_named("order_gate", "requests_per_minute", "mails_per_day"),
                _words("domains"),
                _words("origins"),
                *_named("created_at", "suspended_at"),
            ],
        ),
        ExportKind(
            "templates",
            "Templates",
            "api.view_template",
            rows=lambda: Template.objects.all(),
            columns=[
                *_named("id", "slug", "name", "occasion", "description", "status", "aspect_ratio", "duration_s"),
                *(_script(name) for name in ("fields", "theme", "scenes")),
                *_named("created_at", "updated_at"),
            ],
            statuses=("status", TemplateStatus.values),
        ),
        ExportKind(
            "suppressions",
            "Suppressions",
            "api.view_suppression",
            rows=lambda: Suppression.objects.all(),
            columns=[
                *_named("id"),
                ExportColumn("address", lambda row: row.masked),
                *_named("address_sha256", is_personal=True),
                *_named("reason", "source", "created_at"),
            ],
            statuses=("reason", SuppressionReason.values),
            is_dated=True,
        ),
    )
}
