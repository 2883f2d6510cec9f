"""The job table for founders: what is stuck, and trying it again."""

from django.contrib import admin
from django.http import HttpRequest

from api.outbox import bulk
from api.outbox.models import Job
from giftflick.admin import ReadOnlyAdmin, StateFilter, moment, state
from giftflick.admin_bulk import bulk_action
from giftflick.admin_filters import one_of

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


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ["id", "kind", state("state"), moment("run_at"), "attempts", "last_error", "ref_id"]
    list_filter = [("state", StateFilter), one_of("kind")]
    search_fields = ["=ref_id"]
    search_help_text = "The id of the render, mail or upload that a job is about."
    ordering = ["-id"]
    exclude = ["lease_token"]
    actions = ACTIONS

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("api.operate_job")
