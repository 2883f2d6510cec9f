"""Finding renders: by id, by their gift, by the rendering service's id."""

from django.db.models import QuerySet

from api.rendering.models import Render, RenderCallback
from api.search.found import Found, found_by, found_by_id, gathered
from api.search.terms import Term, with_vendor_id

VENDORS = "renderer's id"


def find_renders(term: Term, rows: QuerySet[Render], *, is_list: bool = False) -> Found:
    """In their own list they are found by their gift's id too."""
    if term.uuid is not None:
        found = found_by_id(rows, term.uuid) or found_by(VENDORS, rows.filter(provider_id=str(term.uuid)))
        return found or (found_by("gift's id", rows.filter(gift_id=term.uuid)) if is_list else found)
    return gathered(term, with_vendor_id(rows, VENDORS, term), identifying=frozenset({VENDORS}))


def find_callbacks(term: Term, rows: QuerySet[RenderCallback]) -> Found:
    return Found() if term.uuid is None else found_by("render's id", rows.filter(render_id=term.uuid))
