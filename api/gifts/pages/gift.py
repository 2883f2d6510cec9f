"""A gift's page: its whole story on one screen, and what can be done about it."""

from typing import Any
from uuid import UUID

from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from api.audit.models import AuditEntry
from api.delivery.content import price_words, web_address
from api.gifts.models import Gift, GiftEvent
from api.gifts.pages import next_step, story
from api.gifts.pages.buttons import offered
from api.gifts.selectors import events_of
from api.gifts.serializers import watch_url
from api.gifts.situation import Situation, look_at
from api.gifts.states import ENDED, OPENABLE, GiftStatus
from api.viewing.models import Thanks
from api.webhooks.selectors import deliveries_about
from giftflick.admin_films import film_of
from giftflick.admin_pages import show
from giftflick.admin_parts import badge, folded, in_zone, moment_words, when

SHOWN = 8  # of the timeline; the rest is folded
AT_FIRST = 25  # and what is older than these has an address of its own
ALL_AT_MOST = 1000
AUDITED = 20
TOLD = 50


def show_gift(request: HttpRequest, pk: UUID) -> HttpResponse | None:
    """None if there is no such gift. The number of queries is the same whatever it has been through."""
    gift = Gift.objects.select_related("account", "template", "film").filter(pk=pk).first()
    if gift is None:
        return None
    situation = look_at(gift, now=timezone.now())
    prefetch_related_objects(situation.messages, "events")
    title = f"{gift.sender_name or 'Somebody'} → {gift.recipient_name or 'somebody'}"
    parts = {**_header(request, situation), **_story(request, situation)}
    return show(request, "admin/gifts_gift.html", title, opts=Gift._meta, original=gift, **parts)  # noqa: SLF001 - documented


def _header(request: HttpRequest, situation: Situation) -> dict[str, Any]:
    gift, leading = situation.gift, _leading(situation)
    buttons = [
        (one.page, one.label_for(situation), "primary" if one.name == leading else one.looks)
        for one in offered(situation, request)
    ]
    return {
        "gift": gift,
        "state": badge(gift.status),
        "explained": gift.get_status_display(),
        "said": next_step.whats_next(situation),
        "tone": next_step.tone(situation),
        "buttons": sorted(buttons, key=lambda button: ("primary", "", "danger").index(button[2])),
        "film": film_of(gift.film, now=situation.now) if gift.film and gift.status not in ENDED else None,
        "watch_url": watch_url(gift) if gift.status in OPENABLE and request.user.has_perm("api.operate_gift") else "",
        "people": _people(gift),
        "facts": _facts(situation),
        "product": _product(gift),
        "folds": _folds(gift),
        "times": _times(gift),
    }


def _leading(situation: Situation) -> str:
    """The button that is most likely looked for, if there is one."""
    if situation.status == GiftStatus.FAILED:
        return "render"
    if situation.stuck:
        return "retry"
    if situation.status == GiftStatus.BOUNCED:
        return "resend" if situation.may_resend else "correct"
    return "paid" if situation.may_mark_paid else "approve" if situation.may_approve else ""


def _story(request: HttpRequest, situation: Situation) -> dict[str, Any]:
    gift, may = situation.gift, request.user.has_perm
    shows_all = request.GET.get("all") == "1"
    events = list(events_of(gift.pk).order_by("-at")[: ALL_AT_MOST if shows_all else AT_FIRST + 1])
    has_more = not shows_all and len(events) > AT_FIRST
    events = events[:AT_FIRST] if has_more else events
    entries = _entries(gift) if may("api.view_auditentry") else None
    names = story.names_of([*(event.actor for event in events), *(entry.actor for entry in entries or ())])
    timeline = story.timeline(events, names, zone=gift.timezone)
    shown = len(timeline) if shows_all else SHOWN
    return {
        "timeline": timeline,
        "shown": f":{shown}",
        "older": timeline[shown:],
        "has_more": has_more,
        "files": story.files(situation.media),
        "thanks": [(when(one.created_at), one.message) for one in Thanks.objects.filter(gift=gift).order_by("id")],
        "mails": story.mails(situation) if may("api.view_message") else None,
        "videos": story.videos(situation) if may("api.view_render") else None,
        "jobs": story.jobs(situation) if may("api.view_job") else None,
        "told": _told(events) if may("api.view_webhookdelivery") else None,
        "audited": None if entries is None else story.audited(entries, names),
    }


def _entries(gift: Gift) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(object_type="gift", object_id=str(gift.pk)).order_by("-id")[:AUDITED])


def _told(events: list[GiftEvent]) -> list[story.Line]:
    """Of the events that the timeline shows."""
    return story.told(deliveries_about([event.pk for event in events])[:TOLD])


def _people(gift: Gift) -> list[tuple[str, str, str]]:
    return [("From", gift.sender_name, gift.sender_email), ("To", gift.recipient_name, gift.recipient_email)]


def _facts(situation: Situation) -> list[tuple[str, Any]]:
    gift = situation.gift
    facts: list[tuple[str, Any]] = [
        ("Delivery", gift.get_delivery_display()),
        ("Order", _order(gift)),
        ("Approval", _approval(gift)),
    ]
    if gift.deliver_at:
        facts.append(("To arrive", moment_words(gift.deliver_at, gift.timezone)))
    if gift.bounced_email:
        facts.append(("Came back from", gift.bounced_email))
    if gift.watched_percent:
        facts.append(("Watched", f"{gift.watched_percent} % of the video"))
    if gift.expires_at and not gift.ended_at:
        facts.append(("Video kept until", moment_words(gift.expires_at)))
    return facts


def _order(gift: Gift) -> str:
    reference = f"{gift.order_reference}, " if gift.order_reference else ""
    return f"{reference}{gift.order_status}" if gift.order_required else f"{reference}not waited for"


def _approval(gift: Gift) -> str:
    if gift.approved_at:
        return f"given {moment_words(gift.approved_at)}"
    return "waited for" if gift.approval_required else "not waited for"


def _product(gift: Gift) -> dict[str, str] | None:
    """Links only: a picture from the shop's host would tell it who looks."""
    product = gift.product
    if not isinstance(product, dict):
        return None
    return {
        "name": str(product.get("name", "")),
        "price": price_words(product.get("price")),
        "url": web_address(product.get("url")),
        "image_url": web_address(product.get("image_url")),
    }


def _folds(gift: Gift) -> list[Any]:
    parts = (("Template fields", gift.fields), ("The shop's own notes (metadata)", gift.metadata))
    return [folded(value, name=name) for name, value in (*parts, ("Failure", gift.failure)) if value]


MOMENTS = {
    "created_at": "Created",
    "updated_at": "Last changed",
    "submitted_at": "Handed in",
    "rendered_at": "Video ready",
    "approved_at": "Approved",
    "deliver_at": "To arrive",
    "due_at": "Next looked at",
    "sent_at": "Sent",
    "watched_at": "Watched",
    "expires_at": "Video kept until",
    "canceled_at": "Canceled",
    "ended_at": "Over",
    "forgotten_at": "Erased",
}


def _times(gift: Gift) -> list[tuple[str, Any, str]]:
    known = [(label, getattr(gift, name)) for name, label in MOMENTS.items()]
    return [(label, when(at, is_exact=True), in_zone(at, gift.timezone)) for label, at in known if at]
