"""Finding templates, of which there are few: by id, or by a part of their slug or name."""

from django.db.models import Q, QuerySet

from api.search.found import Found, found_by_id, found_in
from api.search.terms import Term
from api.templates.models import Template


def find_templates(term: Term, rows: QuerySet[Template]) -> Found:
    if term.uuid is not None:
        return found_by_id(rows, term.uuid)
    if not term.is_prefix:
        return Found()
    fits = Q(slug__icontains=term.text) | Q(name__icontains=term.text)
    return found_in(rows, "slug or name", fits, same=Q(slug__iexact=term.text), order="slug")
