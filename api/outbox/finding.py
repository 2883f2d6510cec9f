"""Finding jobs: by their number, or by what they are about."""

from django.db.models import QuerySet

from api.outbox.models import Job
from api.search.found import Found, found_by, found_by_id
from api.search.terms import Term


def find_jobs(term: Term, rows: QuerySet[Job]) -> Found:
    if term.number is not None:
        return found_by_id(rows, term.number)
    if term.uuid is not None:
        return found_by("what it is about", rows.filter(ref_id=term.uuid), is_theirs=False)
    return Found()
