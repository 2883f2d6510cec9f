"""Finding gifts by what somebody has of them: an id, a watch link's token, an address, a name, an order's reference."""

from django.db.models import QuerySet
from django.db.models.expressions import Combinable

from api.gifts.models import Gift
from api.search.found import Found, found_by, found_by_id, gathered
from api.search.terms import Term, begins_with, last_word

ORDER = "order reference"

Fields = dict[str, str | Combinable]

ADDRESSES: Fields = {"recipient's e-mail": "recipient_email", "sender's e-mail": "sender_email"}
NAMES: Fields = {
    "recipient's name": "recipient_name",
    "sender's name": "sender_name",
    "recipient's last name": last_word("recipient_name"),
    "sender's last name": last_word("sender_name"),
}


def find_gifts(term: Term, rows: QuerySet[Gift]) -> Found:
    """Of all shops and both modes. Each look-up is a step or a short stretch in an index, whatever is typed."""
    if term.uuid is not None and (found := found_by_id(rows, term.uuid)):
        return found
    if term.token and (found := found_by("watch link", rows.filter(token=term.token))):
        return found
    if not term.is_prefix:
        return Found()
    if term.is_address:
        return gathered(term, begins_with(term.text, _in(rows, ADDRESSES)))
    if term.uuid is not None:
        fields: Fields = {}  # nobody is named so; a shop's order may be
    else:
        fields = NAMES if " " in term.text else {**ADDRESSES, **NAMES}
    ordered = rows.exclude(order_reference="")  # as the index says it
    looked_up = {ORDER: (ordered, "order_reference"), **_in(rows, fields)}
    return gathered(term, begins_with(term.text, looked_up), identifying=frozenset({ORDER}))


def _in(rows: QuerySet[Gift], fields: Fields) -> dict[str, tuple[QuerySet[Gift], str | Combinable]]:
    return {what: (rows, field) for what, field in fields.items()}
