"""What can be done to a dead job: `/admin/jobs/{id}/retry/` and `/forget/`."""

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from accounts.reauthentication import fresh_sign_in
from api.exceptions import InvalidStateError
from api.outbox.models import Job
from api.outbox.services import forget_dead, revive
from api.outbox.wording import job_words
from giftflick.admin_confirm import Question, ask
from giftflick.admin_pages import page

OPERATE = "api.operate_job"
NOT_DEAD = "This job is not dead any more: there is nothing to do."


@page("jobs/<int:pk>/retry/", name="job_retry", permission=OPERATE)
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    job = _job(pk)

    def act() -> str:
        if not revive([pk], now=timezone.now()):
            raise InvalidStateError(NOT_DEAD)
        return "It will be tried again within a minute."

    says = [f"The job to {job_words(job.kind)} gets all its tries again, the first within a minute."]
    return _ask(request, job, "Try it again", says, act, back=reverse("admin:api_job_change", args=[pk]))


@page("jobs/<int:pk>/forget/", name="job_forget", permission=OPERATE)
@fresh_sign_in
def forget(request: HttpRequest, pk: int) -> HttpResponse:
    job = _job(pk)

    def act() -> str:
        if not forget_dead([pk], now=timezone.now()):
            raise InvalidStateError(NOT_DEAD)
        return "Forgotten."

    says = [f"The job to {job_words(job.kind)} is removed from the list."]
    final = "What it was to do stays undone."
    return _ask(request, job, "Forget it", says, act, back=reverse("admin:api_job_changelist"), final=final)


def _ask(
    request: HttpRequest, job: Job, title: str, says: list[str], act: Callable[[], str], *, back: str, final: str = ""
) -> HttpResponse:
    about = f"Job {job.pk}: {job.last_error or 'no error was noted'}"
    question = Question(title, about, says, title, back, final=final, is_dangerous=bool(final), row=job)
    return ask(request, question, lambda _answers, _version: act())


def _job(pk: int) -> Job:
    job = Job.objects.filter(pk=pk).first()
    if job is None:
        raise Http404("There is no job with this id.")
    return job
