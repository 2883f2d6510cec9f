"""Finding shops and their keys, of which there are thousands at most."""

from django.db.models import Q, QuerySet

from accounts.models import Account, ApiKey
from api.search.found import Found, found_by_id, found_in
from api.search.terms import Term


def find_accounts(term: Term, rows: QuerySet[Account]) -> Found:
    """By id, by a part of the name, by the beginning of the address."""
    if term.uuid is not None:
        return found_by_id(rows, term.uuid)
    if not term.is_prefix:
        return Found()
    fits = Q(name__icontains=term.text) | Q(email__istartswith=term.text)
    return found_in(rows, "name or e-mail", fits, same=Q(name__iexact=term.text), order="name")


def find_keys(term: Term, rows: QuerySet[ApiKey], *, is_list: bool = False) -> Found:
    """By id, also as a whole key tells it; in their own list by name and shop too."""
    found = found_by_id(rows, term.key_id) if term.key_id else Found()
    if found or not is_list or not term.is_prefix:
        return found
    fits = Q(name__icontains=term.text) | Q(account__name__icontains=term.text)
    return found_in(rows, "name or shop", fits, order="pk")
