"""Finding renders: by id, by their gift, by the rendering service's id."""

from api.rendering.models import Render, RenderCallback
from api.search.found import Found, found_by, gathered
from api.search.terms import Term, with_vendor_id

VENDORS = "renderer's id"


def find_renders(term: Term, *, is_list: bool = False) -> Found:
    """In their own list they are found by their gift's id too."""
    if term.uuid is not None:
        found = found_by("id", _keys(pk=term.uuid)) or found_by(VENDORS, _keys(provider_id=str(term.uuid)))
        return found or (found_by("gift's id", _keys(gift_id=term.uuid)) if is_list else found)
    return gathered(term, with_vendor_id(Render.objects.all(), VENDORS, term), identifying=frozenset({VENDORS}))


def find_callbacks(term: Term) -> Found:
    if term.uuid is None:
        return Found()
    callbacks = RenderCallback.objects.filter(render_id=term.uuid).order_by("-pk")
    return found_by("render's id", callbacks.values_list("pk", flat=True))


def _keys(**lookup: object) -> list[object]:
    return list(Render.objects.filter(**lookup).order_by("-pk").values_list("pk", flat=True))
