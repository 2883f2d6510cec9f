"""Uploads for founders."""

from django.contrib import admin

from api.media.models import Upload
from giftflick.admin import ReadOnlyAdmin, StateFilter, facts, moment, state
from giftflick.admin_filters import RowFilter, one_of


@admin.register(Upload)
class UploadAdmin(ReadOnlyAdmin):
    list_display = [moment("created_at"), state("status"), "content_type", "size", "account", "livemode"]
    list_filter = [
        ("status", StateFilter),
        ("account", RowFilter),
        one_of("content_type"),
        "livemode",
    ]
    list_select_related = ["account"]
    search_fields = ["=id"]
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
