"""Finding shops and their keys, of which there are thousands at most."""

from django.db.models import Q

from accounts.models import Account, ApiKey
from api.search.found import Found, found_by_id
from api.search.terms import MANY, Term


def find_accounts(term: Term) -> Found:
    """By id, by a part of the name, by the beginning of the address."""
    if term.uuid is not None:
        return found_by_id(Account, term.uuid)
    if not term.is_prefix:
        return Found()
    like = Account.objects.filter(Q(name__icontains=term.text) | Q(email__istartswith=term.text)).order_by("name")
    names = dict(like.values_list("pk", "name")[:MANY])
    exact = frozenset(pk for pk, name in names.items() if name.lower() == term.text.lower())
    return Found(dict.fromkeys(names, "name or e-mail"), exact, is_cut=len(names) == MANY)


def find_keys(term: Term, *, is_list: bool = False) -> Found:
    """By id, also as a whole key tells it; in their own list by name and shop too."""
    found = found_by_id(ApiKey, term.key_id) if term.key_id else Found()
    if found or not is_list or not term.is_prefix:
        return found
    like = ApiKey.objects.filter(Q(name__icontains=term.text) | Q(account__name__icontains=term.text))
    return Found(dict.fromkeys(like.order_by("pk").values_list("pk", flat=True)[:MANY], "name or shop"))
