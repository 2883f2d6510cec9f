"""Uploads for founders."""

from django.contrib import admin

from api.media.finding import find_uploads
from api.media.models import Upload
from giftflick.admin import ReadOnlyAdmin, StateFilter, facts, moment, state
from giftflick.admin_search import SearchByIndex


@admin.register(Upload)
class UploadAdmin(SearchByIndex, ReadOnlyAdmin):
    find = staticmethod(find_uploads)
    list_display = [moment("created_at"), state("status"), "content_type", "size", "account", "livemode"]
    list_filter = [("status", StateFilter), "content_type", "livemode", "account"]
    list_select_related = ["account"]
    search_help_text = "An upload's id."
    ordering = ["-id"]
    fields = [
        "id",
        ("account", "livemode"),
        "status",
        facts("failure"),
        ("filename", "content_type", "size"),
        "key",
        (moment("created_at"), moment("completed_at")),
        (moment("expires_at"), moment("removed_at")),
    ]
