"""Filling a gift from a body whose types are checked: all that depends on the account, the template or the hour."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict
from urllib.parse import urlsplit
from uuid import UUID

from accounts.models import OrderGate
from api.exceptions import FieldError, InvalidFieldError, InvalidFieldsError
from api.gifts.models import Gift
from api.gifts.schedule import Schedule, in_zone, read_schedule
from api.gifts.states import Delivery
from api.media.models import Upload
from api.media.selectors import ready_uploads
from api.templates.selectors import published_templates
from api.templates.services import validate_fields


class Person(TypedDict, total=False):
    name: str
    email: str


class GiftContent(TypedDict, total=False):
    """A create's or a PATCH's body; a PATCH has only what changes."""

    template: str
    occasion: str
    sender: Person
    recipient: Person
    message: str
    fields: dict[str, Any]
    product: dict[str, Any] | None
    media: list[UUID]
    order: dict[str, Any]
    approval: dict[str, Any]
    delivery: str
    deliver_at: str | None
    timezone: str
    metadata: dict[str, str]


@dataclass(frozen=True)
class Filling:
    """A gift, and what it is filled with."""

    gift: Gift
    content: GiftContent
    now: datetime


def fill(gift: Gift, content: GiftContent, *, now: datetime) -> list[Upload] | None:
    """Set what `content` has on `gift`, unsaved; the new media, or None if the media stay.

    Raises InvalidFieldsError with all that is wrong, not just the first.
    """
    filling = Filling(gift, content, now)
    errors: list[FieldError] = []
    uploads: list[Upload] | None = None
    for step in _STEPS:
        try:
            step(filling)
        except InvalidFieldsError as error:
            errors += error.errors
    try:
        uploads = _media(filling)
    except InvalidFieldsError as error:
        errors += error.errors
    if errors:
        raise InvalidFieldsError(errors)
    return uploads


def filmed_content(gift: Gift, media: Sequence[UUID]) -> tuple[object, ...]:
    """What stands in the film: where it differs, another film is needed. The recipient's name is not counted:
    correcting it renders nothing.
    """
    return (gift.template_id, gift.message, gift.fields, gift.product, gift.sender_name, tuple(media))


def _template(filling: Filling) -> None:
    gift, content = filling.gift, filling.content
    if "template" in content:
        template = published_templates().filter(slug=content["template"]).first()
        if template is None:
            raise InvalidFieldError("template", "unknown_template", "There is no published template of this name.")
        gift.template = template
    if "occasion" in content or not gift.occasion:
        gift.occasion = content.get("occasion") or gift.template.occasion
    if "fields" in content or "template" in content:
        gift.fields = validate_fields(gift.template, content.get("fields", gift.fields))


def _people(filling: Filling) -> None:
    gift, content = filling.gift, filling.content
    sender, recipient = content.get("sender", {}), content.get("recipient", {})
    gift.sender_name = sender.get("name", gift.sender_name)
    gift.sender_email = sender.get("email", gift.sender_email)
    gift.recipient_name = recipient.get("name", gift.recipient_name)
    gift.recipient_email = recipient.get("email", gift.recipient_email)
    gift.delivery = content.get("delivery", gift.delivery)
    if gift.delivery == Delivery.EMAIL and not gift.recipient_email:
        raise InvalidFieldError("recipient.email", "required", "A gift that is delivered by e-mail needs an address.")


def _words(filling: Filling) -> None:
    gift, content = filling.gift, filling.content
    gift.message = content.get("message", gift.message)
    gift.metadata = content.get("metadata", gift.metadata)


def _product(filling: Filling) -> None:
    if "product" not in filling.content:
        return
    product = filling.content["product"]
    domains = filling.gift.account.domains
    for name in ("url", "image_url") if product and domains else ():
        host = urlsplit((product or {}).get(name, "")).hostname
        if host and not any(host == domain or host.endswith(f".{domain}") for domain in domains):
            raise InvalidFieldError(
                f"product.{name}", "foreign_domain", "This address is not on one of the shop's domains."
            )
    filling.gift.product = product


def _gates(filling: Filling) -> None:
    """Asking for a gate by its object is enough; an account's own gate stays whatever the gift says."""
    gift, content = filling.gift, filling.content
    if "order" in content:
        order = content["order"]
        gift.order_required = order.get("required", True) or gift.account.order_gate == OrderGate.ALWAYS
        gift.order_reference = order.get("reference", gift.order_reference)
    if "approval" in content:
        gift.approval_required = content["approval"].get("required", True)


def _schedule(filling: Filling) -> None:
    gift, content, now = filling.gift, filling.content, filling.now
    zone = content.get("timezone", gift.timezone)
    if "deliver_at" in content:
        schedule = read_schedule(content["deliver_at"], zone, now=now)
    elif "timezone" in content:
        schedule = in_zone(Schedule(gift.deliver_at, gift.deliver_wall, gift.timezone), zone, now=now)
    else:
        return
    gift.deliver_at, gift.deliver_wall, gift.timezone = schedule.at, schedule.wall, schedule.zone


def _media(filling: Filling) -> list[Upload] | None:
    if "media" not in filling.content:
        return None
    ids = filling.content["media"]
    ready = ready_uploads(filling.gift.account_id, livemode=filling.gift.livemode, ids=ids)
    errors = [
        FieldError(f"media.{position}", "not_ready", "There is no finished upload with this id.")
        for position, wanted in enumerate(ids)
        if wanted not in ready
    ]
    if len(set(ids)) < len(ids):
        errors.append(FieldError("media", "duplicate", "An upload can stand in a gift once."))
    if errors:
        raise InvalidFieldsError(errors)
    return [ready[wanted] for wanted in ids]


_STEPS: tuple[Callable[[Filling], None], ...] = (_template, _people, _words, _product, _gates, _schedule)
