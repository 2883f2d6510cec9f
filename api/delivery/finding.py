"""Finding mails: by id, by their gift, by an address, by SendGrid's id as it or its events tell it."""

from django.db.models import QuerySet

from api.delivery.models import MailEvent, Message
from api.search.found import Found, found_by, found_by_id, gathered
from api.search.terms import Term, begins_with, with_vendor_id

VENDORS = "SendGrid's id"


def find_messages(term: Term, rows: QuerySet[Message], *, is_list: bool = False) -> Found:
    """Of all shops. In their own list they are found by their gift's id too."""
    if term.uuid is not None:
        found = found_by_id(rows, term.uuid)
        return found or (found_by("gift's id", rows.filter(gift_id=term.uuid)) if is_list else found)
    if term.is_address:
        return gathered(term, begins_with(term.text, {"e-mail": (rows, "to_email")}))
    return gathered(term, with_vendor_id(rows, VENDORS, term), identifying=frozenset({VENDORS}))


def find_mail_events(term: Term, rows: QuerySet[MailEvent]) -> Found:
    """By a mail's id or by SendGrid's id of the event itself."""
    if term.uuid is not None:
        return found_by("mail's id", rows.filter(message_id=term.uuid))
    return found_by(VENDORS, rows.filter(sg_event_id=term.text))
