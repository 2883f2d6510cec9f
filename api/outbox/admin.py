"""The job table for founders: what is stuck, and trying it again."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from api.outbox import pages
from api.outbox.models import Job, JobState
from api.outbox.services import forget_dead, revive
from api.outbox.wording import job_words
from giftflick.admin import About, Button, ReadOnlyAdmin, StateFilter, moment, named, state, words
from giftflick.admin_parts import when

# Whose page shows what a kind of job is about: its id is that row's.
ABOUT = {
    "render": ("The render", "api_render_change"),
    "film": ("The render", "api_render_change"),
    "mail": ("The mail", "api_message_change"),
    "upload": ("The upload", "api_upload_change"),
    "webhook": ("The delivery", "api_webhookdelivery_change"),
}


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ["id", "kind", state("state"), moment("run_at"), "attempts", "last_error", "ref_id"]
    list_filter = [("state", StateFilter), "kind"]
    search_fields = ["=ref_id"]
    search_help_text = "The id of the render, mail or upload that a job is about."
    ordering = ["-id"]
    fields = [
        words("state"),
        (named("kind", "job"), named("ref_id", "about")),
        named("last_error", "last error"),
        (named("attempts", "tries"), named("run_at", "due", when), named("lease_until", "held until", when)),
        (named("created_at", "written", when), named("finished_at", "ended", when)),
        (named("request_id", "caused by request"), named("dedupe_key", "key against doubles")),
    ]
    actions = ["try_again", "forget"]

    @admin.action(description="Try dead jobs again", permissions=["operate"])
    def try_again(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        revived = revive(list(jobs.values_list("pk", flat=True)), now=timezone.now())
        messages.success(request, f"Will be tried again: {revived}. Jobs that are not dead were left alone.")

    @admin.action(description="Forget dead jobs: what they were to do stays undone", permissions=["operate"])
    def forget(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        forgotten = forget_dead(list(jobs.values_list("pk", flat=True)), now=timezone.now())
        messages.success(request, f"Forgotten: {forgotten}. Jobs that are not dead were left alone.")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(pages.OPERATE)

    def about(self, request: HttpRequest, row: Job) -> About:
        """What it does, what is wrong, and what can be done."""
        deeds = job_words(row.kind)
        is_dead = row.state == JobState.DEAD
        return About(
            lead=f"{deeds[:1].upper()}{deeds[1:]}: {row.get_state_display()}.",
            trouble=row.last_error,
            buttons=[*(_buttons(row) if is_dead and self.has_operate_permission(request) else []), *_links(row)],
        )


def _buttons(job: Job) -> list[Button]:
    return [
        ("Try it again", reverse("admin:job_retry", args=[job.pk]), "primary"),
        ("Forget it", reverse("admin:job_forget", args=[job.pk]), "danger"),
    ]


def _links(job: Job) -> list[Button]:
    known = ABOUT.get(job.kind.partition(".")[0])
    if known is None:
        return []
    label, name = known
    try:
        return [(label, reverse(f"admin:{name}", args=[job.ref_id]), "")]
    except NoReverseMatch:
        return []
