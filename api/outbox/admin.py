"""The job table for founders: what is stuck, and trying it again."""

from uuid import UUID

from django.contrib import admin
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from api.outbox import bulk, pages
from api.outbox.finding import find_jobs
from api.outbox.models import Job, JobState
from api.outbox.wording import job_words
from giftflick.admin import NOTHING, About, Button, ReadOnlyAdmin, StateFilter, moment, named, state, words
from giftflick.admin_bulk import bulk_action
from giftflick.admin_filters import one_of
from giftflick.admin_parts import when
from giftflick.admin_search import SearchByIndex

# Whose page shows what a kind of job is about: its id is that row's.
ABOUT = {
    "render": ("The render", "api_render_change"),
    "film": ("The render", "api_render_change"),
    "mail": ("The mail", "api_message_change"),
    "upload": ("The upload", "api_upload_change"),
    "webhook": ("The delivery", "api_webhookdelivery_change"),
    "campaign": ("The gift", "api_gift_change"),
    "gift": ("The gift", "api_gift_change"),
    "batch": ("The batch", "batch"),
    "sheet": ("The upload", "sheet"),
}

ACTIONS = [
    bulk_action(
        bulk.TRY_AGAIN,
        label="Try dead jobs again",
        consequence="Each gets all its tries once more, beginning now. Jobs that are not dead are left alone.",
        permission="operate",
        label_by="kind",
    ),
    bulk_action(
        bulk.FORGET,
        label="Forget dead jobs",
        consequence="Each is removed, and what it was to do stays undone. This cannot be undone. Jobs that are not "
        "dead are left alone.",
        permission="operate",
        label_by="kind",
        is_dangerous=True,
    ),
]


def _about(ref_id: UUID) -> str:
    return str(ref_id) if ref_id.int else NOTHING


@admin.register(Job)
class JobAdmin(SearchByIndex, ReadOnlyAdmin):
    find = staticmethod(find_jobs)
    list_display = [
        "id",
        "kind",
        state("state"),
        moment("run_at"),
        named("attempts", "tries"),
        "last_error",
        named("ref_id", "about", _about),
    ]
    list_filter = [("state", StateFilter), one_of("kind")]
    search_help_text = "A job's number, or the id of the render, mail or upload that it is about."
    ordering = ["-id"]
    fields = [
        words("state"),
        (named("kind", "job"), named("ref_id", "about")),
        named("last_error", "last error"),
        (named("attempts", "tries"), named("run_at", "due", when), named("lease_until", "held until", when)),
        (named("created_at", "written", when), named("finished_at", "ended", when)),
        (named("request_id", "caused by request"), named("dedupe_key", "key against doubles")),
    ]
    actions = ACTIONS

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
