"""Finding uploads: by id."""

from django.db.models import QuerySet

from api.media.models import Upload
from api.search.found import Found, found_by_id
from api.search.terms import Term


def find_uploads(term: Term, rows: QuerySet[Upload]) -> Found:
    return Found() if term.uuid is None else found_by_id(rows, term.uuid)
