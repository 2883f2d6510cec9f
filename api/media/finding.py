"""Finding uploads: by id."""

from api.media.models import Upload
from api.search.found import Found, found_by_id
from api.search.terms import Term


def find_uploads(term: Term) -> Found:
    return Found() if term.uuid is None else found_by_id(Upload, term.uuid)
