"""The job table for founders: what is stuck, and trying it again."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from api.outbox.finding import find_jobs
from api.outbox.models import Job
from api.outbox.services import forget_dead, revive
from giftflick.admin import ReadOnlyAdmin, StateFilter, moment, state
from giftflick.admin_search import SearchByIndex


@admin.register(Job)
class JobAdmin(SearchByIndex, ReadOnlyAdmin):
    find = staticmethod(find_jobs)
    list_display = ["id", "kind", state("state"), moment("run_at"), "attempts", "last_error", "ref_id"]
    list_filter = [("state", StateFilter), "kind"]
    search_help_text = "A job's number, or the id of the render, mail or upload that it is about."
    ordering = ["-id"]
    exclude = ["lease_token"]
    actions = ["try_again", "forget"]

    @admin.action(description="Try dead jobs again", permissions=["operate"])
    def try_again(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        revived = revive(list(jobs.values_list("pk", flat=True)), now=timezone.now())
        messages.success(request, f"Will be tried again: {revived}. Jobs that are not dead were left alone.")

    @admin.action(description="Forget dead jobs: what they were to do stays undone", permissions=["operate"])
    def forget(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        forgotten = forget_dead(list(jobs.values_list("pk", flat=True)))
        messages.success(request, f"Forgotten: {forgotten}. Jobs that are not dead were left alone.")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("api.change_job")
