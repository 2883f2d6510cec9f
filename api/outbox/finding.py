"""Finding jobs: by their number, or by what they are about."""

from api.outbox.models import Job
from api.search.found import Found, found_by_id
from api.search.terms import Term


def find_jobs(term: Term) -> Found:
    if term.number is not None:
        return found_by_id(Job, term.number)
    if term.uuid is not None:
        about = Job.objects.filter(ref_id=term.uuid).order_by("-pk").values_list("pk", flat=True)
        return Found(dict.fromkeys(about, "what it is about"))
    return Found()
