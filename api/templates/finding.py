"""Finding templates, of which there are few: by id, or by a part of their slug or name."""

from django.db.models import Q

from api.search.found import Found, found_by_id
from api.search.terms import Term
from api.templates.models import Template


def find_templates(term: Term) -> Found:
    if term.uuid is not None:
        return found_by_id(Template, term.uuid)
    if not term.is_prefix:
        return Found()
    like = Template.objects.filter(Q(slug__icontains=term.text) | Q(name__icontains=term.text))
    slugs = dict(like.values_list("pk", "slug"))
    exact = frozenset(pk for pk, slug in slugs.items() if slug == term.text.lower())
    return Found(dict.fromkeys(slugs, "slug or name"), exact)
