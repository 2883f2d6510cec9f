"""Finding mails: by id, by their gift, by an address, by SendGrid's id as it or its events tell it."""

from api.delivery.models import MailEvent, Message
from api.search.found import Found, found_by, gathered
from api.search.terms import Term, begins_with, with_vendor_id

VENDORS = "SendGrid's id"


def find_messages(term: Term, *, is_list: bool = False) -> Found:
    """Of all shops. In their own list they are found by their gift's id too."""
    if term.uuid is not None:
        found = found_by("id", _keys(pk=term.uuid))
        return found or (found_by("gift's id", _keys(gift_id=term.uuid)) if is_list else found)
    if term.is_address:
        return gathered(term, begins_with(term.text, {"e-mail": (Message.objects.all(), "to_email")}))
    return gathered(term, with_vendor_id(Message.objects.all(), VENDORS, term), identifying=frozenset({VENDORS}))


def find_mail_events(term: Term) -> Found:
    """By a mail's id or by SendGrid's id of the event itself."""
    if term.uuid is not None:
        return found_by("mail's id", _events(message_id=term.uuid))
    return found_by(VENDORS, _events(sg_event_id=term.text))


def _keys(**lookup: object) -> list[object]:
    return list(Message.objects.filter(**lookup).order_by("-pk").values_list("pk", flat=True))


def _events(**lookup: object) -> list[object]:
    return list(MailEvent.objects.filter(**lookup).order_by("-pk").values_list("pk", flat=True))
